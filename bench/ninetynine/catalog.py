"""Finds architectures and reads what they state, without running a line of them.

Where their files lie is told in :mod:`ninetynine.places`.  A broken file is an error wherever it
comes from: a plug-in that silently vanished from a table would be worse than a line that names the
distribution to mend or uninstall.
"""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from ninetynine import grid
from ninetynine.errors import UserError, nearest
from ninetynine.places import Place, all_versions_of, own_module, places, sent_place, versions_of
from ninetynine.programs import Program
from ninetynine.recipe import (
    OF_A_PROGRAM,
    Recipe,
    Strict,
    in_words,
    parse,
    parse_recipe,
    plain,
    vocabulary,
)
from ninetynine.sources import (
    Source,
    arguments_of,
    assigned,
    defines,
    imported_from_elsewhere,
    read_source,
    source_hash,
    with_helpers,
)


class Claim(Strict):
    """A figure that the source publishes for this model and recipe."""

    id: str = Field(min_length=1, description="a short name of the source such as 'A1'")
    metric: Literal[
        "test_accuracy",
        "test_loss",
        "train_accuracy",
        "train_loss",
        "validation_accuracy",
        "validation_loss",
    ] = Field(description="a measure such as 'test_accuracy' or 'test_loss'")
    value: float = Field(ge=0, description="a number; accuracies are shares, 0.9799 for 97.99%")
    digits: int = Field(ge=0, description="the number of decimals of value that were published")
    dataset: str = Field(min_length=1, description="the name of a dataset such as 'mnist'")
    source: str = Field("", description="where the figure stands, in words")
    note: str = Field("", description="its conditions, in words")

    @model_validator(mode="after")
    def _accuracy_is_a_share(self) -> Self:
        if self.metric.endswith("accuracy") and self.value > 1:
            raise ValueError(f"{self.metric} is {self.value}; expected a share, 0.9799 for 97.99%")
        return self


@dataclass(frozen=True)
class Architecture:
    """A model with its recipe: what a file states, or a variant of one.

    A variant has the code of its file, a recipe of its own, and perhaps arguments for ``build``.
    """

    name: str  # the file's name without ".py", or the variant's own
    path: Path
    module: str | None  # the dotted import name; None for a file named on the command line
    origin: str  # of the file: "built in", "--architecture FILE" or "entry point of DISTRIBUTION"
    docstring: str
    recipe: Recipe
    claims: tuple[Claim, ...]
    parameters: int | None  # as stated for images of (28, 28, 1) and ten classes
    source_hash: str
    source_files: Mapping[str, str]  # path below an import folder -> text, helper modules included
    source_paths: tuple[Path, ...] = ()  # of the same files, where they lie
    accepts: Mapping[str, bool] | None = None  # build's own arguments; True: required; None: any
    arguments: Mapping[str, Any] = field(default_factory=dict)  # given to build, plain data
    base: str = ""  # the name of a variant's file
    program: Program | None = None  # which has no build: it runs by itself
    # Of a file with a function train(dataset, seed) in place of build: what it computes with.
    trains_with: Mapping[str, str] | None = None
    stated_in: str = ""  # where a variant is: "suite /path/of/file.toml"; else in the command

    @property
    def trains_itself(self) -> bool:
        """Whether it is a program or a function that trains, without ``build`` and recipe."""
        return self.program is not None or self.trains_with is not None

    @property
    def file_name(self) -> str:
        """The name of its file without ".py"."""
        return self.base or self.name

    @property
    def place(self) -> str:
        """Where it is stated, in words."""
        if self.program is not None:
            return f"a program of {self.stated_in}"
        if self.base:
            return f"a variant of {self.base} in {self.stated_in or 'the command'}"
        return f"{self.path} ({self.origin})"

    @property
    def summary(self) -> str:
        """The docstring's first line."""
        return self.docstring.partition("\n")[0].strip()

    @property
    def source(self) -> str:
        """The docstring's ``Source:`` paragraph, or ""."""
        return _paragraph(self.docstring, "Source")

    @property
    def deviations(self) -> str:
        """The docstring's ``Deviations:`` paragraph, or ""."""
        return _paragraph(self.docstring, "Deviations")

    def is_same_as(self, other: "Architecture") -> bool:
        """Return whether both train the same code with the same recipe and arguments."""
        same = self.recipe == other.recipe and self.arguments == other.arguments
        same = same and self.program == other.program
        return same and self.path.samefile(other.path)

    def varied(
        self,
        name: str,
        recipe: Recipe,
        arguments: Mapping[str, Any],
        where: str,
        description: str = "",
    ) -> "Architecture":
        """Return the variant called ``name`` with ``recipe``, and ``arguments`` added to its own.

        ``where`` says who asks for it.  A published figure and a number of parameters stay only
        with what they were stated for.  Raises UserError where ``build`` takes no such argument,
        or needs another.
        """
        self._check(arguments, where)
        if self.trains_with is not None and recipe != self.recipe:
            raise UserError(
                f"{where}: {self.name} trains by a function of its own and has no recipe; give "
                "what it takes under arguments"
            )
        arguments = plain({**self.arguments, **arguments})
        same = (recipe, arguments) == (self.recipe, self.arguments)
        varied = replace(
            self,
            name=name,
            recipe=recipe,
            claims=self.claims if same else (),
            parameters=self.parameters if arguments == self.arguments else None,
            arguments=arguments,
            base=self.file_name,
            stated_in="",
        )
        return replace(varied, docstring=_docstring(varied, self, description))

    @property
    def _function(self) -> str:
        return "build" if self.trains_with is None else "train"

    def _check(self, arguments: Mapping[str, Any], where: str) -> None:
        if self.accepts is None:
            return
        for key in sorted(arguments.keys() - self.accepts.keys()):
            hint = nearest(key, self.accepts) or "; it takes none but dataset and seed"
            raise UserError(
                f"{where}: {key!r} is no argument of {self._function} in {self.path}"
                f"{_hint(key, self.accepts) if self._function == 'build' else hint}"
            )
        required = {key for key, is_required in self.accepts.items() if is_required}
        for key in sorted(required - arguments.keys() - self.arguments.keys()):
            raise UserError(
                f"{where}: {self._function} in {self.path} needs a value for {key!r}; give it "
                "under arguments"
            )


