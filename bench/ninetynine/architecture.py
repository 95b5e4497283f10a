"""An architecture: what a file states of a model and its recipe, or a variant of one."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from ninetynine.errors import UserError, nearest
from ninetynine.programs import Program
from ninetynine.recipe import Recipe, Strict, in_words, plain, vocabulary


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
