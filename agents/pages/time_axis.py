"""The time axis that the charts of a page share: hours in which a market was closed take no room on it."""

from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from streams.reports.track_record.equity import Times

HOUR = 3_600 * 10**9
SECOND = 10**9
MS = 10**6
USUAL_STEPS = 20
"""A pause is one of the market only if it is this many times as long as the median step."""
PART_LEFT = 60
"""Of a pause as much room is left as shows that there is one: a part of the hours in which something happened."""


class TimeAxis(Struct, frozen=True):
    """Range of a time axis, and the hours that are cut out of it.

    Attributes:
        first, last: its ends, ns; one that has no length is drawn with a millisecond.
        closed: begin and end of each pause of more than an hour, less what is left of it to be seen, ns; found in the
            times themselves, since a calendar would have to know every market.

    >>> day = np.arange(0, 6 * HOUR, 10 * SECOND)
    >>> axis = time_axis(np.concatenate([day, day + 24 * HOUR]))
    >>> [[round(end / HOUR, 2) for end in pause] for pause in axis.closed]
    [[6.1, 23.9]]
    """

    first: int
    last: int
    closed: tuple[tuple[int, int], ...] = ()

    def layout(self) -> dict[str, Any]:
        """Settings of an axis of Plotly."""
        breaks = [{"bounds": [str(np.datetime64(end, "ns")) for end in pause]} for pause in self.closed]
        return {"range": (self.first / 1e6, max(self.last, self.first + MS) / 1e6), "rangebreaks": breaks}

    @property
    def opened(self) -> int:
        """How much of the time is drawn, ns."""
        return self.last - self.first - sum(end - begin for begin, end in self.closed)

    def edges(self, cells: int) -> NDArray[np.float64]:
        """Edges of cells that are equally wide as they are drawn, ns; none lies within a pause.

        >>> TimeAxis(0, 100, ((20, 60),)).edges(3).tolist()
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
        """Where each of these cells has its middle, ns.

        >>> TimeAxis(0, 100, ((20, 60),)).middles(3).tolist()
        [10, 70, 90]
        """
        return self.edges(2 * cells)[1::2].astype(np.int64)


def time_axis(times: Times) -> TimeAxis:
    """The axis of what happened at these times, in any order; at least one."""
    at = np.unique(times)
    steps = np.diff(at)
    usual = USUAL_STEPS * float(np.median(steps)) if len(steps) else 0.0
    opened = float(steps[(steps <= HOUR) | (steps <= usual)].sum())
    left = max(float(SECOND), opened / PART_LEFT)
    half = round(left / 2)
    pauses = np.flatnonzero(steps > max(HOUR, usual, 3 * left))
    closed = tuple((int(at[place]) + half, int(at[place + 1]) - half) for place in pauses)
    return TimeAxis(int(at[0]), int(at[-1]) + 1, closed)
