"""``bench check``: is accuracy still what the baseline says, and can this data tell."""

import math
import sys
import traceback
from pathlib import Path
from typing import Any

import click

from ninetynine.cli.check_output import print_prospects, write_outputs
from ninetynine.cli.gate_options import Prepared, gate_options, open_training, prepare
from ninetynine.errors import UserError
from ninetynine.gate.baseline import Baseline, load_baseline
from ninetynine.gate.checking import Contest, check, gone, make_contests
from ninetynine.gate.verdict import CheckResult, CostMeasure, Outcome, Terms, Verdict
from ninetynine.records import RecordStore
from ninetynine.statistics.sequential import MAX_SEEDS


@click.command("check")
@gate_options
@click.option(
    "--margin",
    type=click.FloatRange(min=0, min_open=True),
    default=0.1,
    show_default=True,
    help="The drop that counts as worse, in percentage points.",
)
@click.option(
    "--alpha",
    type=click.FloatRange(0, 0.5, min_open=True, max_open=True),
    default=0.05,
    show_default=True,
    help="Chance of each wrong answer, per architecture.",
)
@click.option(
    "--max-seeds", type=click.IntRange(2, MAX_SEEDS), default=30, show_default=True, metavar="N"
)
@click.option("--familywise", is_flag=True, help="Share alpha among the architectures.")
@click.option("--time-margin", type=float, metavar="PERCENT", help="Gate the training time too.")
@click.option(
    "--latency-margin",
    type=float,
    metavar="PERCENT",
    help="Gate the inference latency (of one image) too.",
)
@click.option("--memory-margin", type=float, metavar="PERCENT", help="Gate the peak memory too.")
@click.option("--allow-recipe-change", is_flag=True, help="Compare though the recipe changed.")
@click.option("--allow-new", is_flag=True, help="Pass over what the baseline does not have.")
@click.option("--allow-gone", is_flag=True, help="Pass over what only the baseline has.")
@click.option("--dry-run", is_flag=True, help="Say what this check could show; train nothing.")
@click.option("--junit", type=click.Path(path_type=Path), metavar="FILE", help="Write JUnit XML.")
@click.option(
    "--markdown", type=click.Path(path_type=Path), metavar="FILE", help="Write the summary."
)
@click.option(
    "--picture",
    type=click.Path(path_type=Path),
    metavar="FILE.png",
    help="Draw the test images that flipped, if accuracy is not shown to be no worse.",
)
def command(**chosen: Any) -> int:
    """Train SUITE's architectures again, seed by seed, until it is clear whether they got worse.

    Compares with the records in --baseline.  SUITE is by default the one that `bench baseline
    update` made the baseline for.

    Exit codes: 0 no worse than the margin, 1 regressed, 2 a mistake in what was asked,
    3 inconclusive, 4 not comparable, 5 not completed (a run crashed).
    """
    try:
        return _check(chosen)
    except (UserError, click.ClickException, click.exceptions.Exit):
        raise
    except Exception:  # Python's own exit code for this is 1, which would say "regressed"
        traceback.print_exc()
        print("bench: the check could not be completed", file=sys.stderr)
        return int(Outcome.CRASHED)


def _check(chosen: dict[str, Any]) -> int:
    baseline = load_baseline(chosen["baseline"])
    prepared = prepare(chosen, baseline)
    terms = _terms(chosen, len(prepared.templates))
    contests, verdicts = make_contests(prepared.templates, baseline, terms)
    verdicts += [gone(name, terms) for name in prepared.gone]
    if chosen["dry_run"]:
        print_prospects(contests, verdicts, terms, chosen["as_json"])
        return 0
    if contests:
        verdicts += _train(contests, prepared, terms, chosen)
    result = _result(chosen, prepared, baseline, terms, verdicts)
    write_outputs(result, chosen, prepared.source)
    return int(result.outcome)


def _terms(chosen: dict[str, Any], architectures: int) -> Terms:
    share = max(1, architectures) if chosen["familywise"] else 1
    return Terms(
        margin=chosen["margin"] / 100,
        alpha=chosen["alpha"] / share,
        max_seeds=chosen["max_seeds"],
        allow_recipe_change=chosen["allow_recipe_change"],
        allow_new=chosen["allow_new"],
        allow_gone=chosen["allow_gone"],
        cost_margins=_cost_margins(chosen),
    )


def _cost_margins(chosen: dict[str, Any]) -> dict[CostMeasure, float]:
    asked: dict[CostMeasure, float | None] = {
        "training time": chosen["time_margin"],
        "inference latency": chosen["latency_margin"],
        "peak memory": chosen["memory_margin"],
    }
    margins = {measure: percent / 100 for measure, percent in asked.items() if percent is not None}
    if not all(0 < margin < math.inf for margin in margins.values()):
        raise UserError(
            "--time-margin, --latency-margin and --memory-margin are percentages above 0, "
            "such as 10"
        )
    return margins


def _train(
    contests: list[Contest], prepared: Prepared, terms: Terms, chosen: dict[str, Any]
) -> list[Verdict]:
    store, train = open_training(prepared, chosen)
    with store.lock():
        try:
            return check(contests, store, train, terms, prepared.jobs)
        except KeyboardInterrupt:
            raise _Interrupted(store) from None


class _Interrupted(UserError):
    """Ctrl-C; the runs stay, and the same command goes on."""

    exit_code = 130

    def __init__(self, store: RecordStore) -> None:
        super().__init__(
            f"interrupted: {len(store.paths())} runs are kept in {store.directory}; "
            "run the same command again to go on"
        )


def _result(
    chosen: dict[str, Any],
    prepared: Prepared,
    baseline: Baseline,
    terms: Terms,
    verdicts: list[Verdict],
) -> CheckResult:
    last = baseline.last_update
    order = {name: place for place, name in enumerate(prepared.suite.architectures)}
    return CheckResult(
        suite=prepared.suite.name,
        dataset=prepared.suite.dataset,
        baseline=str(chosen["baseline"]),
        terms=terms,
        verdicts=tuple(sorted(verdicts, key=lambda v: order.get(v.architecture, len(order)))),
        reason=last.reason if last is not None else "",
        notes=tuple(_notes(prepared, baseline, chosen["only"])),
    )


def _notes(prepared: Prepared, baseline: Baseline, only: str | None) -> list[str]:
    asked = {cell.identity.architecture for cell in prepared.templates} | set(prepared.gone)
    others = sorted(baseline.records.keys() - asked)
    if not others or only is not None:
        return []
    return [f"In the baseline and not in suite {prepared.suite.name}: {', '.join(others)}."]
