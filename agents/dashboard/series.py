"""The course of one symbol in a bounded number of points: when it is full, every second one goes."""

from array import array
from typing import Any, NamedTuple

from agents.dashboard.lean import LeanPrediction

CAPACITY = 512
"""Points of a symbol: 30 kB, so that a thousand symbols stay below what a browser tab takes."""

FINEST_NS = 250_000_000
COARSEST_NS = 64 * 10**9
"""At this spacing 512 points are nine hours; then the oldest half goes instead."""


class Point(NamedTuple):
    """One prediction of the course.

    Attributes:
        ts_event: event time, ns.
        mid: price, quote currency.
        probability: of an upward move.
        confidence: of the side that it is on, 0.5 to 1.
        position: signed fraction of capital.
        regime, strategy: places in the lists of their names.
        weight: of that strategy in the mixture.
        net_bps, gross_bps: of the paper account, bps of capital; not a number before its first mark.
        offset: of the prediction in its partition.
    """

    ts_event: int
    mid: float
    probability: float
    confidence: float
    position: float
    regime: int
    strategy: int
    weight: float
    net_bps: float
    gross_bps: float
    offset: int


CODES = "qddddhhdddq"


class Series:
    """Points at least a spacing of event time apart; the spacing doubles when there are too many.

    Attributes:
        spacing_ns: between two points, at least.
        epoch: changes whenever points that were there are so no more: a reader has to take all of them anew.

    >>> series = Series(capacity=4)
    >>> for second in range(1, 6):
    ...     _ = series.add(Point(second * 10**9, 100.0 + second, 0.5, 0.5, 0.0, 0, 0, 1.0, 0.0, 0.0, second))
    >>> [point.offset for point in series.points()], series.epoch
    ([1, 3, 5], 1)
    """

    def __init__(self, capacity: int = CAPACITY) -> None:
        self.spacing_ns = FINEST_NS
        self.epoch = 0
        self._capacity = capacity
        self._columns: tuple[array[Any], ...] = tuple(array(code) for code in CODES)

    def __len__(self) -> int:
        return len(self._columns[0])

    @property
    def latest(self) -> int:
        """Event time of the last point, ns; 0 without one."""
        times = self._columns[0]
        return times[-1] if times else 0

    def wants(self, ts_event: int) -> bool:
        """Whether a prediction of this time would be a point."""
        return not len(self) or ts_event >= self.latest + self.spacing_ns

    def add(self, point: Point) -> bool:
        """Take a point, if it is far enough from the one before; whether it was."""
        if not self.wants(point.ts_event):
            return False
        if len(self) >= self._capacity:
            self._make_room()
        for column, value in zip(self._columns, point, strict=True):
            column.append(value)
        return True

    def points(self, start: int = 0) -> list[Point]:
        """Points from a place on."""
        return [Point(*row) for row in zip(*(column[start:] for column in self._columns), strict=True)]

    def mids(self, most: int) -> list[float]:
        """Prices at no more than `most` evenly spaced points, the last one among them."""
        column = self._columns[1]
        step = max(1, -(-len(column) // most))
        return list(column[::-1][::step][::-1])

    def _make_room(self) -> None:
        if self.spacing_ns < COARSEST_NS:
            # Twice the distance that there is: of points far apart a finer spacing would hold back none.
            times = self._columns[0]
            apart = (times[-1] - times[0]) // (len(times) - 1)
            self.spacing_ns = min(COARSEST_NS, max(2 * self.spacing_ns, apart))
            kept = tuple(column[::2] for column in self._columns)
        else:
            kept = tuple(column[len(column) // 2 :] for column in self._columns)
        self._columns = kept
        self.epoch += 1


class Names:
    """Places of names in the order in which they came.

    >>> names = Names()
    >>> names.place("flat"), names.place("momentum"), names.place("flat"), names.known
    (0, 1, 0, ['flat', 'momentum'])
    """

    def __init__(self, known: tuple[str, ...] = ()) -> None:
        self.known = list(known)
        self._places = {name: place for place, name in enumerate(known)}

    def place(self, name: str) -> int:
        """Place of a name, a new one for a new name."""
        place = self._places.get(name)
        if place is None:
            place = self._places[name] = len(self.known)
            self.known.append(name)
        return place


def point(
    of: LeanPrediction, regimes: Names, strategies: Names, net_bps: float, gross_bps: float, offset: int
) -> Point:
    """Point of a prediction."""
    return Point(
        of.ts_event,
        of.mid,
        of.probability,
        of.confidence,
        of.position_size,
        regimes.place(of.regime),
        strategies.place(of.strategy),
        of.strategy_weight,
        net_bps,
        gross_bps,
        offset,
    )