class Catalog(Mapping[str, Architecture]):
    """Architectures by name, and the rows of their grids by theirs: ``net[learning_rate=0.01]``.

    Its names are those that are stated; a grid's row is made when it is asked for.
    """

    def __init__(self, stated: Mapping[str, Architecture]) -> None:
        self._stated = stated

    def __iter__(self) -> Iterator[str]:
        return iter(self._stated)

    def __len__(self) -> int:
        return len(self._stated)

    def __getitem__(self, name: str) -> Architecture:
        if name in self._stated:
            return self._stated[name]
        try:
            asked = grid.asked(name)
            if asked is not None and all(len(values) == 1 for values in asked.values.values()):
                return self.rows(name)[0]
        except UserError as error:
            raise KeyError(name) from error
        raise KeyError(name)

    def rows(self, text: str) -> list[Architecture]:
        """Return the rows that ``text`` asks for; none where it is no name with values.

        Raises UserError where they cannot be read or made.
        """
        asked = grid.asked(text)
        if asked is None:
            return []
        base = get(self, asked.base)
        return [
            base.varied(
                row.name, base.recipe.override(row.recipe, row.name), row.arguments, row.name
            )
            for row in asked.rows()
        ]


def discover(files: Sequence[Path] = ()) -> Catalog:
    """Return the architecture of every file: built in, plug-ins, then the user's ``files``.

    Imports neither Keras nor any architecture.  Raises UserError for a file that is missing or
    is no architecture, and for two files of one name, naming both places.
    """
    found: dict[str, Architecture] = {}
    for place in places(files):
        add(found, _read(place))
    return Catalog(found)


def add(found: dict[str, Architecture], architecture: Architecture) -> None:
    """Add ``architecture`` to ``found``; raise UserError where its name is another one's."""
    known = found.setdefault(architecture.name, architecture)
    if not known.is_same_as(architecture):
        raise UserError(
            f"two architectures are called {known.name!r}: {known.place} and {architecture.place}; "
            "rename one of them"
        )


def read_sent(path: Path, module: str | None, folders: Sequence[Path]) -> Architecture:
    """Return the architecture in ``path``, which was sent here with all that it imports locally."""
    return _read(sent_place(path, module, folders))


def get(catalog: Catalog, name: str) -> Architecture:
    """Return the architecture called ``name``; raise UserError with the nearest name if none is."""
    if name in catalog:
        return catalog[name]
    rows = catalog.rows(name)
    if rows:
        raise UserError(f"{name} are {len(rows)} rows; name one: {rows[0].name}")
    raise UserError(f"no architecture is called {name!r}{nearest(name, catalog)}")


def matching(catalog: Catalog, pattern: str) -> list[Architecture]:
    """Return the architectures whose name is or fits ``pattern``, such as ``t?_*``.

    ``net[learning_rate=0.1,0.01]`` are rows of net.  Raises UserError where there is none.
    """
    if pattern in catalog:
        return [catalog[pattern]]
    found = catalog.rows(pattern)
    found = found or [item for name, item in catalog.items() if fnmatchcase(name, pattern)]
    if not found:
        raise UserError(f"no architecture's name matches {pattern!r}{nearest(pattern, catalog)}")
    return found


