"""A measure's numbers as people read them, with its unit: percent, nats, or none."""

from ninetynine.board import Spread
from ninetynine.measures import Measure
from ninetynine.report import formatting
from ninetynine.statistics import Interval

_DECIMALS = 4  # of what is no percentage; differences have one more


def suffix(measure: Measure) -> str:
    """Return what a heading ends in: ``", %"``, ``", nats"`` or nothing."""
    return f", {measure.unit}" if measure.unit else ""


def points(measure: Measure) -> str:
    """Return what the heading of a difference ends in."""
    return ", points" if measure.unit == "%" else suffix(measure)


def bare(measure: Measure, value: float | None, decimals: int = 3) -> str:
    """Return a number without its unit; ``decimals`` are a percentage's."""
    if measure.unit == "%":
        return formatting.percent(value, decimals)
    return formatting.number(value, _DECIMALS)


def difference(measure: Measure, found: float | None, decimals: int = 3) -> str:
    """Return a difference without its unit; ``decimals`` are a percentage's."""
    if measure.unit == "%":
        return formatting.percent(found, decimals)
    return formatting.number(found, _DECIMALS + 1)


def signed(measure: Measure, value: float) -> str:
    """Return a difference without its unit and with its sign."""
    text = difference(measure, value)
    return text if text.startswith("−") else f"+{text}"


def value(measure: Measure, found: float | None) -> str:
    """Return a number with its unit: ``98.120%``, ``0.0312 nats``, ``0.9876``."""
    text = bare(measure, found)
    return text + ("%" if measure.unit == "%" else f" {measure.unit}").rstrip()


def size(measure: Measure, found: float) -> str:
    """Return the size of a difference: ``0.1 percentage points``, ``0.0312 nats``, ``0.012``."""
    text = shortest(difference(measure, found))
    return f"{text} {'percentage points' if measure.unit == '%' else measure.unit}".rstrip()


def shortest(text: str) -> str:
    """Return a written number without zeros at its end."""
    return text.rstrip("0").rstrip(".") if "." in text else text


def spread(measure: Measure, found: Spread | None, decimals: int = 2) -> str:
    """Return ``mean ± SD`` without a unit."""
    if measure.unit == "%":
        return formatting.percent_spread(found, decimals)
    return formatting.number_spread(found, _DECIMALS)


def interval(measure: Measure, found: Interval | None, decimals: int = 2) -> str:
    """Return ``low–high`` without a unit; "" for None."""
    if found is None:
        return formatting.BLANK
    return formatting.span(*(bare(measure, end, decimals) for end in (found.low, found.high)))
