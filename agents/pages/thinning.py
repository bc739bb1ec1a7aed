"""Fewer points that draw the same line: a million ticks stay quick."""

import numpy as np
from numpy.typing import NDArray

from agents.pages.time_axis import time_axis

MOST = 2_000
"""Points of a line; a screen has fewer columns than that."""


def kept(times: NDArray[np.int64], values: NDArray[np.float64], most: int = MOST) -> NDArray[np.int64]:
    """Places of the points to draw: first, last, least and largest of each of `most / 4` spans, equally wide as drawn.

    Drawn on as many columns, the line is the same as that of all points.

    >>> values = np.zeros(1_000)
    >>> values[617] = 9.0
    >>> places = kept(np.arange(1_000), values, most=40)
    >>> len(places) <= 40, 617 in places, 0 in places, 999 in places
    (True, True, True, True)

    References:
        Jugel et al. (2014), M4: a visualization-oriented time series data aggregation, section 4.
    """
    count = len(times)
    if count <= most:
        return np.arange(count)
    span = np.searchsorted(time_axis(times).edges(most // 4)[1:-1], times, side="right")
    firsts = np.flatnonzero(np.concatenate(([True], span[1:] != span[:-1])))
    lasts = np.append(firsts[1:], count) - 1
    by_value = np.lexsort((values, span))
    return np.unique(np.concatenate((firsts, lasts, by_value[firsts], by_value[lasts])))
