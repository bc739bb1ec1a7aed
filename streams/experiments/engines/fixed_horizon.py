"""Tests for a single look at a number of pairs that was fixed beforehand; they are not valid at earlier looks.

SciPy's statistics take long to load, so they are loaded by the first call. Nothing that runs live calls these tests.
"""

from math import sqrt

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray
from scipy.special import ndtr

from streams.experiments.engines.dependence import long_run_variance

Column = NDArray[np.float64]


class Tested(Struct, frozen=True):
    """Result of a test of A against B.

    Attributes:
        test: name of the test.
        difference: estimate for A less that for B.
        statistic: test statistic, in standard errors; of McNemar's test a number of pairs.
        p: two-sided p-value for "no difference".
    """

    test: str
    difference: float
    statistic: float
    p: float


def hac_t(scores: Column, lags: int) -> Tested:
    """Test whether the mean of autocorrelated scores is 0, with Newey-West standard errors and normal tails.

    >>> found = hac_t(np.convolve(np.random.default_rng(1).normal(size=2_009), np.ones(10), mode="valid"), lags=20)
    >>> round(found.statistic, 2), round(found.p, 2)
    (-0.69, 0.49)

    Args:
        scores: scores of A less those of B, in the order of time.
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
    """Exact McNemar test of win rates: a sign test of the pairs that only one of A and B won.

    The statistic is the number of pairs that only A won. The difference is that number less the number that only B won,
    as a fraction of both together.

    >>> round(mcnemar(only_a=30, only_b=10).p, 10)
    0.0022214338

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
