"""A suite file and the command's options -> ordered cells.

A suite is a TOML file: ``description``, ``dataset``, ``architectures`` (names, or ``["*"]``),
``seeds`` (``"0-9"``, a count or a list) and, optionally, ``[recipe]`` with keys that override
every architecture's own recipe.
"""

import fnmatch
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

from bench import datasets, machine
from bench.catalog import Architecture
from bench.cells import PROTOCOL_VERSION, Backend, Cell, CellIdentity, Device, Precision
from bench.errors import UserError, nearest

_KEYS = ("architectures", "dataset", "description", "recipe", "seeds")
_LARGEST_SEED = 2**32 - 1  # what NumPy's and Keras's generators take
_MOST_SEEDS = 10_000


@dataclass(frozen=True)
class Suite:
    """What to run.  ``recipe`` holds the overrides; empty means every recipe as published."""

    name: str
    path: Path
    description: str
    dataset: str
    architectures: tuple[str, ...]
    seeds: tuple[int, ...]
    recipe: dict[str, Any] = field(default_factory=dict)

    @property
    def variant(self) -> str:
        """Return how the recipes of this suite are called: "published" unless it overrides."""
        return self.name if self.recipe else "published"


@dataclass(frozen=True)
class Setting:
    """The choices that hold for every cell of a run."""

    backend: Backend = "tensorflow"
    precision: Precision = "float32"
    device: Device = "cpu"
    threads: int = 1
    deterministic: bool = True


def built_in() -> dict[str, Path]:
    """Return the suites that come with the package, by name."""
    folder = Path(str(resources.files("bench") / "suites"))
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}


def load(name: str) -> Suite:
    """Return the suite called ``name``, or read it where ``name`` is the path of a ``.toml`` file.

    Raises UserError for an unknown name, an unreadable file or a key the suite vocabulary lacks.
    """
    path = Path(name) if name.endswith(".toml") else built_in().get(name)
    if path is None:
        raise UserError(f"no suite is called {name!r}{nearest(name, built_in())}")
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"suite {path}: cannot be read ({error.strerror})") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"suite {path}: not valid TOML ({error})") from error
    return _parse(path, content)


def parse_seeds(value: str | int | Sequence[int], where: str) -> tuple[int, ...]:
    """Return the seeds in ``value``: a count N means 0..N-1; ``"0-4,7"`` and lists are literal.

    ``"0"`` is seed 0: a count of nothing is never meant.
    """
    spans = _spans(value, where)
    count = sum(last - first + 1 for first, last in spans)
    if count > _MOST_SEEDS:
        raise UserError(
            f"{where}: {value!r} names {count:,} seeds, more than {_MOST_SEEDS:,}; "
            "a number alone is a count, seed 7 alone is written 7-7"
        )
    seeds = dict.fromkeys(seed for first, last in spans for seed in range(first, last + 1))
    if not seeds or min(seeds) < 0 or max(seeds) > _LARGEST_SEED:
        raise UserError(
            f"{where}: {value!r} names no seeds from 0 to {_LARGEST_SEED}; expected a count such "
            "as 5, a range such as 0-9, or a list such as 0,3,7"
        )
    return tuple(seeds)


