"""A suite file -> a Suite, with every mistake in it told in one line."""

import codecs
import dataclasses
import io
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import Field

from ninetynine import grid, part
from ninetynine.backends import BACKENDS
from ninetynine.cells import Precision
from ninetynine.errors import UserError, nearest
from ninetynine.programs import parse_program
from ninetynine.recipe import parse, plain
from ninetynine.suite.at_once import read_at_once
from ninetynine.suite.entries import Entry, Suite
from ninetynine.suite.goals import Reference, Target, parse_reference, parse_targets
from ninetynine.suite.rungs import RungTable, check_name, ensembles_of, over_of
from ninetynine.suite.seeds import parse_seeds

_KEYS = (
    *("architectures", "backend", "dataset", "description", "device", "ensembles", "measure"),
    *("precision", "recipe", "reference", "seeds", "seeds_at_once", "targets", "timing_reference"),
)
_Trained = Literal["float32", "tensorfloat32", "mixed_bfloat16", "mixed_float16"]
_PRECISIONS: tuple[Precision, ...] = get_args(_Trained)


class _EntryTable(RungTable):
    """A table of ``architectures``; its seeds are read beforehand."""

    architecture: str = Field("", description="the architecture that it varies")
    recipe: dict[str, Any] = Field({}, description="a table of recipe keys")
    arguments: dict[str, Any] = Field({}, description="a table of arguments of build")
    description: str = Field("", description="a sentence")
    command: Annotated[tuple[str, ...], Field(strict=False)] = Field(
        (), description="a list of words, the program to run with its arguments"
    )
    files: Annotated[tuple[str, ...], Field(strict=False)] = Field(
        (), description="a list of the files and folders that the program consists of"
    )
    environment: str = Field("", description="the lock file of what the program runs in")

    precision: _Trained | None = Field(None, description=f"one of {', '.join(_PRECISIONS)}")
    seeds: tuple[int, ...] | None = Field(None, description="seeds such as '0-9'")
    backend: str | None = Field(None, description="a backend such as 'jax'")
    device: Literal["cpu", "gpu"] | None = Field(None, description="'cpu' or 'gpu'")
    seeds_at_once: int | Literal["auto"] | None = Field(None, description="a number, or 'auto'")


def built_in() -> dict[str, Path]:
    """Return the suites that come with the package, by name."""
    places = (part("suites"), *sorted(part("studies").glob("*/suites")))
    return {path.stem: path for folder in places for path in sorted(folder.glob("*.toml"))}


def load(name: str) -> Suite:
    """Return the suite called ``name``, or read it where ``name`` is the path of a ``.toml`` file.

    Raises UserError for an unknown name, an unreadable file or a key the suite vocabulary lacks.
    """
    path = Path(name) if name.endswith(".toml") else built_in().get(name)
    if path is None:
        raise UserError(f"no suite is called {name!r}{nearest(name, built_in())}")
    return _read(path)


def all_built_in() -> Iterator[Suite]:
    """Yield the suites that come with the package."""
    yield from map(_read, built_in().values())


def reference_for(dataset: str) -> Reference | None:
    """Return the reference of the first suite that comes with the package and has one for it.

    ``dataset`` is as records name it.
    """
    from ninetynine import datasets  # NumPy, which lists of architectures do without

    for found in all_built_in():
        if found.reference is not None and datasets.called(found.dataset) == dataset:
            return found.reference
    return None


