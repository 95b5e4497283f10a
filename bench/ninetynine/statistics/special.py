"""Distribution functions under plain names, from ``scipy.special``.

``scipy.special`` is loaded in half a second; ``scipy.stats``, which would offer the
same numbers, takes 1.5 s, and a cold ``bench`` command pays for it every time.
"""

from functools import lru_cache

import numpy as np
from scipy import special

# Critical values beyond this (few runs, thousands of pairs) leave no chance but the estimated
# spread's, a chi-square; the noncentral t takes minutes there.
_FAR = 1e3


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
    if critical > _FAR:
        spread = special.chdtri(degrees_of_freedom, 1 - power) / degrees_of_freedom
        return critical * float(np.sqrt(spread))
    return float(special.nctdtrinc(degrees_of_freedom, 1 - power, critical))


def t_power(noncentrality: float, alpha: float, degrees_of_freedom: float) -> float:
    """Power of the two-sided t test at ``alpha`` (the tail on the side of the difference)."""
    critical = t_quantile(1 - alpha / 2, degrees_of_freedom)
    if degrees_of_freedom > 1e6:
        return float(special.ndtr(noncentrality - critical))
    if critical > _FAR:
        spread = (noncentrality / critical) ** 2
        return float(special.chdtr(degrees_of_freedom, degrees_of_freedom * spread))
    return float(1 - special.nctdtr(degrees_of_freedom, noncentrality, critical))
