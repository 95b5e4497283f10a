"""Distribution functions under plain names, from ``scipy.special``.

``scipy.special`` is loaded in half a second; ``scipy.stats``, which would offer the
same numbers, takes 1.5 s, and a cold ``bench`` command pays for it every time.
"""

from functools import lru_cache
from typing import cast

import numpy as np
from numpy.typing import NDArray
from scipy import special


@lru_cache(maxsize=4096)
def t_quantile(probability: float, degrees_of_freedom: float) -> float:
    """Quantile of Student's t; ``inf`` degrees of freedom give the normal quantile."""
    if np.isinf(degrees_of_freedom):
        return float(special.ndtri(probability))
    return float(special.stdtrit(degrees_of_freedom, probability))


def t_probability(value: float, degrees_of_freedom: float) -> float:
    """P(T <= value) for Student's t; ``inf`` degrees of freedom give the normal."""
    if np.isinf(degrees_of_freedom):
        return float(special.ndtr(value))
    return float(special.stdtr(degrees_of_freedom, value))


def noncentrality_for_power(power: float, alpha: float, degrees_of_freedom: float) -> float:
    """True difference, in standard errors, that a two-sided t test finds with ``power``.

    ``alpha`` is the level of the test.  The far tail (a significant result of the wrong
    sign) is left out: below 1e-4 at 80% power.
    """
    critical = t_quantile(1 - alpha / 2, degrees_of_freedom)
    if degrees_of_freedom > 1e6:
        # The noncentral t has become the normal, and the inverse is slow up there.
        return critical + float(special.ndtri(power))
    return float(special.nctdtrinc(degrees_of_freedom, 1 - power, critical))


def t_power(noncentrality: float, alpha: float, degrees_of_freedom: float) -> float:
    """Power of the two-sided t test at ``alpha`` (the tail on the side of the difference)."""
    critical = t_quantile(1 - alpha / 2, degrees_of_freedom)
    if degrees_of_freedom > 1e6:
        return float(special.ndtr(noncentrality - critical))
    return float(1 - special.nctdtr(degrees_of_freedom, noncentrality, critical))


def binomial_probability(at_most: int, trials: int, probability: float) -> float:
    """P(X <= at_most) for X ~ Binomial(trials, probability)."""
    return float(special.bdtr(at_most, trials, probability))


def beta_quantile(probability: float, a: float, b: float) -> float:
    """Quantile of the Beta(a, b) distribution, with its limits at ``a = 0`` and ``b = 0``."""
    if a <= 0:
        return 0.0
    return 1.0 if b <= 0 else float(special.betaincinv(a, b, probability))


def log_choose(total: int, chosen: NDArray[np.int64]) -> NDArray[np.float64]:
    """Natural logarithm of the binomial coefficient, elementwise over ``chosen``."""
    rest = total - chosen
    log_value = special.gammaln(total + 1) - special.gammaln(chosen + 1) - special.gammaln(rest + 1)
    return cast(NDArray[np.float64], log_value)
