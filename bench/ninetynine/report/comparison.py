"""A comparison of two models in plain sentences, and the images on which they differ most."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ninetynine import datasets
from ninetynine.board import Row
from ninetynine.board.intervals import OtherDifferences
from ninetynine.board.measured import measured
from ninetynine.board.notes import measure_notes
from ninetynine.datasets import ImageGroups
from ninetynine.measures import ACCURACY, Measure
from ninetynine.report import units
from ninetynine.report.formatting import (
    count,
    equals_p,
    level,
    number,
    percent,
    percent_interval,
    three_digits,
)
from ninetynine.report.tables import plain_table
from ninetynine.report.units import shortest, signed, size, value
from ninetynine.statistics import (
    Comparison,
    Decision,
    Interval,
    Plan,
    WinningChance,
    winning_chance,
)


@dataclass(frozen=True)
class DifferingImage:
    """A test image on which two models differ; probabilities are means over seeds."""

    index: int
    label: int
    probability_a: float  # that A gives the true label
    probability_b: float
    right_a: float  # the share of A's seeds that are right
    right_b: float
    doubtful: bool


def differing_images(a: Row, b: Row, most: int, doubtful: frozenset[int]) -> list[DifferingImage]:
    """Return the ``most`` images with the largest difference in the true label's probability.

    Images on which the models do not differ are none of them.
    """
    rows, sums = np.arange(len(a.labels)), [row.prediction_sums for row in (a, b)]
    true_a, true_b = (found.mean_probabilities[rows, a.labels] for found in sums if found)
    right_a, right_b = a.correct.mean(axis=0), b.correct.mean(axis=0)
    apart = np.abs(true_a - true_b)
    order = np.argsort(-apart, kind="stable")[:most]
    order = order[(apart[order] > 0) | (right_a[order] != right_b[order])]
    return [
        DifferingImage(
            index=i,
            label=int(a.labels[i]),
            probability_a=float(true_a[i]),
            probability_b=float(true_b[i]),
            right_a=float(right_a[i]),
            right_b=float(right_b[i]),
            doubtful=i in doubtful,
        )
        for i in map(int, order)
    ]


def images_table(a: Row, b: Row, differing: Sequence[DifferingImage]) -> str:
    """Return the images on which ``a`` and ``b`` differ as a table of plain text."""
    rows = [
        [
            image.index,
            f"{image.label}{' (doubtful)' if image.doubtful else ''}",
            f"{percent(image.probability_a, 1)}%",
            f"{percent(image.probability_b, 1)}%",
            f"{percent(image.right_a, 0)}%",
            f"{percent(image.right_b, 0)}%",
        ]
        for image in differing
    ]
    headers = [f"{what}, {row.full_name}" for what in ("p(label)", "right") for row in (a, b)]
    return plain_table(rows, ["image", "label", *headers])


def image_caption(image: DifferingImage) -> str:
    """Return what stands beside the picture of an image on which two models differ."""
    a, b = percent(image.probability_a, 0), percent(image.probability_b, 0)
    doubtful = "\nlabel doubtful" if image.doubtful else ""
    return f"#{image.index}: label {image.label}\nA {a}%   B {b}%{doubtful}"


def sentences(a: Row, b: Row, result: Comparison, measure: Measure = ACCURACY) -> list[str]:
    """Return the verdict first, then what stands behind it."""
    lines = [_verdict(a, b, result, measure), _means(a, b, result, measure)]
    if result.seed_interval is not None:
        images = getattr(measured(a, measure).summary, "n_images", len(a.labels))
        lines.append(
            f"On these {images:,} test images alone (chance: seeds), the difference is "
            f"within {_points(result.seed_interval, measure)}."
        )
    if (won := chance_of_one_run(a, b, measure)) is not None:
        lines.append(
            f"One run of each: {a.full_name} does better than {b.full_name} in "
            f"{percent(won.chance, 0)}% of cases on these images "
            f"(95% interval {percent_interval(won.interval, 0)}%, a tie is half a win)."
        )
    if result.discordant is not None:
        only_a, only_b = result.discordant
        test = "Exact McNemar test on single runs"
        if a.test_groups is not None:
            test += f", those images of {a.test_groups} that err as one counted once"
        lines.append(
            f"{test}: {a.full_name} alone is right on {count(only_a, 'image')}, {b.full_name} "
            f"alone on {only_b}; p {equals_p(result.p_value)}."
        )
    smallest = size(measure, result.minimum_detectable_difference)
    drawn = "groups" if a.test_groups is not None else "images"
    lines.append(
        f"The smallest difference these seeds and images would have shown with "
        f"{level(result.power)}% power is {smallest}."
        if result.could_show_any
        else f"No difference would have been shown by so few seeds or {drawn} with "
        f"{level(result.power)}% power."
    )
    if result.looks > 1:
        lines.append(
            f"One of {result.looks} looks: each is judged at {level(result.alpha)}%, so that "
            f"all of them together are wrong in at most {level(result.alpha * result.looks)}%."
        )
    if result.to_decide is not None:
        lines.append(_to_decide(result, a.test_groups, measure))
    return [*lines, *(f"{note}." for note in measure_notes((a, b), measure))]


def other_sentences(found: OtherDifferences) -> list[str]:
    """Return what the models differ by beside accuracy, each with its 95% interval."""
    kinds = (
        ("Test loss", found.loss, 1, 4, " nats"),
        ("Calibration error", found.calibration_error, 100, 3, " points"),
        ("Train-test gap on these images", found.train_test_gap, 100, 3, " points"),
    )
    lines = []
    for name, one, scale, decimals, unit in kinds:
        if one is not None:
            value, low, high = (
                number(scale * part, decimals) for part in (one.difference, one.low, one.high)
            )
            lines.append(f"{name}: A less B {value}{unit}, 95% interval {low} to {high}.")
    if found.time_ratio is not None:
        one = found.time_ratio
        value, low, high = (three_digits(part) for part in (one.difference, one.low, one.high))
        lines.append(f"Training time: A takes {value} times B's, 95% interval {low} to {high}.")
    return lines


def chance_of_one_run(a: Row, b: Row, measure: Measure = ACCURACY) -> WinningChance | None:
    """Return how often one run of ``a`` does better than one of ``b`` on these images."""
    one, other = (measured(row, measure).summary for row in (a, b))
    if one is None or other is None:
        return None
    return winning_chance(one.seed_accuracy, other.seed_accuracy)


def plan_sentences(
    a: str,
    b: str,
    found: Plan,
    images: int,
    power: float,
    groups: ImageGroups | None = None,
    measure: Measure = ACCURACY,
) -> list[str]:
    """Return how many seeds would show ``found.difference`` between ``a`` and ``b``."""
    goal = f"a difference of {size(measure, found.difference)}{_in(measure)} between {a} and {b}"
    if found.seeds is not None:
        seeds = count(found.seeds, "seed")
        return [
            f"To show {goal} with {level(power)}% power: {seeds} of each model on "
            f"{_these(images, groups)}."
        ]
    if found.images is not None:
        return [
            f"No number of seeds up to {found.max_seeds:,} shows {goal} on "
            f"{_these(images, groups)}: the {_needed('too few', found, groups)}."
        ]
    return [
        f"Nothing shows {goal}: the seeds vary too much for {found.max_seeds:,} of them, "
        "however many images there are."
    ]


def _these(images: int, groups: ImageGroups | None) -> str:
    if images == 1:
        return "this one test image"
    return f"these {images:,} test images" + (f" of {groups}" if groups is not None else "")


def _needed(are: str, found: Plan | Decision, groups: ImageGroups | None) -> str:
    """Return of what there would have to be more: of images, or of their groups."""
    if groups is None or found.groups is None:
        return f"test images are {are}, and {found.images:,} would be needed"
    return (
        f"{groups.noun} are {are}, and {found.groups:,} would be needed, with "
        f"{found.images:,} test images"
    )


def _in(measure: Measure) -> str:
    return "" if measure.is_accuracy else f" in {measure.words}"


def _verdict(a: Row, b: Row, result: Comparison, measure: Measure) -> str:
    noun, of = datasets.noun_of(a.key.dataset), _in(measure)
    first, second = a.full_name, b.full_name
    apart = size(measure, abs(result.difference))
    if result.verdict in ("better", "worse"):
        lower = " (lower is better)" if measure.lower_is_better else ""
        found = f"{first} is {result.verdict} than {second}{of} on {noun} like these"
        return f"{found}, by {apart}{lower}."
    if result.verdict == "equivalent":
        return (
            f"{first} and {second} are equivalent{of} within {_margin(result, measure)}: two "
            f"one-sided tests at {level(result.alpha)}% show it ({level(1 - 2 * result.alpha)}% "
            f"interval {_points(result.within, measure)})."
        )
    return (
        f"Undecided: {first} and {second} differ by {apart}{of}, which chance may "
        f"explain, and a difference of more than {_margin(result, measure)} is not ruled out."
    )


def _margin(result: Comparison, measure: Measure) -> str:
    margin = size(measure, result.margin)
    if result.relative_margin is None:
        return margin
    left = f"smaller {measure.words}" if measure.lower_is_better else "fewer errors"
    return f"{margin} ({_signless(result.relative_margin)}% of the {left})"


def _means(a: Row, b: Row, result: Comparison, measure: Measure) -> str:
    sides = []
    shown = _decimals(measure, result.interval)
    for side in (a, b):
        found = measured(side, measure)
        mean = found.spread.mean if found.spread else None
        if measure.is_accuracy:  # of the runs with predictions, which are compared
            mean = float(side.correct.mean())
        runs = found.summary.n_seeds if found.summary else 0
        sides.append(f"{side.full_name} {value(measure, mean, shown)} ({count(runs, 'seed')})")
    title = "" if measure.is_accuracy else f"{measure.title}: "
    unit = " percentage points" if measure.unit == "%" else f" {measure.unit}".rstrip()
    apart = _signed(measure, result.difference, result.interval)
    return (
        f"{title}{', '.join(sides)}: difference {apart}{unit}, "
        f"{level(1 - result.alpha)}% interval {_points(result.interval, measure)}, "
        f"p {equals_p(result.p_value)}"
        f"{'' if a.test_groups is None else f'; drawn are {a.test_groups}'}."
    )


def _to_decide(result: Comparison, groups: ImageGroups | None, measure: Measure) -> str:
    if result.to_decide is not None and result.to_decide.limited_by == "no margin":
        return (
            f"There is nothing left of which {_signless(result.relative_margin or 0)}% could be a "
            f"margin: give one in {'percentage points' if measure.unit == '%' else 'its own unit'}."
        )
    goal = size(measure, max(abs(result.difference), result.margin))
    if result.seeds_to_decide is not None:
        seeds = count(result.seeds_to_decide, "seed")
        return f"{seeds} of each would decide about {goal}."
    if result.to_decide is not None and result.to_decide.images is not None:
        needed = _needed("the limit", result.to_decide, groups)
        return f"No number of seeds would decide about {goal}: the {needed}."
    if result.to_decide is not None and result.to_decide.limited_by == "single runs":
        return "One run each says nothing about the spread over seeds: run at least two of each."
    return f"Neither seeds nor images would decide about {goal}."


def _decimals(measure: Measure, interval: Interval, more: int = 0) -> int:
    return units.decimals(measure, [] if measure.is_accuracy else [interval], 3, more)


def _signed(measure: Measure, difference: float, interval: Interval) -> str:
    return signed(measure, difference, _decimals(measure, interval, more=1))


def _points(interval: Interval, measure: Measure) -> str:
    return " to ".join(_signed(measure, end, interval) for end in (interval.low, interval.high))


def _signless(share: float) -> str:
    return shortest(number(100 * share, 3))
