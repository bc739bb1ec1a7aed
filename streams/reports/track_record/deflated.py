"""Deflated Sharpe ratio: allows for the fact that the best of many configurations was chosen."""

from math import e, sqrt

from scipy.special import ndtri

from schemas.errors import TickloopError
from streams.reports.track_record.probabilistic import Moments, probabilistic_sharpe, variance_factor

EULER_GAMMA = 0.5772156649015329


def expected_best(trials: int, variance: float) -> float:
    """Sharpe ratio that the best of `trials` is expected to show if none of them has any skill; 0 for one trial.

    It is `SR_0 = sqrt(V) ((1 - gamma) Z(1 - 1/N) + gamma Z(1 - 1/(N e)))`, where gamma is the constant of Euler and
    Mascheroni, Z the normal quantile, N the number of trials and V the variance of their ratios.

    >>> round(expected_best(100, variance=1.0 / (2 * 250)), 4)
    0.1132

    Args:
        trials: number of independent configurations that were tried, including the chosen one.
        variance: variance of the trials' Sharpe ratios; each ratio is that of one interval, not of a year.

    References:
        Bailey and López de Prado (2014), The deflated Sharpe ratio, equation 1; the example is theirs.

    Raises:
        TickloopError: `trials` is below 1.
    """
    if trials < 1:
        raise TickloopError(f"expected 1 trial or more, was {trials}; fix: count the published one too")
    if trials == 1:
        return 0.0
    quantile = (1.0 - EULER_GAMMA) * ndtri(1.0 - 1.0 / trials) + EULER_GAMMA * ndtri(1.0 - 1.0 / (trials * e))
    return sqrt(variance) * float(quantile)


def deflated_sharpe(found: Moments, trials: int, variance: float | None = None) -> float:
    """Probability that the true Sharpe ratio is above 0, given that the record is the best of `trials`.

    It is the probabilistic Sharpe ratio against the benchmark `expected_best(trials, variance)`. With
    one trial the benchmark is 0, as the last example shows.

    Args:
        found: moments of the returns of the chosen configuration.
        trials: number of independent configurations that were tried, including the chosen one.
        variance: variance of the trials' Sharpe ratios; each ratio is that of one interval, not of a
            year. None: the squared standard error of the chosen configuration's ratio is used.

    >>> record = Moments(2.5 / sqrt(250), 1_250, -3.0, 10.0)
    >>> round(deflated_sharpe(record, 100, variance=1.0 / (2 * 250)), 4)
    0.9004
    >>> deflated_sharpe(record, 1) == probabilistic_sharpe(record)
    True

    References:
        Bailey and López de Prado (2014), The deflated Sharpe ratio, equation 2; the example is theirs.
    """
    spread = variance_factor(found) / (found.count - 1) if variance is None else variance
    return probabilistic_sharpe(found, expected_best(trials, spread))
