"""The pace at which a feed is sent: at once, at an even rate, or by event time times a factor."""

from collections.abc import Callable

from msgspec import Struct

from agents.pages.wording import lasting
from schemas.errors import ConfigurationError

LONGEST_WAIT_S = 60.0


class Pace(Struct, frozen=True):
    """When a tick is due; with no rate and no speed: at once.

    Attributes:
        rate: ticks a second, evenly.
        speed: event time is replayed this many times faster; 1 is as it happened.
        longest_wait_s: with a speed, the longest wait between two ticks, seconds of wall time, which shortens nights
            and week-ends.
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
        """Whether nothing is waited for."""
        return self.rate is None and self.speed is None


class Schedule:
    """Times at which the ticks of one feed are due.

    A tick that is earlier than its predecessor is due at once. After a hole in event time that is longer than the
    longest wait, and after a set-back by more than that, the schedule begins anew at the tick after it.

    Args:
        pace: of it.
        say: called with a sentence when the first hole is shortened.
    """

    def __init__(self, pace: Pace, say: Callable[[str], None] = lambda sentence: None) -> None:
        self._pace = pace
        self._say = say
        self._said = False
        self._count = 0
        self._start = self._latest = 0.0
        self._first: int | None = None

    def due(self, ts_event: int | None, now: float) -> float:
        """Clock time at which the next tick is due.

        Args:
            ts_event: of the tick, ns; None is due with its predecessor.
            now: clock, seconds.

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