def read_toml(path: Path, where: str) -> dict[str, Any]:
    """Return the content of ``path``; UserError, beginning with ``where``, for no TOML file."""
    try:
        content = path.read_bytes()
        if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            raise UserError(f"{where}: not valid TOML (it is UTF-16; save it as UTF-8)")
        # Editors begin UTF-8 with a mark, too, and some end lines with \r alone.
        return tomllib.loads(io.TextIOWrapper(io.BytesIO(content), encoding="utf-8-sig").read())
    except OSError as error:
        raise UserError(f"{where}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        reason = f"line {line} is not UTF-8; save the file as UTF-8"
        raise UserError(f"{where}: not valid TOML ({reason})") from error
    except (ValueError, RecursionError) as error:
        raise UserError(f"{where}: not valid TOML ({error})") from error


def _read(path: Path) -> Suite:
    where = f"suite {path}"
    content = read_toml(path, where)
    for key in content:
        if key not in _KEYS:
            raise UserError(f"{where}: unknown key {key!r}{nearest(key, _KEYS)}")
    items = _entry_tables(content.get("architectures"), where)
    dataset = _dataset(content.get("dataset"), path.parent, where)
    recipe = content.get("recipe", {})
    if not isinstance(recipe, dict):
        raise UserError(f"{where}: [recipe] must be a table of recipe keys")
    suite = Suite(
        name=path.stem,
        path=path,
        description=str(content.get("description", "")),
        dataset=dataset,
        architectures=tuple(dict.fromkeys(table.name for rows in items for table in rows)),
        seeds=parse_seeds(content.get("seeds", 1), f"{where}: seeds"),
        recipe=_beside(recipe, path),
        precision=_value(content, "precision", where) or "float32",
        backend=_value(content, "backend", where),
        device=_value(content, "device", where),
        seeds_at_once=read_at_once(content.get("seeds_at_once"), f"{where}: seeds_at_once"),
    )
    entries = _entries(items, suite, where)
    return dataclasses.replace(
        suite,
        entries=entries,
        ensembles=ensembles_of(content.get("ensembles", []), entries, suite.seeds, where),
        reference=parse_reference(content.get("reference"), where),
        targets=_targets(content.get("targets", []), path, where),
        timing_reference=_value(content, "timing_reference", where),
        measure=_value(content, "measure", where),
    )


def _value(content: Mapping[str, Any], key: str, where: str) -> Any:
    """Return the value of ``key``, None where there is none; UserError for one that cannot be."""
    found, usable, expected = content.get(key), isinstance(content.get(key), str), "a name"
    match key:
        case "precision":
            usable, expected = found in _PRECISIONS, f"one of {', '.join(_PRECISIONS)}"
        case "device":
            usable, expected = found in ("cpu", "gpu"), "'cpu' or 'gpu'"
        case "backend" if found is not None:
            known = BACKENDS.entries()
            usable, expected = usable and found in known, f"one of {', '.join(known)}"
        case "timing_reference":
            expected = "an architecture's name"
        case "measure":  # which there are is not known where nothing is reported
            expected = "a name such as 'log_loss'"
    if found is None or usable:
        return found
    raise UserError(f"{where}: {key} is {found!r}; expected {expected}")


def _dataset(given: object, folder: Path, where: str) -> str:
    """Return the dataset's name, with how it is read where that is told in a table.

    A path counts from ``folder``, where the suite lies.
    """
    if isinstance(given, str):
        if folder == Path() or not (set("/.?") & set(given) or (folder / given).exists()):
            return given
        from ninetynine import datasets  # NumPy, which lists of architectures do without

        return datasets.beside(folder, given, f"{where}: dataset")
    told = dict(given) if isinstance(given, dict) else {}
    path = told.pop("path", None)
    if not isinstance(path, str):
        raise UserError(
            f"{where}: dataset must be a name or a path, e.g. 'mnist', or a table such as "
            "{path = 'pictures', image_size = 64}"
        )
    from ninetynine import datasets  # NumPy, which lists of architectures do without

    name = datasets.with_options(path, told, f"{where}: dataset")
    return datasets.beside(folder, name, f"{where}: dataset")


def _targets(given: object, path: Path, where: str) -> tuple[Target, ...]:
    """Return the targets of the file, or those of the suite that it names in their place."""
    if not isinstance(given, str):
        return parse_targets(given, where)
    # A path is one from this file; the other file's own targets are read, and nothing else of it.
    other = path.parent / given if given.endswith(".toml") else built_in().get(given)
    if other is None:
        raise UserError(
            f"{where}: targets: no suite is called {given!r}{nearest(given, built_in())}"
        )
    there = f"{where}: targets: suite {other}"
    found = read_toml(other, there).get("targets", [])
    if isinstance(found, str) or not found:
        raise UserError(f"{there} has no [[targets]] of its own; name the suite that has them")
    return parse_targets(found, there)


def _entry_tables(given: object, where: str) -> list[list[_EntryTable]]:
    """Return for each item of ``architectures`` its entry, or the rows of its grid."""
    if not (isinstance(given, list) and all(isinstance(one, str | dict) for one in given)):
        raise UserError(
            f"{where}: architectures must be a list of names, e.g. ['wide_net'], or of tables "
            "such as {name = 'wide_net', seeds = '0-19'}"
        )
    if not given:
        raise UserError(f"{where}: architectures is empty; name one, or write ['*'] for all")
    return [_rows(one, f"{where}: architectures") for one in given]


def _rows(given: str | dict[str, Any], where: str) -> list[_EntryTable]:
    """Return the entry that is ``given``, or the rows of its grid, each as a table."""
    if isinstance(given, str):
        return [parse(_EntryTable, {"name": given}, where, "architecture")]
    where = f"{where}: {given['name']}" if isinstance(given.get("name"), str) else where
    for key, read in (("seeds", parse_seeds), ("seeds_at_once", read_at_once)):
        if key in given:
            given = {**given, key: read(given[key], f"{where}: {key}")}
    table = parse(_EntryTable, given, where, "architecture")
    _value({"backend": table.backend}, "backend", where)
    grid.check_plain(table.arguments, f"{where}: arguments")
    if "command" in given:
        return [_checked_program(table, where)]
    if table.files or table.environment:
        raise UserError(
            f"{where}: files and environment belong to a program: give its command, too"
        )
    if not (table.architecture or table.recipe or table.arguments):
        return [table]
    check_name(table, where)
    rows = grid.expand(table.name, table.recipe, table.arguments, where)
    base = table.architecture or table.name
    return [
        table.model_copy(update={**dataclasses.asdict(row), "architecture": base}) for row in rows
    ] or [table]


def _checked_program(table: _EntryTable, where: str) -> _EntryTable:
    check_name(table, where)
    if not (table.command and table.command[0].strip()):
        raise UserError(f"{where}: command: its first word is what to start; it is empty")
    for key in ("architecture", "recipe", "arguments", "precision", "backend", "seeds_at_once"):
        if getattr(table, key):
            raise UserError(
                f"{where}: {key}: a program trains as it likes; give it by the words of its command"
            )
    return table


def _entries(items: Sequence[Sequence[_EntryTable]], suite: Suite, where: str) -> tuple[Entry, ...]:
    names = [table.name for rows in items for table in rows]
    entries: list[Entry] = []
    for rows in items:
        below = tuple(entries)  # of all rows of a grid
        for table in rows:
            if table.name == "*":
                continue
            entry = _entry(table, names.count(table.name) > 1, suite, below, where)
            if table.command:
                entry = _program(entry, table, suite.path, where)
            entry = dataclasses.replace(entry, recipe=_beside(entry.recipe, suite.path))
            if any(other.label == entry.label for other in entries):
                raise UserError(
                    f"{where}: architectures: {entry.label} is there twice; leave one out"
                )
            entries.append(entry)
    return tuple(entries)


def _entry(
    table: _EntryTable, several: bool, suite: Suite, below: Sequence[Entry], where: str
) -> Entry:
    precision = table.precision or suite.precision
    words = ", ".join(filter(None, (precision, table.backend, table.device)))
    label = f"{table.name} [{words}]" if several else table.name
    return Entry(
        name=table.name,
        precision=precision,
        label=label,
        seeds=table.seeds,
        adds=table.adds,
        over=over_of(table, label, below, where),
        architecture="" if table.architecture == table.name else table.architecture,
        recipe=table.recipe,
        arguments=plain(table.arguments),
        description=table.description,
        backend=table.backend or suite.backend,
        device=table.device or suite.device,
        seeds_at_once=table.seeds_at_once or suite.seeds_at_once,
    )


def _beside(recipe: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """Return ``recipe`` with the whole path of the file that it names relative to the suite's."""
    named = recipe.get("initial_weights")
    if not isinstance(named, str) or named == "none":
        return dict(recipe)
    return {**recipe, "initial_weights": str(path.absolute().parent / named)}


def _program(entry: Entry, table: _EntryTable, path: Path, where: str) -> Entry:
    folder, here = path.absolute().parent, f"{where}: architectures: {entry.name}"
    program = parse_program(table.command, table.files, table.environment, folder, here)
    return dataclasses.replace(
        entry, precision="unknown", label=entry.name, program=program, seeds_at_once=None
    )
