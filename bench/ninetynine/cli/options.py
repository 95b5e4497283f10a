"""Options that several verbs share, and the request that they add up to.

An option's default is shown by the help without a word in it: see the group in `ninetynine.cli`.
"""

import dataclasses
import functools
import importlib
import json
import math
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import click

from ninetynine.cells import Precision
from ninetynine.errors import UserError, one_line, printable
from ninetynine.registry import Registry

if TYPE_CHECKING:  # what verbs that need no suite should not wait for
    from ninetynine.board.history import Change
    from ninetynine.records import RecordStore
    from ninetynine.request import ResolvedRun
    from ninetynine.suite import AtOnce, Suite

Command = Callable[..., Any]
Option = Callable[[Command], Command]


class _Results(click.Path):
    """The path of a folder of records or of a pack."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        path = Path(str(super().convert(value, param, ctx)))
        if path.is_file() and path.suffix != ".parquet":
            self.fail(f"File {str(path)!r} is neither a folder nor a pack (.parquet).", param, ctx)
        return path


class Number(click.FloatRange):
    """A number within bounds; NaN, which compares with none, is outside."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        number = super().convert(value, param, ctx)
        if math.isnan(number):
            self.fail(f"{value} is not in the range {self._describe_range()}.", param, ctx)
        return number


PATH = click.Path(path_type=Path)
FILE = click.Path(path_type=Path, dir_okay=False)
FOLDER = click.Path(path_type=Path, file_okay=False)
RESULTS = _Results(path_type=Path)
POSITIVE = Number(0, 10**9, min_open=True)  # of seconds it is 31 years, which waiting takes
WHOLE = click.IntRange(min=1)


def _suite(context: click.Context, option: click.Parameter, name: str | None) -> "Suite | None":
    from ninetynine import suite

    return suite.load(name) if name else None


def of_suite(help_text: str) -> Option:
    """Add --suite; the command gets it read, as ``of_suite``, or None."""
    return click.option("--suite", "of_suite", metavar="NAME", callback=_suite, help=help_text)


results = click.option(
    "--results", type=RESULTS, default="results", help="Folder of records, or a pack of them."
)
data_dir = click.option(
    "--data-dir",
    type=PATH,
    help="Folder with mnist.npz or the four IDX files [default: $BENCH_DATA_DIR].",
)
architecture_files = click.option(
    "--architecture",
    "architecture_files",
    type=PATH,
    multiple=True,
    metavar="FILE.py",
    help="A file of your own with a build function and a RECIPE; may be given again.",
)
_READING = (
    ("image_size", "PIXELS", "Of data of your own: 64, or 64x48 for height x width."),
    ("color", "rgb|grey", "How pictures are read [default: grey where all are]."),
    ("test_split", "SHARE", "Of training images, to test on where there is no test part."),
    ("split_seed", "SEED", "Which images these are [default: 0]."),
    ("groups", "WHERE", "What tells groups of images: folder, or a table's column."),
    ("channels", "first|last", "Where the arrays have channels [default: last]."),
    ("label_column", "NAME", "Of labels, in another library's set that has several."),
)


def reading(command: Command) -> Command:
    """Add the options that say how data are read; the command gets the given ones as ``reading``.

    It is a dictionary for `datasets.with_options`, which judges it.
    """

    @functools.wraps(command)
    def with_one(**given: Any) -> Any:
        told = {name: given.pop(name) for name, _, _ in _READING}
        one = {name: value for name, value in told.items() if value is not None}
        return command(reading=one, **given)

    options: list[Option] = [
        click.option(f"--{name.replace('_', '-')}", name, metavar=metavar, help=help_text)
        for name, metavar, help_text in _READING
    ]
    return _with_options(with_one, options)


variants_of = of_suite("A suite of your own whose variants are known, too.")
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
verbose = click.option("-v", "--verbose", is_flag=True, expose_value=False, help="Show tracebacks.")
output = click.option("--output", type=FILE, metavar="FILE", help="Write to FILE.")
columns = click.option(
    "--columns",
    metavar="KEY,KEY",
    default="",
    show_default=False,
    help="Show these columns instead; `bench list columns` says which there are.",
)
into = click.option(
    "--into",
    required=True,
    metavar="DIR",
    type=FOLDER,
    help="The folder that gets the records; made where there is none.",
)
baseline = click.option(
    "--baseline",
    type=RESULTS,
    required=True,
    metavar="RECORDS",
    help="Folder of the baseline's records.",
)


