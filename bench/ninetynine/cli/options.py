"""Options that several verbs share, and the request that they add up to."""

import dataclasses
import functools
import importlib
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar, get_args

import click

from ninetynine.cells import DEFAULT_BACKEND, Precision
from ninetynine.errors import UserError
from ninetynine.registry import Registry

Command = TypeVar("Command", bound=Callable[..., Any])
Option = Callable[[Callable[..., Any]], Callable[..., Any]]

results = click.option(
    "--results",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("results"),
    show_default=True,
    help="Folder of records.",
)
data_dir = click.option(
    "--data-dir",
    type=click.Path(path_type=Path),
    default=None,
    help="Folder with mnist.npz or the four IDX files [default: $BENCH_DATA_DIR].",
)
architecture_files = click.option(
    "--architecture",
    "architecture_files",
    type=click.Path(path_type=Path),
    multiple=True,
    metavar="FILE.py",
    help="A file of your own with a build function and a RECIPE; may be given again.",
)
variants_of = click.option(
    "--suite",
    "suite_name",
    metavar="NAME",
    help="A suite of your own whose variants are known, too.",
)
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
verbose = click.option("-v", "--verbose", is_flag=True, expose_value=False, help="Show tracebacks.")
baseline = click.option(
    "--baseline",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    metavar="RECORDS",
    help="Folder of the baseline's records.",
)


def work_dir(command: Command) -> Command:
    """Add --work-dir and --fresh, for verbs that train what is no record of anybody's yet."""
    from ninetynine.gate.request import WORK_DIR

    fresh = click.option("--fresh", is_flag=True, help="Train again what is kept in --work-dir.")
    folder = click.option(
        "--work-dir",
        type=click.Path(path_type=Path, file_okay=False),
        default=WORK_DIR,
        show_default=True,
        help="Where new runs are kept, so that an interrupted check goes on.",
    )
    return folder(fresh(command))


def run_request(
    suite: str | None = "quick",
    precision: Precision | None = None,
    seeds: str | None = None,
    trains: bool = False,
    without: Sequence[str] = (),
) -> Option:
    """Add the options that choose cells; the command gets them as ``request``, a RunRequest.

    ``suite``, ``precision`` and ``seeds`` are defaults.  A command that ``trains`` takes the
    options of executors.  ``without`` names options that the command does not take.  One of its
    own that is called like a field of the request becomes part of the request.
    """
    threads = "the baseline's" if suite is None else "cores / jobs"
    options: list[Option] = [
        click.argument("suite", default=suite, required=False),
        click.option(
            "--only",
            metavar="PATTERN",
            help="A name, rows such as net[units=64,128], a glob, or a part of names.",
        ),
        click.option("--dataset", metavar="NAME", help="A dataset's name, or the path of an .npz."),
        *(() if "seeds" in without else (_seeds(seeds),)),
        click.option(
            "--jobs",
            default="auto",
            show_default=True,
            callback=_jobs,
            help="Worker processes; auto is one per core, or one for the GPU.",
        ),
        click.option(
            "--threads",
            type=click.IntRange(min=1),
            help=f"Threads per worker [default: {threads}]; part of a record's key.",
        ),
        functools.partial(compute, precision=precision),
        *(_executor_options() if trains else ()),
        *(() if "results" in without else (results,)),
        data_dir,
        architecture_files,
        verbose,
    ]
    from ninetynine.request import RunRequest  # verbs that train nothing need not wait for it

    fields = [field.name for field in dataclasses.fields(RunRequest)]

    def add(command: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(command)
        def with_request(**given: Any) -> Any:
            asked = RunRequest(**{name: given.pop(name) for name in fields if name in given})
            return command(request=asked, **given)

        return _with_options(with_request, options)

    return add


def _seeds(default: str | None) -> Option:
    return click.option(
        "--seeds",
        default=default,
        show_default=bool(default),
        metavar="N|LIST",
        help="A count, a range 0-9, or a list 0,3,7.",
    )


def _executor_options() -> list[Option]:
    return [
        click.option(
            "--executor",
            type=_Registered("executor", "ninetynine.executors", "EXECUTORS"),
            default="local",
            show_default=True,
            help="Where cells are trained: on this machine, or on a Ray cluster.",
        ),
        click.option(
            "--address",
            metavar="ADDRESS",
            help="Of the Ray cluster: auto, local, HOST:PORT or ray://HOST:PORT [default: auto].",
        ),
        click.option(
            "--timeout",
            "timeout_seconds",
            type=click.FloatRange(min=0, min_open=True),
            metavar="SECONDS",
            help="Give up on a cell after this.",
        ),
    ]


def compute(
    command: Callable[..., Any], precision: Precision | None = "float32"
) -> Callable[..., Any]:
    """Add the options that say what computes; ``precision`` None is what the suite says."""
    options: list[Option] = [
        click.option(
            "--precision",
            type=click.Choice([p for p in get_args(Precision) if p != "unknown"]),
            default=precision,
            show_default=True if precision else "the suite's",
        ),
        click.option(
            "--backend",
            type=_Registered("backend", "ninetynine.backends", "BACKENDS"),
            default=DEFAULT_BACKEND,
            show_default=True,
        ),
        click.option(
            "--device", type=click.Choice(["cpu", "gpu"]), default="cpu", show_default=True
        ),
    ]
    return _with_options(command, options)


def _with_options(command: Callable[..., Any], options: list[Option]) -> Callable[..., Any]:
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


def warn(line: str) -> None:
    """Tell a user one line, beside what the command prints."""
    print(f"bench: {line}", file=sys.stderr)


def print_json(value: object) -> None:
    """Print ``value`` as indented JSON."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False, default=str))


def write_text(path: Path, content: str, option: str, append: bool = False) -> None:
    """Write what ``option`` asks for to ``path``; UserError where that cannot be."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a" if append else "w", encoding="utf-8") as file:
            file.write(content)
    except OSError as error:
        raise UserError(f"{option} {path}: cannot be written ({error.strerror})") from error
