"""Options that say what models are judged by: the measure, the margin, the chances of error."""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from ninetynine.cli import options
from ninetynine.errors import UserError

if TYPE_CHECKING:  # what verbs that need no measure should not wait for
    from ninetynine.measures import Measure
    from ninetynine.request import ResolvedRun
    from ninetynine.statistics import Margin
    from ninetynine.suite import Suite


# What is smaller is no number that anybody means; a confidence of 1 less that would be 1.
_LEAST = 1e-9


def number_in(low: float, high: float) -> Callable[..., float | None]:
    """Return a callback that takes a number above ``low`` and below ``high``."""

    def read(context: click.Context, parameter: click.Parameter, text: str | None) -> float | None:
        return None if text is None else _number(parameter.opts[0], text, low, high)

    return read


def _number(option: str, text: str, low: float, high: float, unit: str = "") -> float:
    try:
        value = float(text.removesuffix(unit))
    except ValueError:
        value = math.nan
    if not max(low, _LEAST) < value < high:  # nor is NaN
        least = f"{_LEAST:g}" if 0 < value <= _LEAST else f"{low:g}"
        raise UserError(f"{option} {text}: expected a number above {least} and below {high:g}")
    return value


def _margin(context: click.Context, parameter: click.Parameter, text: str) -> str:
    _number(parameter.opts[0], text, 0, 100, unit="%")
    return text


def margin_of(text: str | None, of: "Measure") -> "Margin":
    """Return the margin that --margin says, by default 0.1 points, or 0.001 of other units."""
    from ninetynine.statistics import USUAL_MARGIN, Margin

    if text is None:
        return USUAL_MARGIN
    relative = text.endswith("%")
    in_percent = relative or of.unit == "%"
    return Margin(float(text.removesuffix("%")) / (100 if in_percent else 1), relative)


margin = click.option(
    "--margin",
    metavar="POINTS|PERCENT%",
    callback=lambda context, option, text: text and _margin(context, option, text),
    help="Smallest difference that matters: percentage points (nats of log_loss), or 20% of the "
    "errors left [default: 0.1 points, or 0.001].",
)


def _measure(context: click.Context, option: click.Parameter, name: str | None) -> "Measure | None":
    if name is None:
        return None
    from ninetynine.measures import find

    return find(name)


def measure_of(suite: "Suite") -> "Measure | None":
    """Return the measure that a suite's file names; None where it names none."""
    from ninetynine.measures import find

    return find(suite.measure, f"suite {suite.path}: measure") if suite.measure else None


def check_measure(run: "ResolvedRun") -> None:
    """Raise UserError if no run on the data of ``run`` could give the measure of its suite."""
    from ninetynine.measures import check_gives

    if (measure := measure_of(run.suite)) is not None:
        facts = run.data_facts
        check_gives(measure, facts.num_classes, facts.test_labels, facts.name)


def measure_as(name: str, default: str) -> options.Option:
    """Add --measure, which a command gets as ``name``; ``default`` is what its help says."""
    help_text = f"What is judged by, as in `bench list measures` [default: {default}]."
    return click.option("--measure", name, metavar="NAME", callback=_measure, help=help_text)


measure = measure_as("measure", "accuracy")
alpha = click.option(
    "--alpha",
    default="0.05",
    metavar="SHARE",
    callback=number_in(0, 0.5),
    help="Largest chance of a false answer, over all looks.",
)
power = click.option(
    "--power",
    default="0.8",
    metavar="SHARE",
    callback=number_in(0.5, 1),
    help="Chance to show a difference that is there.",
)
looks = click.option(
    "--looks",
    type=click.IntRange(1, 20),
    default=2,
    help="How often the comparison may be made, with more seeds each time.",
)