def _read(place: Place) -> Architecture:
    try:
        main = read_source(place.path, place.module or own_module(place.path))
        if not defines(main.tree, "build"):
            return _read_train(place, main)
        recipe = _literal(main, "RECIPE")
        claims = _literal(main, "CLAIMS", default=[])
        sources = with_helpers(main, place.roots)
        return _architecture(
            place,
            main,
            sources,
            function="build",
            claims=_claims(claims, str(place.path)),
            recipe=parse_recipe(recipe, str(place.path)).beside(place.path.parent),
            parameters=_parameters(_literal(main, "PARAMETERS", default=None), str(place.path)),
            versions=versions_of(imported_from_elsewhere(sources, place.roots)),
        )
    except UserError as error:
        if not place.origin.startswith("entry point"):
            raise
        raise UserError(f"{place.origin}: {error}; mend or uninstall the distribution") from error


def _read_train(place: Place, main: Source) -> Architecture:
    """Return what trains by its own function ``train(dataset, seed)``, as a program does."""
    if not defines(main.tree, "train"):
        raise UserError(
            f"{place.path}: no function build(input_shape, num_classes) in it, and no "
            "train(dataset, seed)"
        )
    if assigned(main.tree, "RECIPE") is not None:
        raise UserError(
            f"{place.path}: RECIPE is for build(); train() trains as it likes: take RECIPE out"
        )
    sources = with_helpers(main, place.roots)
    return _architecture(
        place,
        main,
        sources,
        function="train",
        claims=_claims(_literal(main, "CLAIMS", default=[]), str(place.path)),
        trains_with=all_versions_of(imported_from_elsewhere(sources, place.roots)),
    )


def _architecture(
    place: Place,
    main: Source,
    sources: Sequence[Source],
    function: str,
    claims: tuple[Claim, ...],
    recipe: Recipe = OF_A_PROGRAM,
    parameters: int | None = None,
    versions: Mapping[str, str] | None = None,
    trains_with: Mapping[str, str] | None = None,
) -> Architecture:
    return Architecture(
        name=place.path.stem,
        path=place.path,
        module=place.module,
        origin=place.origin,
        docstring=ast.get_docstring(main.tree) or "",
        recipe=recipe,
        claims=claims,
        parameters=parameters,
        source_hash=source_hash(sources, versions),
        source_files={source.file: source.text for source in sources},
        source_paths=tuple(source.path for source in sources),
        accepts=arguments_of(main, sources, function),
        trains_with=trains_with,
    )


_REQUIRED = object()


def _literal(main: Source, name: str, default: Any = _REQUIRED) -> Any:
    node = assigned(main.tree, name)
    if node is None:
        if default is _REQUIRED:
            raise UserError(f"{main.path}: no {name} = {{...}} in it; say how the model is trained")
        return default
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError) as error:
        raise UserError(
            f"{main.path}: line {node.lineno}: {name} is computed; expected plain data, "
            "written out, so that it can be read without running the file"
        ) from error


def _claims(data: object, where: str) -> tuple[Claim, ...]:
    if not isinstance(data, list | tuple):
        raise UserError(f"{where}: CLAIMS is {data!r}; expected a list of tables")
    return tuple(parse(Claim, item, where, "claim") for item in data)


def _parameters(data: object, where: str) -> int | None:
    if data is None or (isinstance(data, int) and not isinstance(data, bool) and data >= 0):
        return data
    raise UserError(f"{where}: PARAMETERS is {data!r}; expected a whole number")


def _hint(key: str, accepted: Iterable[str]) -> str:
    """Return what an argument that ``build`` does not take may have meant."""
    if key in vocabulary():
        return "; it is a recipe's key, expected under recipe"
    hints = (nearest(key, accepted), nearest(key, vocabulary()))
    close = next((hint for hint in hints if "did you mean" in hint), None)
    known = close or hints[0] or "; it takes none but input_shape and num_classes"
    return f", nor is it a recipe's key{known}"


def _docstring(varied: Architecture, base: Architecture, description: str) -> str:
    """Return what a variant says of itself; what the description leaves out is its base's."""
    recipe, before = varied.recipe.canonical(), base.recipe.canonical()
    changed = {key: recipe.get(key, "the default") for key in sorted({*recipe, *before})}
    words = [f"{key} = {in_words(v)}" for key, v in changed.items() if before.get(key) != v]
    words += [f"{key} = {in_words(value)}" for key, value in varied.arguments.items()]
    changes = ", ".join(words) or "nothing changed"
    lines = [description.strip() or f"{base.name} with {changes}."]
    lines += [""] * ("\n" not in lines[0])
    if base.source and not _paragraph(description, "Source"):
        lines += [f"Source: {base.source}"]
    if not _paragraph(description, "Deviations"):
        own = f"; of {base.name} itself: {base.deviations}" if base.deviations else "."
        lines += [f"Deviations: over {base.name}: {changes}{own}"]
    return "\n".join(lines).rstrip()


def _paragraph(docstring: str, heading: str) -> str:
    """Return the text after ``Heading:`` up to an empty line or the next heading, on one line."""
    pattern = rf"^{heading}:(.*?)(?=\n\s*\n|\n[A-Z][a-z]+:|\Z)"
    found = re.search(pattern, docstring, re.DOTALL | re.MULTILINE)
    return " ".join(found[1].split()) if found else ""