def select(suite: Suite, pattern: str | None, extra: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the suite's architectures, and ``extra``, whose name matches ``pattern``.

    A pattern is a glob such as ``t?_*``, or a part of the name.
    """
    names = tuple(dict.fromkeys((*suite.architectures, *extra)))
    if pattern is None:
        return names
    chosen = tuple(n for n in names if fnmatch.fnmatch(n, pattern) or pattern in n)
    if not chosen:
        raise UserError(
            f"--only {pattern!r} matches nothing in suite {suite.name}{nearest(pattern, names)}"
        )
    return chosen


def make_cells(
    suite: Suite,
    catalog: Mapping[str, Architecture],
    names: Sequence[str],
    setting: Setting,
    data_dir: Path | None = None,
) -> list[Cell]:
    """Return the suite's cells, seed by seed within each architecture of ``names``."""
    fingerprint = datasets.fingerprint_of(suite.dataset, data_dir)
    packages = packages_of(setting.backend)
    cells = []
    for name in names:
        if name not in catalog:
            raise UserError(
                f"suite {suite.path}: no architecture is called {name!r}{nearest(name, catalog)}"
            )
        architecture = catalog[name]
        recipe = architecture.recipe.override(suite.recipe, f"suite {suite.path}: [recipe]")
        for seed in suite.seeds:
            identity = CellIdentity(
                protocol_version=PROTOCOL_VERSION,
                architecture=name,
                source_hash=architecture.source_hash,
                recipe=recipe.canonical(),
                dataset=datasets.row_name_of(suite.dataset),
                dataset_fingerprint=fingerprint,
                seed=seed,
                backend=setting.backend,
                packages=packages,
                precision=setting.precision,
                threads=setting.threads,
                device=setting.device,
                deterministic=setting.deterministic,
            )
            cells.append(Cell(identity=identity, suite=suite.name, variant=suite.variant))
    return cells


def _parse(path: Path, content: dict[str, Any]) -> Suite:
    for key in content:
        if key not in _KEYS:
            raise UserError(f"suite {path}: unknown key {key!r}{nearest(key, _KEYS)}")
    architectures = content.get("architectures")
    if not (isinstance(architectures, list) and all(isinstance(a, str) for a in architectures)):
        raise UserError(f"suite {path}: architectures must be a list of names, e.g. ['t2_dense']")
    if not architectures:
        raise UserError(f"suite {path}: architectures is empty; name one, or write ['*'] for all")
    dataset = content.get("dataset")
    if not isinstance(dataset, str):
        raise UserError(f"suite {path}: dataset must be a name or a path, e.g. 'mnist'")
    recipe = content.get("recipe", {})
    if not isinstance(recipe, dict):
        raise UserError(f"suite {path}: [recipe] must be a table of recipe keys")
    return Suite(
        name=path.stem,
        path=path,
        description=str(content.get("description", "")),
        dataset=dataset,
        architectures=tuple(architectures),
        seeds=parse_seeds(content.get("seeds", 1), f"suite {path}: seeds"),
        recipe=recipe,
    )


def _spans(value: str | int | Sequence[int], where: str) -> list[tuple[int, int]]:
    """Return the first and last seed of each part of ``value``; none for another type."""
    if isinstance(value, str):
        count = _number(value.strip())
        return [(0, count - 1)] if count else [_span(part, where) for part in value.split(",")]
    if isinstance(value, int) and not isinstance(value, bool):
        return [(0, value - 1)]
    if isinstance(value, Sequence) and all(type(seed) is int for seed in value):
        return [(int(seed), int(seed)) for seed in value]
    return []


def _span(text: str, where: str) -> tuple[int, int]:
    before, dash, after = text.strip().partition("-")
    first = _number(before)
    last = _number(after) if dash else first
    if first is None or last is None or last < first:
        raise UserError(
            f"{where}: {text.strip()!r} is no seed; expected e.g. 5 (a count), 0-9 or 0,3,7"
        )
    return first, last


def _number(text: str) -> int | None:
    """Return the whole number that ``text`` is, or None; more than ten digits are no seed."""
    return int(text) if text.isdecimal() and len(text) <= 10 else None


def packages_of(backend: str) -> dict[str, str]:
    """Return name -> version of the packages that ``backend`` computes with.

    Raises UserError where one is not installed.
    """
    try:
        return machine.package_versions(backend)
    except machine.PackageNotFoundError as error:
        raise UserError(
            f"backend {backend} needs the package {error.name}, which is not installed; "
            f"install it with: pip install 'ninetynine[{backend}]'"
        ) from error
