"""Tests of A (challenger) against B (champion) that look once, at a number of predictions that was fixed beforehand.

They are not valid at earlier looks. Each prediction gives a pair: the results of A and of B. SciPy's statistics take
long to load, so they are loaded by the first call. Nothing that runs live calls these tests.
"""

from math import sqrt

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray
from scipy.special import ndtr

from streams.experiments.engines.dependence import long_run_variance

Column = NDArray[np.float64]


class Tested(Struct, frozen=True):
    """Result of a test of challenger A against champion B.

    Attributes:
        test: name of the test.
        difference: estimated difference between A and B; above 0: A is better.
        statistic: `difference` in standard errors; for McNemar's test the number of predictions that only A won.
        p: two-sided p-value for "no difference".
    """

    test: str
    difference: float
    statistic: float
    p: float


def hac_t(scores: Column, lags: int) -> Tested:
    """Test whether the mean of autocorrelated scores is 0, by Newey-West errors and normal tails.

    The scores of the example are moving sums of ten normal numbers, with the true mean 0: no difference
    is found.

    >>> found = hac_t(np.convolve(np.random.default_rng(1).normal(size=2_009), np.ones(10), mode="valid"), lags=20)
    >>> round(found.statistic, 2), round(found.p, 2)
    (-0.69, 0.49)

    Args:
        scores: for each prediction the result of challenger A less that of champion B, in the order of
            time.
        lags: largest lag whose autocovariance enters the standard error.

    References:
        Newey and West (1987); `dependence.long_run_variance`.
    """
    mean, variance = float(np.mean(scores)), long_run_variance(scores, lags)
    if variance <= 0.0:
        return _constant("HAC t", mean, len(scores))
    statistic = mean / sqrt(variance / len(scores))
    return Tested("HAC t", mean, statistic, float(2.0 * ndtr(-abs(statistic))))


def mcnemar(only_a: int, only_b: int) -> Tested:
    """Exact McNemar test of win rates: a sign test of the predictions that only one of A and B won.

    The statistic is `only_a`. The difference is `(only_a - only_b) / (only_a + only_b)`.

    >>> round(mcnemar(only_a=30, only_b=10).p, 10)
    0.0022214338

    Args:
        only_a, only_b: numbers of predictions that only A (the challenger) won, and that only B (the champion) won.

    References:
        McNemar (1947), Note on the sampling error of the difference between correlated proportions or percentages.
    """
    total = only_a + only_b
    if not total:
        return Tested("exact McNemar", 0.0, 0.0, 1.0)
    from scipy.stats import binomtest

    return Tested("exact McNemar", (only_a - only_b) / total, float(only_a), float(binomtest(only_a, total).pvalue))


def _constant(test: str, difference: float, n: int) -> Tested:
    """Result for differences without variance: p is 1 if they are 0, else that of a sign test of n equal signs."""
    if difference == 0.0:
        return Tested(test, 0.0, 0.0, 1.0)
    return Tested(test, difference, float(np.copysign(np.inf, difference)), 2.0 ** (1 - n))
