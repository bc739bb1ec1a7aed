"""How fast event time passes, compared with wall time, from the times at which predictions were written."""

from collections import deque
from itertools import pairwise
from statistics import median

SPAN_S = 10.0
"""Only predictions written within this time before the present count, seconds."""

STEP_MS = 400
"""Least time between two predictions of a symbol that are looked at."""

MOST_STEPS = 25
LEAST_MS = 1_000

CLOSED = 20.0
"""A step of event time so many times as long as the median one means that the market was closed; it is left out."""

HISTORY_S = 600.0
"""Event time that is further than this behind the wall clock is a replay of the past, seconds."""


class EventPace:
    """How fast one symbol's event time passes, compared with wall time.

    Wall time is the time at which predictions were written. The time of reading would not do, since a page
    that has just been opened reads minutes of predictions at once.

    In the example, 100 s of event time pass in each second. A minute later nothing was written within
    the last ten seconds, so the speed is not known.

    >>> pace = EventPace()
    >>> for second in range(8):
    ...     pace.take(written_ms=1_000_000 + 1_000 * second, ts_event=100 * 10**9 * second)
    >>> pace.speed(now=1_007.0), pace.speed(now=1_060.0)
    (100.0, None)
    """

    __slots__ = ("_at",)

    def __init__(self) -> None:
        self._at: deque[tuple[int, int]] = deque(maxlen=MOST_STEPS)

    def take(self, written_ms: int, ts_event: int) -> None:
        """Take a prediction, unless it was written less than 400 ms after the last one taken.

        If event time or time of writing goes back, all predictions taken before are forgotten.

        Args:
            written_ms: when the prediction was written, ms since 1970.
            ts_event: event time of the prediction, ns since 1970.
        """
        if self._at:
            last_ms, last_ns = self._at[-1]
            if ts_event < last_ns or written_ms < last_ms:
                self._at.clear()
            elif written_ms < last_ms + STEP_MS:
                return
        self._at.append((written_ms, ts_event))

    def speed(self, now: float) -> float | None:
        """Seconds of event time that passed in one second of wall time, over the ten seconds before `now`.

        A step in event time from one prediction to the next is left out if it is over 20 times the
        median step, since the market was closed then. None if the predictions of these ten seconds were
        written within less than one second.

        Args:
            now: wall clock, seconds since 1970.
        """
        found = [each for each in self._at if each[0] >= (now - SPAN_S) * 1e3]
        if len(found) < 2 or found[-1][0] - found[0][0] < LEAST_MS:
            return None
        steps = [(later[1] - one[1]) / 1e6 for one, later in pairwise(found)]
        usual = median(steps) * CLOSED
        return sum(each for each in steps if each <= usual or not usual) / (found[-1][0] - found[0][0])
