"""The course of a symbol over time in a bounded number of points; when full, every second point is dropped."""

from array import array
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from agents.dashboard.state.shown_fields import PredictionFields

CAPACITY = 512
"""Points of a symbol: 30 kB, so that a thousand symbols stay below what a browser tab takes."""

MOST_BELIEFS = 256
"""Points of what is believed: of four strategies and a model 12 kB a symbol."""

MOST_NAMES = 32
"""Of regimes; detectors that somebody wrote may have more than ours."""

OTHER = "other"

FINEST_NS = 250_000_000
COARSEST_NS = 64 * 10**9
"""At this spacing 512 points are nine hours; then the oldest half goes instead."""


class Thinning:
    """Rows at least a spacing of event time apart; the spacing doubles when there are too many.

    Args:
        codes: of the columns as `array` names them; the first is event time, ns.
        capacity: rows at most.

    Attributes:
        spacing_ns: between two rows, at least.
        epoch: changes whenever rows that were there are so no more: a reader has to take all of them anew.

    >>> some = Thinning("qd", capacity=4)
    >>> for second in range(1, 6):
    ...     _ = some.add((second * 10**9, 100.0 + second))
    >>> some.rows(), some.epoch
    ([(1000000000, 101.0), (3000000000, 103.0), (5000000000, 105.0)], 1)
    """

    def __init__(self, codes: str, capacity: int) -> None:
        self.spacing_ns = FINEST_NS
        self.epoch = 0
        self._capacity = capacity
        self._columns: tuple[array[Any], ...] = tuple(array(code) for code in codes)

    def __len__(self) -> int:
        return len(self._columns[0])

    @property
    def latest(self) -> int:
        """Event time of the last row, ns; 0 without one."""
        times = self._columns[0]
        return times[-1] if times else 0

    def wants(self, ts_event: int) -> bool:
        """Whether a row with this event time is far enough from the last one to be added."""
        return not len(self) or ts_event >= self.latest + self.spacing_ns

    def add(self, row: Sequence[Any]) -> bool:
        """Take a row, if it is far enough from the one before; whether it was."""
        if not self.wants(row[0]):
            return False
        if len(self) >= self._capacity:
            self._make_room()
        for column, value in zip(self._columns, row, strict=True):
            column.append(value)
        return True

    def rewind(self, ts_event: int) -> None:
        """Event time was set back: rows beyond it are of a time that is none any more, and go."""
        times = self._columns[0]
        kept = len(times)
        while kept and times[kept - 1] > ts_event:
            kept -= 1
        if kept < len(times):
            self._columns = tuple(column[:kept] for column in self._columns)
            # A row from far ahead may have made room at a spacing that is none of these rows'.
            apart = (times[kept - 1] - times[0]) // (kept - 1) if kept > 1 else 0
            self.spacing_ns = max(FINEST_NS, min(self.spacing_ns, 2 * apart))
            self.epoch += 1

    def begin_anew(self) -> None:
        """Another generation of the symbol's clock: nothing of the one before stands on one axis with it."""
        self._columns = tuple(column[:0] for column in self._columns)
        self.spacing_ns = FINEST_NS
        self.epoch += 1

    def rows(self, start: int = 0) -> list[tuple[Any, ...]]:
        """Rows from a place on."""
        return list(zip(*(column[start:] for column in self._columns), strict=True))

    def _make_room(self) -> None:
        if self.spacing_ns < COARSEST_NS:
            # Twice the distance that there is: of points far apart a finer spacing would hold back none.
            times = self._columns[0]
            apart = (times[-1] - times[0]) // max(1, len(times) - 1)
            self.spacing_ns = min(COARSEST_NS, max(2 * self.spacing_ns, apart))
            kept = tuple(column[::2] for column in self._columns)
        else:
            kept = tuple(column[len(column) // 2 :] for column in self._columns)
        self._columns = kept
        self.epoch += 1


class Point(NamedTuple):
    """One prediction of the course.

    Attributes:
        ts_event: event time, ns.
        mid: price, quote currency.
        probability: of an upward move.
        confidence: of the side that it is on, 0.5 to 1.
        position: signed fraction of capital.
        regime: place in the list of their names.
        net_bps, gross_bps: of the paper account, bps of capital; not a number before its first mark.
        offset: of the prediction in its partition.
    """

    ts_event: int
    mid: float
    probability: float
    confidence: float
    position: float
    regime: int
    net_bps: float
    gross_bps: float
    offset: int


class Series(Thinning):
    """Predictions of a symbol."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        super().__init__("qddddhddq", capacity)

    def points(self, start: int = 0) -> list[Point]:
        """Points from a place on."""
        return [Point(*row) for row in self.rows(start)]

    def mids(self, most: int) -> list[float]:
        """Prices at no more than `most` evenly spaced points, the last one among them."""
        column = self._columns[1]
        step = max(1, -(-len(column) // most))
        return list(column[::-1][::step][::-1])


class Beliefs(Thinning):
    """What the live arm of a symbol believed in each of its experts whenever outcomes matured.

    Attributes:
        names: of the experts; a row is an event time, ns, and a belief in each of them.

    >>> believed = Beliefs()
    >>> believed.take(10**9, {"flat": 0.25, "online": 0.75}), believed.take(2 * 10**9, {"online": 0.5, "new": 0.5})
    (True, True)
    >>> believed.names, believed.rows()
    (['flat', 'online', 'new'], [(1000000000, 0.25, 0.75, 0.0), (2000000000, 0.0, 0.5, 0.5)])
    """

    def __init__(self, capacity: int = MOST_BELIEFS) -> None:
        super().__init__("q", capacity)
        self.names: list[str] = []

    def take(self, ts_event: int, weights: Mapping[str, float]) -> bool:
        """Take what was believed, if it is far enough from what was before; whether it was."""
        if ts_event < self.latest:
            self.rewind(ts_event)
        if not self.wants(ts_event):
            return False
        if self.names != list(weights):
            self._know(weights)
        return self.add((ts_event, *(weights.get(name, 0.0) for name in self.names)))

    def _know(self, weights: Mapping[str, float]) -> None:
        """A column for each expert; one in which nothing was believed for as long as rows go back has none any more."""
        held = [(name, column) for name, column in zip(self.names, self._columns[1:], strict=True)]
        kept = [(name, column) for name, column in held if name in weights or any(column)]
        known = {name for name, _ in kept}
        new = [(name, array("d", bytes(8 * len(self)))) for name in weights if name not in known]
        if len(kept) < len(held) or new:
            self.names = [name for name, _ in (*kept, *new)]
            self._columns = (self._columns[0], *(column for _, column in (*kept, *new)))
            self.epoch += 1


class Names:
    """Places of names in the order in which they came; what comes when there are too many shares the last place.

    >>> names = Names()
    >>> names.place("flat"), names.place("momentum"), names.place("flat"), names.known
    (0, 1, 0, ['flat', 'momentum'])
    """

    def __init__(self, known: tuple[str, ...] = (), most: int = MOST_NAMES) -> None:
        self.known = list(known)
        self._most = most
        self._places = {name: place for place, name in enumerate(known)}

    def place(self, name: str) -> int:
        """Place of a name, a new one for a new name."""
        place = self._places.get(name)
        if place is None and len(self.known) >= self._most:
            self.known[-1] = OTHER
            return self._most - 1
        if place is None:
            place = self._places[name] = len(self.known)
            self.known.append(name)
        return place


def point(of: PredictionFields, regimes: Names, net_bps: float, gross_bps: float, offset: int) -> Point:
    """Point of a prediction."""
    return Point(
        of.ts_event,
        of.mid,
        of.probability,
        of.confidence,
        of.position_size,
        regimes.place(of.regime),
        net_bps,
        gross_bps,
        offset,
    )