def work_dir(command: Command) -> Command:
    """Add --work-dir and --fresh, for verbs that train what is no record of anybody's yet."""
    from ninetynine.gate.resolving import WORK_DIR

    kept = "Where new runs are kept, so that an interrupted check goes on."
    fresh = click.option("--fresh", is_flag=True, help="Train again what is kept in --work-dir.")
    return click.option("--work-dir", type=FOLDER, default=WORK_DIR, help=kept)(fresh(command))


def run_request(
    seeds: str | None = None,
    trains: bool = False,
    of_gate: bool = False,
    without: Sequence[str] = (),
) -> Option:
    """Add the options that choose cells; the command gets them as ``request``, a RunRequest.

    ``seeds`` are the default.  What a command ``of_gate`` is not told is as its baseline has it.
    A command that ``trains`` takes the options of executors.  ``without`` names options that the
    command does not take.  One of its own that is called like a field of the request becomes part
    of the request.
    """
    from ninetynine.request import RunRequest  # verbs that train nothing need not wait for it

    only = (
        "A name, rows such as net[units=64,128], a glob, or a part of names; several with commas, "
        "or given again."
    )
    listed = "A count, a range 0-9, or a list 0,3,7."
    workers = "Worker processes; auto is one per core, or one for the GPU."
    threads = "the baseline's" if of_gate else "cores / jobs"
    whose = "the baseline's" if of_gate else "the suite's"
    seeds_option = click.option("--seeds", default=seeds, metavar="N|LIST", help=listed)
    options: list[Option] = [
        click.argument("suite", required=False),
        click.option(
            "--only",
            metavar="PATTERN",
            multiple=True,
            callback=lambda context, option, given: ",".join(given) or None,
            help=only,
        ),
        click.option("--dataset", metavar="NAME", help="A known dataset, or the path of your own."),
        reading,
        *([] if "seeds" in without else [seeds_option]),
        click.option("--jobs", default="auto", callback=_jobs, help=workers),
        click.option(
            "--threads",
            type=WHOLE,
            help=f"Threads per worker [default: {threads}]; part of a record's key.",
        ),
        functools.partial(compute, precision=None, whose=whose),
        click.option(
            "--seeds-at-once",
            metavar="K|auto",
            callback=_seeds_at_once,
            help=f"Train so many seeds in one computation (jax) [default: {whose}].",
        ),
        *(_executor_options() if trains else []),
        *([] if "results" in without else [results]),
        data_dir,
        architecture_files,
        verbose,
    ]
    gather = gathered(RunRequest, "request")
    return lambda command: _with_options(gather(command), options)


def gathered(kind: type, name: str) -> Option:
    """Have a command get what is called like a field of the dataclass ``kind`` as one, ``name``."""
    fields = [field.name for field in dataclasses.fields(kind)]

    def gather(command: Command) -> Command:
        @functools.wraps(command)
        def with_one(**given: Any) -> Any:
            one = kind(**{field: given.pop(field) for field in fields if field in given})
            return command(**{name: one}, **given)

        return with_one

    return gather


def _executor_options() -> list[Option]:
    where = "Where cells are trained: on this machine, or on a Ray cluster."
    address = "Of the Ray cluster: auto, local, HOST:PORT or ray://HOST:PORT [default: auto]."
    executor = _Registered("executor", "ninetynine.executors", "EXECUTORS")
    return [
        click.option("--executor", type=executor, default="local", help=where),
        click.option("--address", metavar="ADDRESS", help=address),
        click.option(
            "--timeout",
            "timeout_seconds",
            type=POSITIVE,
            metavar="SECONDS",
            help="Give up on a cell after this.",
        ),
    ]


def compute(command: Command, precision: Precision | None = "float32", whose: str = "") -> Command:
    """Add the options that say what computes.

    ``whose`` setting counts where an option is not given, "the suite's", is told by the help.
    """
    precisions = click.Choice([p for p in get_args(Precision) if p != "unknown"])
    backend = _Registered("backend", "ninetynine.backends", "BACKENDS")
    options: list[Option] = [
        click.option("--precision", type=precisions, default=precision, show_default=whose or True),
        click.option(
            "--backend", type=backend, show_default=whose or "KERAS_BACKEND's, or what there is"
        ),
        click.option("--device", type=click.Choice(["cpu", "gpu"]), show_default=whose or "cpu"),
    ]
    return _with_options(command, options)


