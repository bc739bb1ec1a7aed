"""Speed of event time relative to wall time, by the times at which predictions were written."""

from collections import deque
from itertools import pairwise
from statistics import median

SPAN_S = 10.0
"""Of the clock: what was written before that says nothing about now."""

STEP_MS = 400
"""Between two predictions of a symbol that are looked at."""

MOST_STEPS = 25
LEAST_MS = 1_000

CLOSED = 20.0
"""Steps so many times the median one are hours in which the market was closed: nothing ran through them."""

HISTORY_S = 600.0
"""Event time that lies so far behind the clock is history that is played again."""


class EventPace:
    """Speed of one symbol's event time over the last seconds of wall time.

    A page that opens late reads minutes of predictions at once, so the time of reading tells no pace.

    >>> pace = EventPace()
    >>> for second in range(8):
    ...     pace.take(1_000_000 + 1_000 * second, 100 * 10**9 * second)
    >>> pace.speed(1_007.0), pace.speed(1_060.0)
    (100.0, None)
    """

    __slots__ = ("_at",)

    def __init__(self) -> None:
        self._at: deque[tuple[int, int]] = deque(maxlen=MOST_STEPS)

    def take(self, written_ms: int, ts_event: int) -> None:
        """Take a prediction: when it was written, and its event time, ns; where that goes back it begins anew."""
        if self._at:
            last_ms, last_ns = self._at[-1]
            if ts_event < last_ns or written_ms < last_ms:
                self._at.clear()
            elif written_ms < last_ms + STEP_MS:
                return
        self._at.append((written_ms, ts_event))

    def speed(self, now: float) -> float | None:
        """Seconds of event time a second of the clock; none where nothing was written lately, or too little."""
        found = [each for each in self._at if each[0] >= (now - SPAN_S) * 1e3]
        if len(found) < 2 or found[-1][0] - found[0][0] < LEAST_MS:
            return None
        steps = [(later[1] - one[1]) / 1e6 for one, later in pairwise(found)]
        usual = median(steps) * CLOSED
        return sum(each for each in steps if each <= usual or not usual) / (found[-1][0] - found[0][0])
