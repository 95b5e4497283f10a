"""Imports go one way: from what runs and what reports down to errors, and never back."""

import ast
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest
from ninetynine.cells import DEFAULT_BACKEND

ROOT = Path(__file__).parents[1]
FIXTURES = ROOT / "tests" / "fixtures"

# From the ground up.  A part of the library imports only parts of earlier lines
# (and of itself).
LAYERS = [
    {"blocks", "errors", "grouping"},
    {"arrays", "gpu", "programs", "registry"},
    {"backends", "cells", "datasets", "energy", "recipe", "sources", "statistics"},
    {"architecture", "grid", "inputs", "measures", "places"},
    {"catalog", "records"},
    {"blame", "machine", "merging"},
    {"suite"},
    {"board", "building", "durations", "external"},
    {"ensembles", "planning"},
    {"scheduling", "training"},
    {"workers"},
    {"executors"},
    {"request"},
    {"running"},
    {"gate"},
    {"report"},
    {"ranking"},
    {"pytest_plugin", "cli"},
    {"__main__"},
]
RANK = {part: rank for rank, layer in enumerate(LAYERS) for part in layer}

FRAMEWORKS = {path.stem for path in (ROOT / "bench/ninetynine/backends").glob("[!_]*.py")}
BACKENDS = {"keras", *FRAMEWORKS}
IMPORT_BACKENDS = (  # and only inside functions
    "ninetynine.backends",
    "ninetynine.building",
    "ninetynine.gate.reference_cell",  # an architecture's file, which workers import
    "ninetynine.training",
    "ninetynine.workers.worker",
    "ninetynine.datasets.download",
)
REPORTING = {"board", "report", "statistics"}
TRAINING = {
    "backends",
    "building",
    "executors",
    "planning",
    "request",
    "running",
    "training",
    "workers",
}