def _with_options(command: Command, options: list[Option]) -> Command:
    for option in reversed(options):
        command = option(command)
    return command


class _Registered(click.types.StringParamType):
    """A name in ``module``'s ``registry``; those that there are, are listed for the help alone."""

    def __init__(self, noun: str, module: str, registry: str) -> None:
        self.name, self._module, self._registry = noun, module, registry

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        registry: Registry = getattr(importlib.import_module(self._module), self._registry)
        return f"[{'|'.join(registry.entries())}]"


def _jobs(context: click.Context, parameter: click.Parameter, text: str) -> int | None:
    if text == "auto":
        return None
    if not text.isdecimal() or int(text) < 1:
        raise UserError(f"--jobs {text!r}: expected a positive whole number or auto")
    return int(text)


def _seeds_at_once(context: click.Context, option: click.Parameter, text: str | None) -> "AtOnce":
    from ninetynine.suite.at_once import read_at_once

    return read_at_once(text, option.opts[0])


def check_results(folder: Path) -> None:
    """Raise UserError where there is no folder of records, and no pack, to read."""
    if not folder.exists():
        raise UserError(f"--results {folder}: no such folder; train something with: bench run")
    if folder.is_dir() and not (folder / "records").exists() and not [*folder.glob("*.parquet")]:
        near = (*[*folder.resolve().parents][:2], *sorted(folder.glob("*/")))
        found = next((place for place in near if (place / "records").is_dir()), None)
        hint = f"did you mean {found}?" if found else "train something with: bench run"
        raise UserError(f"--results {folder}: neither a folder records nor a pack in it; {hint}")


def open_store(results: Path) -> "RecordStore":
    """Return the store in ``results``, which tells each file that cannot be used, in one line."""
    from ninetynine.records import RecordStore

    return RecordStore(results, tell=lambda problem: warn(str(problem)))


def baseline_changes(results: Path) -> "tuple[Change, ...]":
    """Return how the baseline in ``results`` was changed; a plain results folder never was."""
    if not (results / "baseline.json").is_file():
        return ()
    from ninetynine.gate.manifest import changes_of, read_manifest

    return tuple(changes_of(read_manifest(results)))


def warn(line: str) -> None:
    """Tell a user one line, beside what the command prints."""
    print(f"bench: {one_line(line)}", file=sys.stderr)


def print_json(value: object) -> None:
    """Print ``value`` as indented JSON."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False, default=str))


def answer(as_json: bool, value: object, lines: Iterable[str]) -> None:
    """Print ``value`` as JSON where that is asked for, else ``lines``."""
    if as_json:
        print_json(value)
        return
    for line in lines:
        click.echo(printable(line))


def tell_what_only_took(run: "ResolvedRun") -> None:
    """Tell the names that --only stands for, where it does not say them itself."""
    if run.only_took is not None:
        warn(run.only_took)


def keys_of(columns: str) -> tuple[str, ...]:
    """Return the keys that --columns names."""
    return tuple(key.strip() for key in columns.split(",")) if columns else ()


def check_page(format: str, output: Path | None, name: str) -> None:
    """Raise UserError for a page that would fill a terminal; ``name`` is what it may be called."""
    if format == "html" and output is None and sys.stdout.isatty():
        raise UserError(f"--format html is a page for a browser: name a file, --output {name}")


def put(text: str, output: Path | None) -> None:
    """Print ``text``, or write it where --output says."""
    if output is None:
        click.echo(text, nl=False)
    else:
        write_text(output, text, "--output")


def write_text(path: Path, content: str, option: str, append: bool = False) -> None:
    """Write what ``option`` asks for to ``path``; UserError where that cannot be."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        mode = "a" if append else "w"
        # What UTF-8 lacks: bytes of a file's name that are none.
        with path.open(mode, encoding="utf-8", errors="backslashreplace") as file:
            file.write(content)
    except OSError as error:
        raise UserError(f"{option} {path}: cannot be written ({error.strerror})") from error
