"""Sharpe ratio of one interval, its standard error, and how it scales to a year."""

from math import sqrt

from schemas.errors import TickloopError
from streams.reports.track_record.equity import Column

ROUNDING = 1e-12
"""Share of the largest return below which a deviation is what sums and differences leave of equal ones."""


def sharpe(returns: Column) -> float:
    """Sharpe ratio of one interval: mean / standard deviation (n - 1) of the returns.

    No risk-free rate is subtracted.

    In the second example all 59 returns are equal but for rounding, which is refused.

    >>> import numpy as np
    >>> round(sharpe(np.array([0.02, -0.01, 0.03, 0.01, -0.02])), 4)
    0.2893
    >>> sharpe(np.diff(np.cumsum(np.full(60, 0.1))))
    Traceback (most recent call last):
    ...
    schemas.errors.TickloopError: expected two returns or more that differ, was 59; fix: feed more ticks

    References:
        Sharpe (1994), The Sharpe ratio, equation 6.

    Raises:
        TickloopError: there are fewer than two returns, or all are equal but for rounding.
    """
    deviation = float(returns.std(ddof=1)) if len(returns) > 1 else 0.0
    if deviation <= ROUNDING * float(abs(returns).max(initial=0.0)):
        raise TickloopError(f"expected two returns or more that differ, was {len(returns)}; fix: feed more ticks")
    return float(returns.mean()) / deviation


def standard_error(ratio: float, count: int) -> float:
    """Standard error of the Sharpe ratio of `count` independent normal returns: `sqrt((1 + ratio^2 / 2) / count)`.

    >>> [round(standard_error(ratio, 12), 3) for ratio in (0.5, 1.0, 2.0)]
    [0.306, 0.354, 0.5]

    References:
        Lo (2002), The statistics of Sharpe ratios, equation 9.
    """
    return sqrt((1.0 + 0.5 * ratio * ratio) / count)


def robust_standard_error(returns: Column, lags: int | None = None) -> float:
    """Standard error of the Sharpe ratio that allows for autocorrelation, skew and fat tails.

    It is the standard error by the generalised method of moments, `sqrt(d' S d / T)`, where T is the
    number of returns. `S = G_0 + sum_j w_j (G_j + G_j')` is the long-run covariance of
    `phi_t = (R_t - mu, (R_t - mu)^2 - sigma^2)`, with the autocovariance `G_j` at lag j and the weights
    `w_j = 1 - j / (m + 1)`. `d = (1 / sigma, -mu / (2 sigma^3))` is the gradient.

    Args:
        returns: returns of regular intervals, in the order of time.
        lags: `m`, the number of lags; None: `bandwidth` of the number of returns.

    In the example gains and losses alternate, so errors cancel out: the robust standard error is below
    the one for independent returns.

    >>> import numpy as np
    >>> alternating = np.array([1.0, -0.8] * 50)
    >>> round(robust_standard_error(alternating), 3), round(standard_error(sharpe(alternating), 100), 3)
    (0.045, 0.1)

    References:
        Lo (2002), The statistics of Sharpe ratios, appendix A.2; Newey and West (1987), equation 5, for
        the weights.
    """
    count = len(returns)
    ratio = sharpe(returns)
    deviation = float(returns.std())
    away = returns - returns.mean()
    # One number for each return: d' phi_t, whose long-run variance is d' S d.
    influence = away / deviation - 0.5 * ratio * (away * away / (deviation * deviation) - 1.0)
    most = bandwidth(count) if lags is None else lags
    variance = float(influence @ influence) / count
    for lag in range(1, min(most, count - 1) + 1):
        variance += 2.0 * (1.0 - lag / (most + 1.0)) * float(influence[lag:] @ influence[:-lag]) / count
    return sqrt(variance / count)


def bandwidth(count: int) -> int:
    """Number of lags that are taken into account in `count` returns: `4 (count / 100)^(2/9)`, rounded down.

    >>> bandwidth(100), bandwidth(10_000)
    (4, 11)

    References:
        Newey and West (1994), Automatic lag selection in covariance matrix estimation, section 3, the constant of the
        Bartlett kernel.
    """
    return int(4.0 * (count / 100.0) ** (2.0 / 9.0))


def scale(returns: Column, periods: float, lags: int | None = None) -> float:
    """Factor that turns the Sharpe ratio of one interval into that of `periods` intervals.

    It is `eta(q) = q / sqrt(q + 2 sum_k (q - k) rho_k)`, where `rho_k` is the autocorrelation at lag k;
    without autocorrelation it is `sqrt(q)`. Each estimated autocorrelation is multiplied by
    `1 - k / (lags + 1)`, so that the sum cannot turn negative.

    Args:
        returns: returns of regular intervals, in the order of time.
        periods: `q`, for example the number of intervals a year.
        lags: number of autocorrelations that are taken into account; None: `bandwidth` of the number of
            returns; 0: none.

    The first example takes no autocorrelation into account: the factor is sqrt(12). The second calls
    `eta`, the formula for known autocorrelations, here `0.2^k` at lag k.

    >>> import numpy as np
    >>> round(scale(np.arange(9.0), 12, lags=0), 4)
    3.4641
    >>> round(eta(12, [0.2**k for k in range(1, 12)]), 2)
    2.88

    References:
        Lo (2002), The statistics of Sharpe ratios, equations 19 and 20.
    """
    count = len(returns)
    most = bandwidth(count) if lags is None else lags
    away = returns - returns.mean()
    total = float(away @ away)
    rhos = [
        (1.0 - lag / (most + 1.0)) * float(away[lag:] @ away[:-lag]) / total
        for lag in range(1, min(most, count - 1) + 1)
    ]
    return eta(periods, rhos)


def eta(periods: float, autocorrelations: list[float]) -> float:
    """Factor that turns the Sharpe ratio of one interval into that of q intervals.

    It is `q / sqrt(q + 2 sum_k (q - k) rho_k)`.

    Args:
        periods: q, the number of intervals.
        autocorrelations: rho_k, autocorrelations of the returns at the lags 1, 2, ...
    """
    total = periods + 2.0 * sum(
        (periods - lag) * rho for lag, rho in enumerate(autocorrelations, start=1) if lag < periods
    )
    return periods / sqrt(total)