class Modules(Mapping[str, ast.Module]):
    """The modules of the package in ``folder`` by dotted name, read without importing any.

    Each when it is asked for: those who only collect the tests need no more than the names.
    """

    def __init__(self, folder: Path) -> None:
        self._paths = {}
        for path in sorted(folder.rglob("*.py")):
            parts = path.relative_to(folder.parent).with_suffix("").parts
            self._paths[".".join(parts).removesuffix(".__init__")] = path

    def __getitem__(self, name: str) -> ast.Module:
        return parsed(self._paths[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._paths)

    def __len__(self) -> int:
        return len(self._paths)


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


LIBRARY = Modules(ROOT / "bench" / "ninetynine")
ARCHITECTURES = Modules(ROOT / "architectures")


@cache
def imported(tree: ast.AST) -> tuple[str, ...]:
    """Every dotted name that is imported anywhere in ``tree``; its functions included."""
    return tuple(name for node in imports_in(tree) for name in names_of(node))


@cache
def imports_in(tree: ast.AST) -> tuple[ast.Import | ast.ImportFrom, ...]:
    return tuple(n for n in ast.walk(tree) if isinstance(n, ast.Import | ast.ImportFrom))


def names_of(node: ast.Import | ast.ImportFrom) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    else:
        assert not node.level, "the library imports by whole names"
        yield from (f"{node.module}.{alias.name}" for alias in node.names)


def part_of(name: str) -> str:
    """``ninetynine.records.store`` -> ``records``; "" for what the package itself holds."""
    first, _, rest = name.partition(".")
    part = rest.partition(".")[0]
    known = part in RANK or f"ninetynine.{part}" in LIBRARY
    return part if first == "ninetynine" and known else ""


def test_every_part_has_its_place():
    unplaced = {part_of(name) for name in LIBRARY} - RANK.keys() - {""}
    assert not unplaced, f"say in LAYERS where {unplaced} belong"


@pytest.mark.parametrize("name", sorted(LIBRARY))
def test_no_module_reaches_back(name):
    part = part_of(name)
    for target in imported(LIBRARY[name]):
        other = part_of(target)
        if other and part and other != part:
            assert RANK[other] < RANK[part], f"{name} imports {target}"


def test_statistics_are_pure():
    for name, tree in LIBRARY.items():
        if part_of(name) == "statistics":
            tops = {target.partition(".")[0] for target in imported(tree)}
            assert {part_of(target) for target in imported(tree)} <= {"", "statistics"}, name
            assert tops <= {"ninetynine", "numpy", "scipy", *sys.stdlib_module_names}, name


def reached_from(names: set[str]) -> set[str]:
    """Every module that importing ``names`` may import, now or when they are used."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name in found or name not in LIBRARY:
            continue
        found.add(name)
        for target in imported(LIBRARY[name]):
            waiting += [target, target.rpartition(".")[0]]
    return found


def test_records_are_the_only_bridge_between_running_and_reporting():
    """What reports can be used where nothing that trains is; only the gate does both."""
    reporting = {name for name in LIBRARY if part_of(name) in REPORTING and "gate" not in name}
    for name in reporting:
        back = {target for target in imported(LIBRARY[name]) if part_of(target) in TRAINING}
        assert not back, f"{name} reports and imports what trains"
    running = reached_from({name for name in LIBRARY if part_of(name) in TRAINING})
    assert not {name for name in running if part_of(name) in REPORTING}


def test_backends_are_imported_in_few_places_and_never_with_the_module():
    for name, tree in LIBRARY.items():
        for node in imports_in(tree):
            if {target.partition(".")[0] for target in names_of(node)} & BACKENDS:
                assert name.startswith(IMPORT_BACKENDS), f"{name} imports a backend"
                assert node not in tree.body, f"{name} imports a backend when it is imported"


@cache
def constants(tree: ast.AST) -> set[object]:
    return {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}


@pytest.mark.parametrize("framework", sorted(FRAMEWORKS))
def test_one_file_knows_a_backend(framework):
    """Its import and its name: a backend is added, and changed, in one place."""

    knowing = {
        name
        for name, tree in LIBRARY.items()
        if not name.startswith(f"ninetynine.backends._{framework}_")  # a part of the same
        and framework in constants(tree) | {target.partition(".")[0] for target in imported(tree)}
    }
    default = {"ninetynine.cells"} if framework == DEFAULT_BACKEND else set()
    assert knowing == {f"ninetynine.backends.{framework}"} | default


def test_ray_is_imported_by_its_executor_alone_and_never_with_a_module():
    for name, tree in LIBRARY.items():
        for node in imports_in(tree):
            if "ray" in {target.partition(".")[0] for target in names_of(node)}:
                assert f"{name}.".startswith("ninetynine.executors.ray."), f"{name} imports ray"
                assert node not in tree.body, f"{name} imports ray when it is imported"


def test_the_engine_never_imports_an_architecture():
    for name, tree in LIBRARY.items():
        assert not any(t.startswith("ninetynine.architectures") for t in imported(tree)), name


@pytest.mark.parametrize("name", sorted(ARCHITECTURES))
def test_an_architecture_imports_keras_and_helpers_beside_it_alone(name):
    others = {t for t in imported(ARCHITECTURES[name]) if t.partition(".")[0] != "keras"}
    assert all(t.startswith("ninetynine.architectures._") for t in others)


def offered_by(name: str) -> set[str]:
    """Every name that stands in a module of the library: defined, assigned or imported there."""
    found = {other.removeprefix(f"{name}.") for other in LIBRARY if other.startswith(f"{name}.")}
    for node in ast.walk(LIBRARY[name]):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, ast.alias):
            found.add(node.asname or node.name)
    return found


def test_what_scripts_import_of_the_library_is_there():
    """Also inside functions, which no test may have called."""
    folders = ("benchmarks", "scripts", "studies")
    for path in (p for folder in folders for p in (ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("ninetynine."):
                names = {alias.name for alias in node.names}
                if node.module in LIBRARY and not node.module.startswith("ninetynine.architect"):
                    missing = names - offered_by(node.module)
                    assert not missing, f"{path}:{node.lineno} imports {missing}"


# What a command imports when it runs -------------------------------------------------------------

SCRIPT = """
import sys
from ninetynine.cli import main
for arguments in ARGUMENTS:
    try:
        main(arguments)
    except SystemExit as ended:
        assert not ended.code, arguments
print("IMPORTED", *sys.modules, file=sys.stderr)
"""


def modules_after(*commands: tuple[object, ...]) -> set[str]:
    """Return what a process has imported that ran the ``commands``, one after the other."""
    arguments = [[*map(str, command)] for command in commands]
    command = [sys.executable, "-c", SCRIPT.replace("ARGUMENTS", repr(arguments))]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout
    *_, last = (line for line in done.stderr.splitlines() if line.startswith("IMPORTED"))
    return set(last.split())


def test_help_imports_next_to_nothing():
    heavy = {"numpy", "pandas", "scipy", "pydantic", "rich", "sklearn", "reportlab", "PIL"}
    assert not modules_after(("--help",)) & (heavy | BACKENDS)


@pytest.mark.slow
def test_no_backend_is_imported_where_nothing_is_trained():
    assert not BACKENDS & modules_after(
        ("report", "--results", FIXTURES),
        ("report", "--results", FIXTURES, "--format", "markdown"),
        ("list",),
        ("run", "--help"),
        ("run", "tutorials", "--dry-run", "--results", FIXTURES),
        ("explain", "tutorials", "--only", "t2_dense", "--results", FIXTURES),
    )
