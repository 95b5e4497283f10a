"""All comparisons of a board at once: how large the largest of them gets by chance.

The means of a board's models are compared over the same images, and a model takes part in many
comparisons, so that they err together.  Holm's correction allows for any dependence; here it is
drawn.  The vector of the models' means varies by the draw of images (or of their groups) and of
each model's seeds; draws from the normal distribution with that covariance, which is what Gaussian
multipliers of the groups' and the seeds' effects would give (Chernozhukov, Chetverikov and Kato
2013), say how far the most extreme of any set of comparisons goes where no models differ.  Stepping
down over it controls the chance of any false "different" (Romano and Wolf 2005).

Each comparison enters with its own p-value as a normal deviate, so that what makes it valid for
few seeds or few errors holds here, too.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ninetynine.statistics.summary import FloatArray, Summary

_DRAWS, _FEWEST_DRAWS = 10_000, 1_000
_MOST_NUMBERS = 100_000_000  # draws times pairs; more pairs get fewer draws
_NUMBERS_AT_ONCE = 2**18  # of pairs drawn together: what a cache holds
_FAR = 8.0  # a deviate that no draw reaches: one in 10^15
_SEED = 2005  # the same draws for the same board

Places = NDArray[np.intp]


def deviates(p_values: FloatArray) -> FloatArray:
    """Return |z| for which a normal test has these two-sided p-values."""
    z: FloatArray = -special.ndtri(np.asarray(p_values, dtype=np.float64) / 2)
    return z


@dataclass(frozen=True, eq=False)
class JointDraws:
    """Draws of N models' means around their true ones, float32 (N, draws), and their covariance.

    A pair is two models' places, first less second.
    """

    means: NDArray[np.float32]
    covariance: FloatArray

    @classmethod
    def of(cls, covariance: FloatArray) -> "JointDraws":
        """Return draws from N(0, ``covariance``), (N, N) and positive definite; never others."""
        n = len(covariance)
        pairs = max(n * (n - 1) // 2, 1)
        draws = min(max(_MOST_NUMBERS // pairs, _FEWEST_DRAWS), _DRAWS)
        scale = np.sqrt(np.diag(covariance).max())  # so that no number is too small for float32
        root = np.linalg.cholesky(covariance / scale**2)
        normal = np.random.default_rng(_SEED).standard_normal((n, draws))
        return cls((root @ normal).astype(np.float32), covariance / scale**2)

    @property
    def count(self) -> int:
        return int(self.means.shape[1])

    def _standardized(self, first: Places, second: Places) -> Iterator[NDArray[np.float32]]:
        """Yield the pairs' drawn differences, in standard errors, (some pairs, draws)."""
        c = self.covariance
        scale = 1 / np.sqrt(c[first, first] + c[second, second] - 2 * c[first, second])
        factors, together = scale.astype(np.float32), max(_NUMBERS_AT_ONCE // self.count, 1)
        for start in range(0, len(first), together):
            some = slice(start, start + together)
            drawn = self.means[first[some]] - self.means[second[some]]
            drawn *= factors[some, None]
            yield drawn

    def _above(self, z: FloatArray, first: Places, second: Places) -> NDArray[np.int64]:
        """Return how many draws' largest |difference| of a pair and all before it reach its z."""
        found = np.empty(len(z), dtype=np.int64)
        largest, done = np.zeros(self.count, dtype=np.float32), 0
        for drawn in self._standardized(first, second):
            np.abs(drawn, out=drawn)
            for pair in drawn:  # a fourth of the time of `np.maximum.accumulate`, to the same bits
                largest = np.maximum(pair, largest, out=pair)
            some = slice(done, done + len(drawn))
            found[some] = np.count_nonzero(drawn >= z[some, None], axis=1)
            done = some.stop
        return found

    def adjusted(self, z: FloatArray, first: Places, second: Places) -> FloatArray:
        """Return the step-down p-values of P pairs whose observed deviates are ``z``, |z| (P,).

        The k-th largest is held against the largest drawn of those that are not above it.
        """
        order = np.argsort(z, kind="stable")  # the smallest first
        adjusted = len(z) * 2 * special.ndtr(-z)  # Bonferroni's, for those far out
        order = order[z[order] < _FAR]
        above = self._above(z[order], first[order], second[order])
        share = (above + 1.0) / (self.count + 1)
        adjusted[order] = np.maximum.accumulate(share[::-1])[::-1]
        # Never below the comparison's own p-value, which the draws know to 1 in ``count`` only.
        clipped: FloatArray = np.clip(adjusted, 2 * special.ndtr(-z), 1.0)
        return clipped

    def one_sided(self, z: FloatArray, model: int) -> float:
        """Return the p-value of "no model is better than ``model``".

        ``z`` (N,) are signed deviates, positive where the other model looks better.
        """
        others = np.flatnonzero(np.arange(len(z)) != model)
        seen = z[others].max(initial=0.0)
        if not 0 < seen < _FAR:  # nothing to draw: no model looks better, or one surely is
            return float(special.ndtr(-seen))
        largest = np.full(self.count, -np.inf, dtype=np.float32)
        for drawn in self._standardized(others, np.full_like(others, model)):
            np.maximum(largest, drawn.max(axis=0), out=largest)
        share = (np.count_nonzero(largest >= seen) + 1) / (self.count + 1)
        return max(float(share), float(special.ndtr(-seen)))


def covariance_of_means(summaries: Sequence[Summary]) -> FloatArray:
    """Covariance of the models' means for new images of the same kind, (N, N).

    Images, or groups of them, are shared by all models; seeds are each model's own.  Models with a
    single run are taken to vary over seeds as the others do on average.  As in `difference_error`,
    one more error of each model, on an image of its own, gives identical models a distance.
    """
    m = summaries[0].n_images
    effects = np.stack([s.group_sums for s in summaries])
    covariance: FloatArray = effects @ effects.T / m**2
    parts = [s.seed_mean_square - s.rest_over_groups for s in summaries if s.n_seeds > 1]
    usual = max(float(np.mean(parts)), 0.0) if parts else 0.0
    for i, s in enumerate(summaries):
        part = s.seed_mean_square - s.rest_over_groups if s.n_seeds > 1 else usual
        covariance[i, i] += max(part, 0.0) / (m * s.n_seeds) + s.one_more + s.second_order
    return covariance


def with_shared_runs(
    covariance: FloatArray, variances: Mapping[tuple[int, int], float]
) -> FloatArray:
    """Return ``covariance`` (N, N) of means with what models whose runs are the same share.

    ``variances`` are those of the differences of such pairs, by place: what these are less than
    with separate runs is shared by both, and no chance of their difference.
    """
    found = covariance.copy()
    for (i, j), variance in variances.items():
        both = covariance[i, i] + covariance[j, j] - variance
        found[i, j] = found[j, i] = max(both / 2, covariance[i, j])
    # Pair by pair they may fit no joint distribution; then less is shared, which is the safe side.
    for share in (1.0, 0.9, 0.5) if variances else ():
        mixed: FloatArray = share * found + (1 - share) * covariance
        try:
            np.linalg.cholesky(mixed / np.diag(mixed).max())
        except np.linalg.LinAlgError:
            continue
        return mixed
    return covariance
