"""The time axis that the charts of a page share; hours in which a market was closed are cut out of it."""

from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from streams.reports.track_record.equity import Times

HOUR = 3_600 * 10**9
SECOND = 10**9
MS = 10**6
USUAL_STEPS = 20
"""A pause is only cut if it is so many times as long as the median step between events."""
PART_LEFT = 60
"""A cut leaves this part (1/60) of the time outside of pauses visible, so that the reader notices the pause."""


class TimeAxis(Struct, frozen=True):
    """Range of a time axis, and the pauses that are cut out of it.

    Attributes:
        first, last: ends of the range, ns since 1970.
        closed: begin and end of each cut, ns since 1970. A short piece is left at each end of a pause,
            so that the reader notices it.

    In the example, events stop at 6 h and begin again at 24 h. At both ends of this pause, 0.1 h is
    left.

    >>> day = np.arange(0, 6 * HOUR, 10 * SECOND)
    >>> axis = time_axis(np.concatenate([day, day + 24 * HOUR]))
    >>> [[round(end / HOUR, 2) for end in pause] for pause in axis.closed]
    [[6.1, 23.9]]
    """

    first: int
    last: int
    closed: tuple[tuple[int, int], ...] = ()

    def layout(self) -> dict[str, Any]:
        """Settings of this axis for Plotly; a range without length is widened to a millisecond."""
        breaks = [{"bounds": [str(np.datetime64(end, "ns")) for end in pause]} for pause in self.closed]
        return {"range": (self.first / 1e6, max(self.last, self.first + MS) / 1e6), "rangebreaks": breaks}

    @property
    def opened(self) -> int:
        """Length of the axis without the pauses that are cut out, ns."""
        return self.last - self.first - sum(end - begin for begin, end in self.closed)

    def edges(self, cells: int) -> NDArray[np.float64]:
        """Event times in ns that divide the axis into `cells` spans of equal width on the screen.

        No edge lies within a pause that is cut out of the axis.

        >>> TimeAxis(first=0, last=100, closed=((20, 60),)).edges(cells=3).tolist()
        [0.0, 20.0, 80.0, 100.0]
        """
        times = np.array([self.first, *(end for pause in self.closed for end in pause), self.last], float)
        steps = np.diff(times)
        steps[1::2] = 0.0
        room = np.concatenate([[0.0], steps.cumsum()])
        wanted = np.linspace(0.0, room[-1], cells + 1)
        behind = np.clip(np.searchsorted(room, wanted), 1, None)
        return np.asarray(times[behind] - (room[behind] - wanted))

    def middles(self, cells: int) -> NDArray[np.int64]:
        """Event times in ns at the middle of each of `cells` spans of equal width on the screen.

        >>> TimeAxis(first=0, last=100, closed=((20, 60),)).middles(cells=3).tolist()
        [10, 70, 90]
        """
        return self.edges(2 * cells)[1::2].astype(np.int64)


def time_axis(times: Times) -> TimeAxis:
    """Time axis for events at these times (ns since 1970, in any order, at least one).

    A pause between two events is cut if it is longer than an hour and longer than 20 times the median
    distance of events. Of each pause a short time is left, half of it at either end: a sixtieth of all
    time outside of pauses, at least a second. A pause less than three times as long as what would be
    left is not cut.
    """
    at = np.unique(times)
    steps = np.diff(at)
    usual = USUAL_STEPS * float(np.median(steps)) if len(steps) else 0.0
    opened = float(steps[(steps <= HOUR) | (steps <= usual)].sum())
    left = max(float(SECOND), opened / PART_LEFT)
    half = round(left / 2)
    pauses = np.flatnonzero(steps > max(HOUR, usual, 3 * left))
    closed = tuple((int(at[place]) + half, int(at[place + 1]) - half) for place in pauses)
    return TimeAxis(int(at[0]), int(at[-1]) + 1, closed)
