"""Times at which ticks are sent: all at once, at an even rate, or at a multiple of the speed of event time."""

from collections.abc import Callable

from msgspec import Struct

from agents.pages.wording import lasting
from schemas.errors import ConfigurationError

LONGEST_WAIT_S = 60.0


class Pace(Struct, frozen=True):
    """How fast ticks are sent: evenly by `rate`, by event time with `speed`, or as fast as possible with neither.

    Attributes:
        rate: ticks per second, evenly spaced; None: no fixed rate.
        speed: how many times faster than event time; 1 keeps the original intervals; None: event time is
            ignored.
        longest_wait_s: longest wait between two ticks with `speed`, seconds of wall time; it shortens nights
            and week-ends.

    Raises:
        ConfigurationError: both rate and speed are given, or a number is not above 0.
    """

    rate: float | None = None
    speed: float | None = None
    longest_wait_s: float = LONGEST_WAIT_S

    def __post_init__(self) -> None:
        if self.rate is not None and self.speed is not None:
            raise ConfigurationError("expected a rate or a speed, was both; fix: give one of them")
        if (given := self.rate if self.speed is None else self.speed) is not None and not 0 < given < float("inf"):
            raise ConfigurationError(f"expected a rate or speed above 0, was {given}")
        if not self.longest_wait_s > 0:
            raise ConfigurationError(f"expected a longest wait above 0 s, was {self.longest_wait_s}")

    @property
    def is_at_once(self) -> bool:
        """Whether ticks are sent without waiting, since neither a rate nor a speed is given."""
        return self.rate is None and self.speed is None


class Schedule:
    """Computes for one tick after another when it is to be sent.

    With a speed, a tick whose event time lies before its predecessor's is due without a further wait. If
    the wait before a tick would exceed the longest wait, it is cut to the longest wait, and later ticks are
    timed from this tick. If event time jumps back by so much that the tick would be due more than the
    longest wait before its predecessor, the tick is due together with its predecessor, and later ticks are
    timed from it.

    Args:
        pace: rate or speed, and the longest wait.
        say: called with a sentence when the first wait is cut; later cuts are not reported.
    """

    def __init__(self, pace: Pace, say: Callable[[str], None] = lambda sentence: None) -> None:
        self._pace = pace
        self._say = say
        self._said = False
        self._count = 0
        self._start = self._latest = 0.0
        self._first: int | None = None

    def due(self, ts_event: int | None, now: float) -> float:
        """Return the clock time, seconds, at which the next tick is to be sent; a call counts as one tick.

        Args:
            ts_event: event time of the tick, ns; None: it has none, and is due at `now` unless the pace
                has a `rate`.
            now: present time of the same clock, seconds.

        In the second example the wait of 12 h is cut to 5 s, which is printed. The printed words "every
        other one" mean all later holes of this kind. The tick at second 20 lies far back, and is due
        together with its predecessor.

        >>> schedule = Schedule(Pace(speed=2))
        >>> [schedule.due(ts_event, now=100.0) for ts_event in (7_000_000_000, 7_500_000_000, None, 9_000_000_000)]
        [100.0, 100.25, 100.0, 101.0]
        >>> schedule = Schedule(Pace(speed=2, longest_wait_s=5), print)
        >>> [schedule.due(second * 10**9, now=100.0) for second in (10, 14, 86_414, 86_416, 20, 21)]
        event time has a hole of 24 h: 5 s are waited instead of 12 h; so it is with every other one
        [100.0, 102.0, 107.0, 108.0, 108.0, 108.5]
        >>> schedule = Schedule(Pace(rate=10))
        >>> [schedule.due(0, now=100.0) for _ in range(3)]
        [100.0, 100.1, 100.2]
        """
        if self._count == 0:
            self._start = now
        self._count += 1
        if self._pace.rate is not None:
            return self._start + (self._count - 1) / self._pace.rate
        if self._pace.speed is None or ts_event is None:
            return now
        if self._first is None:
            self._start, self._first, self._latest = now, ts_event, now
        longest = self._pace.longest_wait_s
        due = self._start + (ts_event - self._first) / 1e9 / self._pace.speed
        wait = due - self._latest
        if wait > longest or wait < -longest:
            if wait > longest:
                self._tell(wait, longest, self._pace.speed)
            due = self._latest + (longest if wait > longest else 0.0)
            self._start, self._first, self._latest = due, ts_event, due
        self._latest = max(self._latest, due)
        return due

    def _tell(self, wait_s: float, longest_s: float, speed: float) -> None:
        if not self._said:
            self._said = True
            hole, cut, whole = (lasting(round(seconds * 1e9)) for seconds in (wait_s * speed, longest_s, wait_s))
            self._say(
                f"event time has a hole of {hole}: {cut} are waited instead of {whole}; so it is with every other one"
            )
