"""Chooses points of a long line that keep its shape, since a page with a million points would be slow."""

import numpy as np
from numpy.typing import NDArray

from agents.pages.time_axis import time_axis

MOST = 2_000
"""Most points of a line; a screen has fewer columns."""


def kept(times: NDArray[np.int64], values: NDArray[np.float64], most: int = MOST) -> NDArray[np.int64]:
    """Indices, in ascending order, of the points of a line that need to be drawn.

    Time is cut into `most / 4` spans. Of each span the first, last, least and largest point are kept. On a chart
    with one pixel for each span the line looks the same as with all points.

    Args:
        times: event times, ns, ascending.
        values: value at each time.
        most: largest number of indices; all points are kept if there are no more than this.

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
