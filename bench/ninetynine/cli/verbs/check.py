"""Say whether accuracy is no worse than a baseline's."""

import dataclasses
import errno
import math
import os
import tempfile
import traceback
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import click

from ninetynine.cli import judging, options
from ninetynine.cli.progress import TERMINAL
from ninetynine.errors import UserError
from ninetynine.gate.asked import LEAST_ALPHA
from ninetynine.gate.checking import prospect_of
from ninetynine.gate.request import Check, CheckRequest, prepare_check, run_check
from ninetynine.gate.verdict import CheckResult, CostMeasure, Outcome, Terms
from ninetynine.measures import Measure
from ninetynine.report.formats import markdown as markdown_format
from ninetynine.report.formats import table as table_format
from ninetynine.report.gate import section
from ninetynine.report.gate_machine import annotations, facts, junit_xml, prospect_facts
from ninetynine.report.gate_sentences import flip_caption, prospect_sentence, sentence
from ninetynine.request import ResolvedRun, RunRequest
from ninetynine.statistics.sequential import MAX_SEEDS
from ninetynine.suite import built_in

_ALL = "*"  # of the architectures that only one side has
_STEP_SUMMARY = "GITHUB_STEP_SUMMARY"  # set by GitHub Actions: a file that it shows as Markdown


@dataclass(frozen=True)
class _Outputs:
    """Where the answer goes, besides standard output."""

    as_json: bool
    junit: Path | None
    markdown: Path | None
    picture: Path | None


def _cost_margin(name: str, help_text: str) -> options.Option:
    def read(context: click.Context, option: click.Parameter, given: float | None) -> float | None:
        if given is not None and not 0 < given < math.inf:
            raise UserError(
                "--time-margin, --latency-margin and --memory-margin are percentages above 0, "
                "such as 10"
            )
        return None if given is None else given / 100

    return click.option(name, type=float, metavar="PERCENT", callback=read, help=help_text)


def _excuse(name: str, help_text: str) -> options.Option:
    def read(
        context: click.Context, option: click.Parameter, given: tuple[str, ...]
    ) -> bool | tuple[str, ...]:
        return True if _ALL in given else given or False

    shown = "[NAME ...]"
    return click.option(name, multiple=True, metavar=shown, callback=read, help=help_text)


def _margin(text: str, option: str = "--margin", whose: str = "NAME") -> tuple[str, float]:
    """Return whose a margin is, and the margin as given; the name is empty for all."""
    name, _, points = text.rpartition("=")
    try:
        value = float(points)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:  # whether 100 are too many depends on the measure
        raise UserError(
            f"{option} {text!r}: expected percentage points above 0, such as 0.2 or {whose}=0.2"
        )
    return name, value


def _class_margin(text: str) -> tuple[str, float]:
    label, value = _margin(text, "--class-margin", "3")
    if label and not (label.isascii() and label.isdecimal() and len(label) < 6):
        raise UserError(
            f"--class-margin {text!r}: {label!r} is no class; name its number, such as 3={value:g}"
        )
    return label and str(int(label)), value


class _Check(click.Command):
    """A command with options that take the names that follow them, be they none or several."""

    def parse_args(self, context: click.Context, arguments: list[str]) -> list[str]:
        return super().parse_args(context, _with_names_one_by_one(arguments))


def _with_names_one_by_one(arguments: Sequence[str]) -> list[str]:
    """Write ``--allow-gone a b`` as ``--allow-gone=a --allow-gone=b``, without names for all.

    A suite that follows is the argument SUITE, as it always was.
    """
    waiting, found = list(arguments), []
    while waiting:
        option = waiting.pop(0)
        if option not in ("--allow-gone", "--allow-new"):
            found.append(option)
            continue
        names = []
        while waiting and not waiting[0].startswith("-") and not _is_suite(waiting[0]):
            names.append(waiting.pop(0))
        found += [f"{option}={name}" for name in names or [_ALL]]
    return found


def _is_suite(text: str) -> bool:
    return text.endswith(".toml") or text in built_in()


