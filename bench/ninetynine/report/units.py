"""A measure's numbers as people read them, with its unit: percent, nats, or none."""

from collections.abc import Iterable

from ninetynine.board import Spread
from ninetynine.measures import Measure
from ninetynine.report import formatting
from ninetynine.statistics import Interval

_DECIMALS = 4  # of what is no percentage, at least; differences have one more


def suffix(measure: Measure) -> str:
    """Return what a heading ends in: ``", %"``, ``", nats"`` or nothing."""
    return f", {measure.unit}" if measure.unit else ""


def points(measure: Measure) -> str:
    """Return what the heading of a difference ends in."""
    return ", points" if measure.unit == "%" else suffix(measure)


def decimals(
    measure: Measure, intervals: Iterable[Interval | None], least: int = 2, more: int = 0
) -> int:
    """Return the decimals that numbers beside ``intervals`` need: the narrowest one shows in them.

    ``least`` are a percentage's, other units have at least 4, and a difference has one ``more``.
    """
    percentage = measure.unit == "%"
    widths = [one.high - one.low for one in intervals if one is not None and one.high > one.low]
    shown = formatting.decimals_of(min(widths) * (100 if percentage else 1)) if widths else 0
    return max(shown, least if percentage else _DECIMALS + more)


def bare(measure: Measure, value: float | None, decimals: int | None = None) -> str:
    """Return a number without its unit, in percent with 3 decimals, otherwise with 4."""
    if measure.unit == "%":
        return formatting.percent(value, 3 if decimals is None else decimals)
    return formatting.number(value, _DECIMALS if decimals is None else decimals)


def difference(measure: Measure, found: float | None, decimals: int | None = None) -> str:
    """Return a difference without its unit, with one decimal more than numbers have, or as many
    as a small one needs.
    """
    if decimals is None and measure.unit != "%":
        decimals = max(_DECIMALS + 1, formatting.decimals_of(abs(found)) if found else 0)
    return bare(measure, found, decimals)


def signed(measure: Measure, value: float, decimals: int | None = None) -> str:
    """Return a difference without its unit and with its sign."""
    text = difference(measure, value, decimals)
    return text if text.startswith("−") else f"+{text}"


def value(measure: Measure, found: float | None, decimals: int | None = None) -> str:
    """Return a number with its unit: ``98.120%``, ``0.0312 nats``, ``0.9876``."""
    text = bare(measure, found, decimals)
    return text + ("%" if measure.unit == "%" else f" {measure.unit}").rstrip()


def size(measure: Measure, found: float) -> str:
    """Return the size of a difference: ``0.1 percentage points``, ``0.0312 nats``, ``0.012``."""
    text = shortest(difference(measure, found))
    return f"{text} {'percentage points' if measure.unit == '%' else measure.unit}".rstrip()


def shortest(text: str) -> str:
    """Return a written number without zeros at its end."""
    return text.rstrip("0").rstrip(".") if "." in text else text


def spread(measure: Measure, found: Spread | None, decimals: int) -> str:
    """Return ``mean ± SD`` without a unit."""
    if measure.unit == "%":
        return formatting.percent_spread(found, decimals)
    return formatting.number_spread(found, decimals)


def interval(measure: Measure, found: Interval | None, decimals: int) -> str:
    """Return ``low–high`` without a unit; "" for None."""
    if found is None:
        return formatting.BLANK
    return formatting.span(*(bare(measure, end, decimals) for end in (found.low, found.high)))
