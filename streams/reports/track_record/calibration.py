"""Calibration of probabilities of an upward move: how often the price then went up, in bins of equal count."""

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from streams.reports.track_record.equity import Column
from streams.scoring.wilson import Proportion, wilson

FEWEST = 20
"""Independent outcomes that a bin should have."""


class Bin(Struct, frozen=True):
    """Forecasts of similar probability, and how often the price then went up.

    Attributes:
        low, high: smallest and largest probability in the bin.
        count: number of forecasts in the bin.
        forecast: mean of their probabilities of an upward move.
        came: fraction of the forecasts after which the price went up, with an interval that allows for forecasts that
            overlap in time.
    """

    low: float
    high: float
    count: int
    forecast: float
    came: Proportion


def calibration(probabilities: Column, up: NDArray[np.bool_], independent: float, bins: int = 10) -> list[Bin]:
    """Reliability of forecasts in bins, in the order of rising probability; empty without forecasts.

    Bins have equal counts, because probabilities crowd around one half; equal probabilities stay in one
    bin. The number of bins is `independent / 20`, rounded down, so that a bin has about 20 independent
    forecasts or more. It is at least 1 and at most `bins`.

    Forecasts overlap in time, so not all of them are independent. The number of independent forecasts
    in a bin is taken to be `independent`, times the bin's share of all forecasts. Wilson's interval is
    computed with this number.

    Args:
        probabilities: probabilities of an upward move.
        up: whether the price went up.
        independent: largest number of forecasts of which no two overlap in time.
        bins: largest number of bins.

    >>> forecasts = np.repeat([0.2, 0.4, 0.7], 100)
    >>> up = np.tile(np.arange(100), 3) < np.repeat([25, 40, 60], 100)
    >>> for each in calibration(forecasts, up, independent=150, bins=3):
    ...     print(f"{each.count} {each.forecast:.2f} {each.came.value:.2f} {each.came.low:.2f}-{each.came.high:.2f}")
    100 0.20 0.25 0.15-0.38
    100 0.40 0.40 0.28-0.54
    100 0.70 0.60 0.46-0.72

    References:
        DeGroot and Fienberg (1983), The comparison and evaluation of forecasters: the reliability
        diagram.
        Bröcker and Smith (2007), Increasing the reliability of reliability diagrams, for bins of equal
        count.
    """
    count = len(probabilities)
    if count == 0:
        return []
    wanted = max(1, min(bins, int(independent // FEWEST)))
    order = np.argsort(probabilities, kind="stable")
    told, came = probabilities[order], up[order]
    # An edge moves down to the first of equal probabilities; what coincides then is one bin.
    edges = np.searchsorted(told, told[[number * count // wanted for number in range(1, wanted)]], side="left")
    cuts = np.unique(np.concatenate(([0], edges, [count])))
    found = []
    for start, end in zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True):
        size = end - start
        part = wilson(float(came[start:end].mean()), independent * size / count)
        if part is not None:
            found.append(Bin(float(told[start]), float(told[end - 1]), size, float(told[start:end].mean()), part))
    return found
