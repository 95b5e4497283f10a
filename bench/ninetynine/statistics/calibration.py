"""How far confidence is from the share of right answers, without what chance adds to it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ninetynine.statistics.crossed import MeanError, mean_error, summarize_values
from ninetynine.statistics.groups import Groups
from ninetynine.statistics.summary import BoolArray, FloatArray, IntArray, Interval, Summary

BINS = 15  # as in Guo, Pleiss, Sun and Weinberger, "On Calibration of Modern Neural Networks", 2017
_MOST_UNITS = 4096  # at a time


@dataclass(frozen=True, eq=False)
class BinErrors:
    """What each image adds to the error of its bin's mean in one run, times the root of the bin's
    share: float64 (m,), and the bins, int64 (m,)."""

    bins: IntArray
    values: FloatArray


@dataclass(frozen=True, eq=False)
class Calibration:
    """The root mean square calibration error of a model's runs, a share of 1.

    ``square`` is its square with its error; chance can make it negative where the error is near 0.
    """

    square: MeanError
    influence: Summary  # of image and seed on the square
    interval: Interval
    of_images: "Calibration | None" = None  # as of single ones, where images come in groups

    @property
    def error(self) -> float:
        """The error itself, 0 where chance explains all of it."""
        return math.sqrt(max(self.square.mean, 0.0))


def calibration(
    confidence: FloatArray, correct: BoolArray, groups: Groups | None = None
) -> Calibration:
    """Estimate the calibration error from ``confidence`` and ``correct``, both (seeds, images).

    Of each run the mean over its predictions of (confidence - share right)^2, by ``BINS`` bins of
    equal width, less what the bins' finite counts add: the debiased estimator of Kumar, Liang and
    Ma 2019, whose variance of a bin is here that of confidence less right, over groups where images
    come in groups.  (The usual mean of absolute differences is biased upwards: Roelofs, Cain,
    Shlens and Mozer 2022.)  The variance is that of its influence function, with the second-order
    part that remains where the calibration is perfect (`mean_error`).  Where images come in groups,
    the interval holds the one for single images: more chance is never less uncertainty.
    """
    parts = [calibration_values(c, r, groups) for c, r in zip(confidence, correct, strict=True)]
    influence = summarize_values(np.stack([values for values, _ in parts]), groups)
    second_order = second_order_variance([errors for _, errors in parts], groups)
    influence = replace(influence, second_order=second_order)
    error = mean_error(influence)
    interval = _root_interval(error)
    if groups is None:
        return Calibration(error, influence, interval)
    alone = calibration(confidence, correct)
    return Calibration(error, influence, interval.hull(alone.interval), alone)


def _root_interval(square: MeanError) -> Interval:
    found = square.interval()
    return Interval(*(math.sqrt(max(end, 0.0)) for end in (found.low, found.high)))


def second_order_variance(runs: Sequence[BinErrors], groups: Groups | None) -> float:
    """Return the variance of the mean over ``runs`` that comes from squares of their bins' errors.

    Errors of two bins, normal with covariance c, have squares with covariance 2 c^2.  Runs share
    their images, so that bins of two runs err together in part, and only what they do not share
    averages out.
    """
    bins = np.stack([run.bins for run in runs]) + BINS * np.arange(len(runs))[:, None]
    values, size, m = np.stack([run.values for run in runs]), BINS * len(runs), len(runs[0].bins)
    covariance: FloatArray = np.zeros((size, size))
    if groups is not None:
        cells = (bins * groups.count + groups.codes).ravel()
        sums = np.bincount(cells, values.ravel(), size * groups.count).astype(np.float64)
        covariance = sums.reshape(size, -1) @ sums.reshape(size, -1).T
    for start in range(0, m if groups is None else 0, _MOST_UNITS):
        some = slice(start, start + _MOST_UNITS)
        here = np.zeros((size, len(bins[0, some])))
        here[bins[:, some], np.arange(here.shape[1])] = values[:, some]
        covariance += here @ here.T
    return float(2 * np.sum(np.square(covariance))) / len(runs) ** 2


def calibration_values(
    confidence: FloatArray, correct: BoolArray, groups: Groups | None
) -> tuple[FloatArray, BinErrors]:
    """Return (m,) values of one run, and what its images add to the errors of its bins.

    The mean is the square of the error, debiased; the rest is each image's influence on it.
    """
    m = len(confidence)
    bins = np.clip((confidence * BINS).astype(np.int64), 0, BINS - 1)
    excess = confidence - correct
    counts = np.bincount(bins, minlength=BINS)
    known = np.maximum(counts, 1)
    mean = np.bincount(bins, excess, minlength=BINS) / known
    residual = excess - mean[bins]
    if groups is None:
        squares, units = np.bincount(bins, residual**2, minlength=BINS), counts
    else:
        cells, size = bins * groups.count + groups.codes, BINS * groups.count
        sums = np.bincount(cells, residual, minlength=size).reshape(BINS, groups.count)
        squares = np.square(sums).sum(axis=1)
        units = (np.bincount(cells, minlength=size).reshape(sums.shape) > 0).sum(axis=1)
    # A bin with one image or group says nothing of its variance: all of its excess is chance.
    alone = (units < 2) & (counts > 0)
    variance = squares * units / np.maximum(units - 1, 1) / known**2
    variance = np.where(alone, mean**2, variance)
    share = counts / m
    influence = 2 * mean[bins] * excess - mean[bins] ** 2
    debiased = float(share @ (mean**2 - variance))
    scale = np.sqrt(share * units / np.maximum(units - 1, 1)) / known
    of_alone = np.sqrt(share) * mean / known  # all of the mean is error, shared among the images
    errors = np.where(alone[bins], of_alone[bins], scale[bins] * residual)
    return influence + (debiased - influence.mean()), BinErrors(bins, errors)


def calibration_difference(a: Calibration, b: Calibration) -> tuple[float, Interval]:
    """Return error a less error b and its 95% interval (Zou and Donner 2008).

    The ends of the two intervals are combined, with the correlation that the images make.  Both
    are by Student's t with the degrees of freedom that two spreads have together (Welch 1947): each
    with its own would be a difference with the degrees of the poorer one.  By groups it holds the
    interval for single images.
    """
    shared, squares = _correlation(a, b), (a.square, b.square)
    x, y = a.error, b.error
    spread = sum(one.variance**2 / one.degrees_of_freedom for one in squares)
    total = sum(one.variance for one in squares)
    freedom = total**2 / spread if spread > 0 else math.inf
    together = [replace(one, degrees_of_freedom=freedom, of_images=None) for one in squares]
    of_x, of_y = map(_root_interval, together)

    def reach(one: float, other: float) -> float:
        return math.sqrt(max(one**2 + other**2 - 2 * shared * one * other, 0.0))

    low = x - y - reach(x - of_x.low, of_y.high - y)
    high = x - y + reach(of_x.high - x, y - of_y.low)
    found = Interval(low, high)
    if a.of_images is not None and b.of_images is not None:
        found = found.hull(calibration_difference(a.of_images, b.of_images)[1])
    return x - y, found


def _correlation(a: Calibration, b: Calibration) -> float:
    """Return the correlation of two estimates on the same images: shared images, other seeds."""
    centered = [c.influence.image_accuracy - c.influence.image_accuracy.mean() for c in (a, b)]
    groups = a.influence.groups
    if groups is not None:
        centered = [np.bincount(groups.codes, weights=values) for values in centered]
    covariance = float(centered[0] @ centered[1]) / a.influence.n_images**2
    scale = math.sqrt(a.square.variance * b.square.variance)
    return float(np.clip(covariance / scale, 0.0, 1.0)) if scale > 0 else 0.0
