"""How quickly a feed is played: all at once, evenly, or as it happened but faster."""

from msgspec import Struct

from schemas.errors import ConfigurationError


class Pace(Struct, frozen=True):
    """When a tick is due; with no field set: at once.

    Attributes:
        rate: ticks a second, evenly.
        speed: event time is replayed this many times faster; 1 is as it happened.
    """

    rate: float | None = None
    speed: float | None = None

    def __post_init__(self) -> None:
        if self.rate is not None and self.speed is not None:
            raise ConfigurationError("expected a rate or a speed, was both; fix: give one of them")
        if (given := self.rate if self.speed is None else self.speed) is not None and not 0 < given < float("inf"):
            raise ConfigurationError(f"expected a rate or speed above 0, was {given}")


class Schedule:
    """The pace of one feed, from its first tick on."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._count = 0
        self._start = 0.0
        self._first: int | None = None

    def due(self, ts_event: int | None, now: float) -> float:
        """Clock time at which the next tick is due; a tick behind its predecessor in event time is due at once.

        Args:
            ts_event: of the tick, ns; None is due with its predecessor.
            now: clock, seconds.

        >>> schedule = Schedule(Pace(speed=2))
        >>> [schedule.due(ts_event, now=100.0) for ts_event in (7_000_000_000, 7_500_000_000, None, 9_000_000_000)]
        [100.0, 100.25, 100.0, 101.0]
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
            self._start, self._first = now, ts_event
        return self._start + (ts_event - self._first) / 1e9 / self._pace.speed
