"""Sharpe ratio over a moving window, with a confidence interval."""

from typing import NamedTuple

import numpy as np
from scipy.special import ndtri

from streams.reports.track_record.equity import Column


class Rolling(NamedTuple):
    """Sharpe ratio of one interval at the end of each window; NaN where the returns of a window are all equal.

    Attributes:
        ratio: Sharpe ratio of each window.
        low, high: ends of the confidence interval of each ratio.
    """

    ratio: Column
    low: Column
    high: Column


def rolling_sharpe(returns: Column, window: int, level: float = 0.95) -> Rolling:
    """Sharpe ratios over all windows of `window` neighbouring returns; empty with fewer returns than that.

    The confidence interval, `SR -+ z sqrt((1 + SR^2 / 2) / window)`, holds for independent normal returns. `level` is
    its probability, 0 to 1.

    >>> found = rolling_sharpe(np.array([1.0, 2.0, 1.0, 0.0, -1.0]), window=4)
    >>> found.ratio.round(3).tolist(), found.low.round(3).tolist()
    ([1.225, 0.387], [-0.072, -0.629])

    References:
        Lo (2002), The statistics of Sharpe ratios, equation 9.
    """
    if len(returns) < window:
        nothing = np.empty(0)
        return Rolling(nothing, nothing, nothing)
    # Centred once: differences of large sums would lose what a small variance rests on.
    centre = float(returns.mean())
    away = returns - centre
    sums = np.concatenate(([0.0], np.cumsum(away)))
    squares = np.concatenate(([0.0], np.cumsum(away * away)))
    mean = (sums[window:] - sums[:-window]) / window
    variance = (squares[window:] - squares[:-window] - window * mean * mean) / (window - 1)
    still = variance <= 1e-12 * max(float(away @ away) / len(away), 1e-300)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.where(still, np.nan, (mean + centre) / np.sqrt(np.where(still, 1.0, variance)))
    half = float(ndtri(0.5 + 0.5 * level)) * np.sqrt((1.0 + 0.5 * ratio * ratio) / window)
    return Rolling(ratio, ratio - half, ratio + half)
