"""The history of a symbol in a limited number of points: when full, it drops every second point."""

from array import array
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from agents.dashboard.state.shown_fields import PredictionFields

CAPACITY = 512
"""Most points of a symbol, 30 kB in all, so that a browser can hold a thousand symbols."""

MOST_BELIEFS = 256
"""Most rows of experts' weights of a symbol; 12 kB with five experts."""

MOST_NAMES = 32
"""Most names of regimes; a detector of a user's own may have many."""

OTHER = "other"

FINEST_NS = 250_000_000
COARSEST_NS = 64 * 10**9
"""At this least distance between points, 512 points cover nine hours; from then on the oldest half is dropped."""


class Thinning:
    """A table of rows in the order of event time, limited in size, with a least distance in time between rows.

    When the table is full, every second row is dropped and the least distance at least doubles. Once that distance is
    64 seconds, the oldest half is dropped instead.

    In the example, the table is full when the fifth row comes: the second and the fourth row are
    dropped, and then the fifth is added.

    Args:
        codes: type of each column as `array` codes; the first column is event time, ns since 1970.
        capacity: largest number of rows.

    Attributes:
        spacing_ns: least distance in event time between rows, ns.
        epoch: counter that grows whenever rows were dropped or columns changed; a reader then has to read all rows
            again.

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
        """Event time of the last row, ns since 1970; 0 without rows."""
        times = self._columns[0]
        return times[-1] if times else 0

    def wants(self, ts_event: int) -> bool:
        """Whether `add` would take a row with this event time: it must be at least `spacing_ns` after the last row."""
        return not len(self) or ts_event >= self.latest + self.spacing_ns

    def add(self, row: Sequence[Any]) -> bool:
        """Add a row if it is at least `spacing_ns` of event time after the last one; returns whether it was added.

        Args:
            row: a value for each column.
        """
        if not self.wants(row[0]):
            return False
        if len(self) >= self._capacity:
            self._make_room()
        for column, value in zip(self._columns, row, strict=True):
            column.append(value)
        return True

    def rewind(self, ts_event: int) -> None:
        """Drop rows later than `ts_event` (ns since 1970), because event time was set back to it."""
        times = self._columns[0]
        kept = len(times)
        while kept and times[kept - 1] > ts_event:
            kept -= 1
        if kept < len(times):
            self._columns = tuple(column[:kept] for column in self._columns)
            # Dropped rows far ahead may have widened the spacing more than the remaining rows need.
            apart = (times[kept - 1] - times[0]) // (kept - 1) if kept > 1 else 0
            self.spacing_ns = max(FINEST_NS, min(self.spacing_ns, 2 * apart))
            self.epoch += 1

    def begin_anew(self) -> None:
        """Drop all rows, because new event times cannot be compared with theirs."""
        self._columns = tuple(column[:0] for column in self._columns)
        self.spacing_ns = FINEST_NS
        self.epoch += 1

    def rows(self, start: int = 0) -> list[tuple[Any, ...]]:
        """Rows from index `start` on, in the order of event time."""
        return list(zip(*(column[start:] for column in self._columns), strict=True))

    def _make_room(self) -> None:
        if self.spacing_ns < COARSEST_NS:
            # At least the mean distance of the rows: a smaller spacing would not keep any row out.
            times = self._columns[0]
            apart = (times[-1] - times[0]) // max(1, len(times) - 1)
            self.spacing_ns = min(COARSEST_NS, max(2 * self.spacing_ns, apart))
            kept = tuple(column[::2] for column in self._columns)
        else:
            kept = tuple(column[len(column) // 2 :] for column in self._columns)
        self._columns = kept
        self.epoch += 1


class Point(NamedTuple):
    """One prediction in the chart of a symbol.

    Attributes:
        ts_event: event time, ns since 1970.
        mid: mid price, in the quote currency.
        probability: probability of an upward move, 0 to 1.
        confidence: probability of the predicted direction, 0.5 to 1.
        position: fraction of the capital to hold; below 0 for short.
        regime: index of the market regime in a list of names.
        net_bps, gross_bps: gain of the symbol's paper account after and before cost, bps of capital; NaN
            before its first valuation.
        offset: offset of the prediction in its partition.
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
    """Predictions of one symbol over time: at most `capacity` points, thinned."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        super().__init__("qddddhddq", capacity)

    def points(self, start: int = 0) -> list[Point]:
        """Points from index `start` on, in the order of event time."""
        return [Point(*row) for row in self.rows(start)]

    def mids(self, most: int) -> list[float]:
        """Mid prices at no more than `most` points at equal steps, always including the last one."""
        column = self._columns[1]
        step = max(1, -(-len(column) // most))
        return list(column[::-1][::step][::-1])


class Beliefs(Thinning):
    """Weight of each expert of a symbol's live version over time.

    Experts are the forecasters from which a prediction is mixed. The weights come from outcomes, the records that
    score predictions.

    Attributes:
        names: names of the experts. A row is an event time in ns, and then a weight from 0 to 1 for each name.

    >>> history = Beliefs()
    >>> history.take(10**9, {"flat": 0.25, "online": 0.75}), history.take(2 * 10**9, {"online": 0.5, "new": 0.5})
    (True, True)
    >>> history.names, history.rows()
    (['flat', 'online', 'new'], [(1000000000, 0.25, 0.75, 0.0), (2000000000, 0.0, 0.5, 0.5)])
    """

    def __init__(self, capacity: int = MOST_BELIEFS) -> None:
        super().__init__("q", capacity)
        self.names: list[str] = []

    def take(self, ts_event: int, weights: Mapping[str, float]) -> bool:
        """Add a row of weights if it is at least `spacing_ns` after the last row; returns whether it was added.

        Rows later than `ts_event` are dropped first. A forecaster that is new gets a column.

        Args:
            ts_event: event time, ns since 1970.
            weights: weight by name of the forecaster.
        """
        if ts_event < self.latest:
            self.rewind(ts_event)
        if not self.wants(ts_event):
            return False
        if self.names != list(weights):
            self._know(weights)
        return self.add((ts_event, *(weights.get(name, 0.0) for name in self.names)))

    def _know(self, weights: Mapping[str, float]) -> None:
        """Add a column for each new expert, and drop those of absent experts whose weight is 0 in all rows."""
        held = [(name, column) for name, column in zip(self.names, self._columns[1:], strict=True)]
        kept = [(name, column) for name, column in held if name in weights or any(column)]
        known = {name for name, _ in kept}
        new = [(name, array("d", bytes(8 * len(self)))) for name in weights if name not in known]
        if len(kept) < len(held) or new:
            self.names = [name for name, _ in (*kept, *new)]
            self._columns = (self._columns[0], *(column for _, column in (*kept, *new)))
            self.epoch += 1


class Names:
    """Gives each name an index, in the order in which names first appear.

    The list holds at most `most` names. When one more name comes, the last name of the list is replaced
    by "other". The index of the replaced name then stands for that name and for all further names.

    Args:
        known: names that the list begins with.
        most: largest number of names in the list, "other" included.

    Attributes:
        known: the list of names, in the order of their indices.

    >>> names = Names()
    >>> names.place("flat"), names.place("momentum"), names.place("flat"), names.known
    (0, 1, 0, ['flat', 'momentum'])
    """

    def __init__(self, known: tuple[str, ...] = (), most: int = MOST_NAMES) -> None:
        self.known = list(known)
        self._most = most
        self._places = {name: place for place, name in enumerate(known)}

    def place(self, name: str) -> int:
        """Index of a name; a new name is added to the list."""
        place = self._places.get(name)
        if place is None and len(self.known) >= self._most:
            self.known[-1] = OTHER
            return self._most - 1
        if place is None:
            place = self._places[name] = len(self.known)
            self.known.append(name)
        return place


def point(of: PredictionFields, regimes: Names, net_bps: float, gross_bps: float, offset: int) -> Point:
    """Point for the chart of a symbol, made from a prediction.

    Args:
        of: the prediction.
        regimes: list of regime names, to which the regime of the prediction is added if it is new.
        net_bps, gross_bps: gain of the paper account after and before cost, bps of capital; NaN if not known.
        offset: offset of the prediction in its partition.
    """
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
