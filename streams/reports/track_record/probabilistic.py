"""Probability that the true Sharpe ratio exceeds a benchmark; it allows for skew, fat tails and few returns."""

from math import inf, sqrt

from msgspec import Struct
from scipy.special import ndtr, ndtri

from streams.reports.track_record.equity import Column
from streams.reports.track_record.sharpe import sharpe


class Moments(Struct, frozen=True):
    """Moments of returns on which the distribution of an estimated Sharpe ratio depends.

    Attributes:
        ratio: Sharpe ratio of one interval.
        count: number of returns.
        skewness: third standardised moment; 0 for a normal distribution.
        kurtosis: fourth standardised moment; 3 for a normal distribution.
    """

    ratio: float
    count: int
    skewness: float = 0.0
    kurtosis: float = 3.0


def moments(returns: Column) -> Moments:
    """Moments of the returns of regular intervals.

    They are not computed by SciPy's `skew` and `kurtosis`, which give no number where returns hardly vary.

    Raises:
        TickloopError: there are fewer than two returns, or all are equal but for rounding.
    """
    ratio = sharpe(returns)
    standard = (returns - returns.mean()) / returns.std()
    return Moments(ratio, len(returns), float((standard**3).mean()), float((standard**4).mean()))


def variance_factor(found: Moments) -> float:
    """Variance of the estimated Sharpe ratio times the number of returns: `1 - skew SR + (kurt - 1) / 4 SR^2`."""
    return 1.0 - found.skewness * found.ratio + 0.25 * (found.kurtosis - 1.0) * found.ratio * found.ratio


def probabilistic_sharpe(found: Moments, benchmark: float = 0.0) -> float:
    """Probability that the true Sharpe ratio of one interval is above `benchmark`.

    It is `PSR(SR*) = Phi((SR - SR*) sqrt(T - 1) / sqrt(1 - skew SR + (kurt - 1) / 4 SR^2))`, where SR* is the
    benchmark, SR the ratio in `found`, and T the number of returns.

    Example: two years of monthly returns of a fund, first with its skew and kurtosis, then as if returns were normal.

    >>> round(probabilistic_sharpe(Moments(0.458, 24, -2.448, 10.164)), 3)
    0.913
    >>> round(probabilistic_sharpe(Moments(0.458, 24)), 3)
    0.982

    References:
        Bailey and López de Prado (2012), The Sharpe ratio efficient frontier, equation 11; the example is theirs.
    """
    score = (found.ratio - benchmark) * sqrt(found.count - 1) / sqrt(variance_factor(found))
    return float(ndtr(score))


def shortest_record(found: Moments, benchmark: float = 0.0, level: float = 0.95) -> float:
    """Number of returns at which a true Sharpe ratio above `benchmark` is shown with probability `level`.

    The returns are taken to have the moments `found`. The number is infinite if SR, the Sharpe ratio in `found`, is not
    above the benchmark SR*; else it is `MinTRL = 1 + (1 - skew SR + (kurt - 1) / 4 SR^2) (z / (SR - SR*))^2`. All
    ratios are those of one interval.

    >>> round(shortest_record(Moments(0.458, 24, -2.448, 10.164)), 1)
    34.6
    >>> shortest_record(Moments(-0.1, 24))
    inf

    References:
        Bailey and López de Prado (2012), The Sharpe ratio efficient frontier, equation 13.
    """
    if found.ratio <= benchmark:
        return inf
    return 1.0 + variance_factor(found) * float(ndtri(level) / (found.ratio - benchmark)) ** 2