@click.command("check", cls=_Check)
@options.run_request(of_gate=True, trains=True, without=("seeds", "results"))
@options.baseline
@options.work_dir
@judging.measure_as("by", "the baseline's")
@click.option(
    "--margin",
    "margins_given",
    multiple=True,
    metavar="POINTS|NAME=POINTS",
    help="The drop that counts as worse, in percentage points (nats of log_loss): of all "
    "[default: 0.1 points, or 0.001], of one.",
)
@click.option(
    "--class-margin",
    "class_margins_given",
    multiple=True,
    metavar="POINTS|CLASS=POINTS",
    help="Gate each class's share of right answers too, or that of one.",
)
@click.option(
    "--alpha",
    type=options.Number(LEAST_ALPHA, 0.5, max_open=True),
    default=0.05,
    help="Chance of each wrong answer, per architecture.",
)
@click.option("--max-seeds", type=click.IntRange(2, MAX_SEEDS), default=30, metavar="N")
@click.option("--rotate", is_flag=True, help="Look again with other seeds before 'regressed'.")
@click.option("--familywise", is_flag=True, help="Share alpha among the architectures.")
@_cost_margin("--time-margin", "Gate the training time too.")
@_cost_margin("--latency-margin", "Gate the inference latency (of one image) too.")
@_cost_margin("--memory-margin", "Gate the peak memory too.")
@click.option("--allow-recipe-change", is_flag=True, help="Compare though the recipe changed.")
@click.option("--allow-data-change", is_flag=True, help="Compare though training data changed.")
@_excuse("--allow-new", "Pass over these, or all, that the baseline does not have.")
@_excuse("--allow-gone", "Pass over these, or all, that only the baseline has.")
@click.option("--dry-run", is_flag=True, help="Say what this check could show; train nothing.")
@click.option("--junit", type=options.PATH, metavar="FILE", help="Write JUnit XML.")
@click.option("--markdown", type=options.PATH, metavar="FILE", help="Write the summary.")
@click.option(
    "--picture",
    type=options.PATH,
    metavar="FILE.png",
    help="Draw the test images that flipped, if accuracy is not shown to be no worse.",
)
@options.as_json
@options.gathered(_Outputs, "outputs")
@options.gathered(Terms, "terms")
def command(
    request: RunRequest,
    baseline: Path,
    work_dir: Path,
    fresh: bool,
    terms: Terms,
    familywise: bool,
    by: Measure | None,
    margins_given: tuple[str, ...],
    class_margins_given: tuple[str, ...],
    time_margin: float | None,
    latency_margin: float | None,
    memory_margin: float | None,
    dry_run: bool,
    outputs: _Outputs,
) -> int:
    """Train SUITE's architectures again, seed by seed, until it is clear whether they got worse.

    Compares with the records in --baseline.  SUITE is by default the one that `bench baseline
    update` made the baseline for.

    Exit codes: 0 no worse than the margin, 1 regressed, 2 a mistake in what was asked,
    3 inconclusive, 4 not comparable, 5 not completed (a run crashed).
    """
    costs = zip(get_args(CostMeasure), (time_margin, latency_margin, memory_margin), strict=True)
    cost_margins = {measure: margin for measure, margin in costs if margin is not None}
    asked = CheckRequest(
        baseline,
        request,
        work_dir,
        fresh,
        terms=dataclasses.replace(terms, cost_margins=cost_margins),
        familywise=familywise,
        measure=by.name if by is not None else None,
        margins=dict(map(_margin, margins_given)),
        class_margins=dict(map(_class_margin, class_margins_given)),
    )
    try:
        return _check(asked, dry_run, outputs)
    except (UserError, click.ClickException, click.exceptions.Exit, BrokenPipeError):
        raise
    except Exception:  # Python's own exit code for this is 1, which would say "regressed"
        traceback.print_exc()
        options.warn("the check could not be completed")
        return int(Outcome.CRASHED)


def _check(asked: CheckRequest, dry_run: bool, outputs: _Outputs) -> int:
    prepared = prepare_check(asked)
    options.tell_what_only_took(prepared.run)
    if dry_run:
        _print_prospects(prepared, outputs.as_json)
        return 0
    _make_way(outputs)
    result = run_check(prepared, TERMINAL)
    with suppress(BrokenPipeError):  # who reads no further still gets the answer as exit code
        _print_result(result, outputs.as_json)
    _write_files(result, outputs, prepared.run)
    return int(result.outcome)


def _make_way(outputs: _Outputs) -> None:
    """Take away what an earlier check wrote; UserError for what cannot be written."""
    if outputs.picture is not None and outputs.picture.suffix.lower() != ".png":
        raise UserError(f"--picture {outputs.picture}: give a name that ends in .png")
    for option in ("junit", "markdown", "picture"):
        path: Path | None = getattr(outputs, option)
        if path is not None:
            _make_way_to(path, f"--{option}")


def _make_way_to(path: Path, option: str) -> None:
    """Remove what is in ``path``: no old answer is to be taken for one where there is none."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if path.is_file() and not path.is_symlink():  # not /dev/stdout, nor what a link names
            path.unlink()
        if not os.path.lexists(path):
            with tempfile.TemporaryFile(dir=path.parent):  # better told now than after a training
                pass
    except OSError as error:
        raise UserError(f"{option} {path}: cannot be written ({error.strerror})") from error


def _print_prospects(prepared: Check, as_json: bool) -> None:
    found = [prospect_of(contest, prepared.terms) for contest in prepared.contests]
    undecidable = [sentence(verdict) for verdict in prepared.decided]
    rows = [prospect_facts(prospect) for prospect in found]
    lines = [prospect_sentence(p, prepared.terms.of(p.architecture)) for p in found]
    told = {"prospects": rows, "not_comparable": undecidable}
    options.answer(as_json, told, [*lines, *undecidable])


def _print_result(result: CheckResult, as_json: bool) -> None:
    if as_json:
        options.print_json(facts(result))
    else:
        click.echo(table_format.render_sections([section(result)]), nl=False)
    if os.environ.get("GITHUB_ACTIONS") == "true":
        # The runner reads both streams; with --json standard output must stay JSON.
        for line in annotations(result):
            click.echo(line, err=as_json)


def _write_files(result: CheckResult, outputs: _Outputs, run: ResolvedRun) -> None:
    markdown = markdown_format.render_sections([section(result)])
    if outputs.markdown is not None:
        options.write_text(outputs.markdown, markdown, "--markdown")
    if summary := os.environ.get(_STEP_SUMMARY):
        options.write_text(Path(summary), markdown, _STEP_SUMMARY, append=True)
    if outputs.junit is not None:
        options.write_text(outputs.junit, junit_xml(result), "--junit")
    if outputs.picture is not None:
        _draw(result, run, outputs.picture)


def _draw(result: CheckResult, run: ResolvedRun, path: Path) -> None:
    """Draw the images that flipped; where none is to be shown, leave no picture and say so."""
    from ninetynine.datasets.picture import draw_grid

    flips = [(v.architecture, flip) for v in result.verdicts for flip in v.flipped]
    if not flips:
        click.echo(f"no test image to show flipped, so {path} was not drawn", err=True)
        return
    images = run.load_dataset().test_images[[flip.index for _, flip in flips]]
    captions = [flip_caption(name, flip) for name, flip in flips]
    draw_grid(images, captions, path, columns=5, title="Test images that flipped")
