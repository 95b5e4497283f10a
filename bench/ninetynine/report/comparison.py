"""A comparison of two models in plain sentences, and the images on which they differ most."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ninetynine import datasets
from ninetynine.board import Row
from ninetynine.board.intervals import OtherDifferences
from ninetynine.datasets import ImageGroups
from ninetynine.report.formatting import (
    count,
    equals_p,
    number,
    percent,
    percent_interval,
    signed_percent,
    three_digits,
)
from ninetynine.report.tables import plain_table
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
    """Return the ``most`` images with the largest difference in the true label's probability."""
    rows, sums = np.arange(len(a.labels)), [row.prediction_sums for row in (a, b)]
    true_a, true_b = (found.mean_probabilities[rows, a.labels] for found in sums if found)
    right_a, right_b = a.correct.mean(axis=0), b.correct.mean(axis=0)
    order = np.argsort(-np.abs(true_a - true_b), kind="stable")[:most]
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


def sentences(a: Row, b: Row, result: Comparison) -> list[str]:
    """Return the verdict first, then what stands behind it."""
    lines = [_verdict(a, b, result), _accuracies(a, b, result)]
    if result.seed_interval is not None:
        lines.append(
            f"On these {len(a.labels):,} test images alone (chance: seeds), the difference is "
            f"within {_points(result.seed_interval)}."
        )
    if (won := chance_of_one_run(a, b)) is not None:
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
    smallest = _signless(result.minimum_detectable_difference)
    lines.append(
        f"The smallest difference these seeds and images would have shown with {result.power:.0%} "
        f"power is {smallest} percentage points."
    )
    if result.looks > 1:
        lines.append(
            f"One of {result.looks} looks: each is judged at {_signless(result.alpha)}%, so that "
            f"all of them together are wrong in at most {_signless(result.alpha * result.looks)}%."
        )
    if result.to_decide is not None:
        lines.append(_to_decide(result, a.test_groups))
    return lines


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


def chance_of_one_run(a: Row, b: Row) -> WinningChance | None:
    """Return how often one run of ``a`` does better than one of ``b`` on these images."""
    if a.summary is None or b.summary is None:
        return None
    return winning_chance(a.summary.seed_accuracy, b.summary.seed_accuracy)


def plan_sentences(
    a: str, b: str, found: Plan, images: int, power: float, groups: ImageGroups | None = None
) -> list[str]:
    """Return how many seeds would show ``found.difference`` between ``a`` and ``b``."""
    goal = f"a difference of {_signless(found.difference)} percentage points between {a} and {b}"
    if found.seeds is not None:
        seeds = count(found.seeds, "seed")
        return [
            f"To show {goal} with {power:.0%} power: {seeds} of each model on "
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


def _verdict(a: Row, b: Row, result: Comparison) -> str:
    noun = datasets.noun_of(a.key.dataset)
    first, second = a.full_name, b.full_name
    size = _signless(abs(result.difference))
    if result.verdict in ("better", "worse"):
        return (
            f"{first} is {result.verdict} than {second} on {noun} like these, "
            f"by {size} percentage points."
        )
    if result.verdict == "equivalent":
        return (
            f"{first} and {second} are equivalent within {_margin(result)}: two one-sided tests at "
            f"{_signless(result.alpha)}% show it ({_level(2 * result.alpha)} interval "
            f"{_points(result.within)})."
        )
    return (
        f"Undecided: {first} and {second} differ by {size} percentage points, which chance may "
        f"explain, and a difference of more than {_margin(result)} is not ruled out."
    )


def _margin(result: Comparison) -> str:
    points = f"{_signless(result.margin)} percentage points"
    if result.relative_margin is None:
        return points
    return f"{points} ({_signless(result.relative_margin)}% of the fewer errors)"


def _level(alpha: float) -> str:
    return f"{_signless(1 - alpha)}%"


def _accuracies(a: Row, b: Row, result: Comparison) -> str:
    means = [number(100 * float(side.correct.mean()), 3) for side in (a, b)]
    runs = [count(len(side.correct), "seed") for side in (a, b)]
    return (
        f"{a.full_name} {means[0]}% ({runs[0]}), {b.full_name} {means[1]}% ({runs[1]}): difference "
        f"{signed_percent(result.difference, 3)} percentage points, {_level(result.alpha)} "
        f"interval {_points(result.interval)}, p {equals_p(result.p_value)}"
        f"{'' if a.test_groups is None else f'; drawn are {a.test_groups}'}."
    )


def _to_decide(result: Comparison, groups: ImageGroups | None) -> str:
    size = _signless(max(abs(result.difference), result.margin))
    if result.seeds_to_decide is not None:
        seeds = count(result.seeds_to_decide, "seed")
        return f"{seeds} of each would decide about {size} percentage points."
    if result.to_decide is not None and result.to_decide.images is not None:
        needed = _needed("the limit", result.to_decide, groups)
        return f"No number of seeds would decide about {size} percentage points: the {needed}."
    if result.to_decide is not None and result.to_decide.limited_by == "single runs":
        return "One run each says nothing about the spread over seeds: run at least two of each."
    return f"Neither seeds nor images would decide about {size} percentage points."


def _points(interval: Interval) -> str:
    return f"{signed_percent(interval.low, 3)} to {signed_percent(interval.high, 3)}"


def _signless(share: float) -> str:
    text = number(100 * share, 3)
    return text.rstrip("0").rstrip(".") if "." in text else text
