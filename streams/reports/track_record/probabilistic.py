"""How probable it is that the true Sharpe ratio is beyond a benchmark, given skew, fat tails and few returns."""

from math import inf, sqrt

from msgspec import Struct
from scipy.special import ndtr, ndtri

from streams.reports.track_record.equity import Column
from streams.reports.track_record.sharpe import sharpe


class Moments(Struct, frozen=True):
    """Moments of the returns that the distribution of an estimated Sharpe ratio depends on.

    Attributes:
        ratio: Sharpe ratio of one interval.
        count: returns.
        skewness: third standardised moment; 0 for a normal.
        kurtosis: fourth standardised moment; 3 for a normal.
    """

    ratio: float
    count: int
    skewness: float = 0.0
    kurtosis: float = 3.0


def moments(returns: Column) -> Moments:
    """Of returns; raises `TickloopError` where `sharpe` does.

    The two means are written out because `skew` and `kurtosis` of SciPy give no number where returns hardly vary.
    """
    ratio = sharpe(returns)
    standard = (returns - returns.mean()) / returns.std()
    return Moments(ratio, len(returns), float((standard**3).mean()), float((standard**4).mean()))


def variance_factor(found: Moments) -> float:
    """`1 - skew SR + (kurt - 1) / 4 SR^2`: variance of the estimated ratio times the number of returns."""
    return 1.0 - found.skewness * found.ratio + 0.25 * (found.kurtosis - 1.0) * found.ratio * found.ratio


def probabilistic_sharpe(found: Moments, benchmark: float = 0.0) -> float:
    """Probability that the true ratio of one interval is above `benchmark`.

    `PSR(SR*) = Phi((SR - SR*) sqrt(T - 1) / sqrt(1 - skew SR + (kurt - 1) / 4 SR^2))`

    The monthly record of a fund over two years, as it is and as if it were normal:

    >>> round(probabilistic_sharpe(Moments(0.458, 24, -2.448, 10.164)), 3)
    0.913
    >>> round(probabilistic_sharpe(Moments(0.458, 24)), 3)
    0.982

    References:
        Bailey and López de Prado (2012), The Sharpe ratio efficient frontier, equation 11; the fund is theirs.
    """
    score = (found.ratio - benchmark) * sqrt(found.count - 1) / sqrt(variance_factor(found))
    return float(ndtr(score))


def shortest_record(found: Moments, benchmark: float = 0.0, level: float = 0.95) -> float:
    """Returns that it would take until the ratio found is above the benchmark at `level`; infinite if it is below it.

    `MinTRL = 1 + (1 - skew SR + (kurt - 1) / 4 SR^2) (z / (SR - SR*))^2`

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
