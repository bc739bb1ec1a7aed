"""Return relative to downside risk: Sortino and Calmar ratios."""

from math import sqrt

from streams.reports.track_record.equity import Column


def sortino(returns: Column, target: float = 0.0) -> float | None:
    """Sortino ratio of one interval: (mean return - target) / downside deviation; None if no return is below target.

    It is `(mean(R) - t) / sqrt(mean(min(R - t, 0)^2))`; the mean of squares is over all returns. The target t is in the
    unit of the returns.

    >>> import numpy as np
    >>> round(sortino(np.array([2.0, -1.0, 3.0, -2.0])), 4)
    0.4472

    References:
        Sortino and van der Meer (1991), Downside risk.
    """
    short = (returns - target).clip(max=0.0)
    deviation = sqrt(float((short * short).mean())) if len(returns) else 0.0
    return (float(returns.mean()) - target) / deviation if deviation else None


def calmar(net_bps: float, years: float, drawdown_bps: float) -> float | None:
    """Calmar ratio: net gain a year / deepest drawdown, both in bps of capital; None without a drawdown.

    >>> calmar(net_bps=300.0, years=1.5, drawdown_bps=100.0)
    2.0

    References:
        Young (1991), Calmar ratio: a smoother tool; here over the whole record instead of 36 months.
    """
    return net_bps / years / drawdown_bps if drawdown_bps > 0.0 else None
