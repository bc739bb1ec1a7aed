"""The value that a number had some time ago, in memory that does not grow with the number of ticks.

A trail remembers how one number (a price, say) changed over the last `span` of event time, so that a feature can
compare the number now with the number `span` ago. However many ticks come, a trail keeps at most `BUCKETS + 2` values:
of several changes within the same 32nd part of the span it keeps the last one. So an answer may be older than was
asked for, by less than one 32nd part of the span; it is never younger. Where no two changes share such a part, the
answer is exact.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from streams.market.features.windows import Window

BUCKETS: Final = 32
"""Parts into which a span is divided; of the values within one part a trail keeps the last one."""

EVER: Final = -(2**62)
"""Time stamp of a value that has been the same for ever, ns; no tick is as old."""


@dataclass
class Trail:
    """How a number changed over the last `span` of event time.

    Attributes:
        stamps: event times from which on the number had each of `values`, ns, in ascending order.
        values: the values; the first is that at the beginning of the span, the last one that of now.
    """

    stamps: list[int]
    values: list[float]


def trail(value: float) -> Trail:
    """Return a trail of a number that has had the same value for ever."""
    return Trail([EVER], [value])


def bucket_width(span: int) -> int:
    """Return the width of the parts into which `span` is divided, ns: a 32nd of it, rounded up.

    >>> bucket_width(500_000_000)
    15625000
    """
    return -(-span // BUCKETS)


def put(trail: Trail, width: int, at: int, value: float) -> None:
    """Note that the number has the given value from `at` on.

    Args:
        trail: the trail, which is changed; it stays small if `forget` is called as well.
        width: what `bucket_width` returns for the span.
        at: event time, ns, not before that of an earlier call.
        value: the new value; if it is the present one, nothing changes.
    """
    values = trail.values
    if value == values[-1]:
        return
    stamps = trail.stamps
    if stamps[-1] >= at - at % width:
        stamps[-1] = at
        values[-1] = value
    else:
        stamps.append(at)
        values.append(value)


def forget(trail: Trail, when: int) -> None:
    """Forget the values that no question about `when` or later needs; that takes constant time on average.

    Args:
        trail: the trail, which is changed.
        when: event time, ns: that of the last value noted, less the span.
    """
    stamps = trail.stamps
    while len(stamps) > 1 and stamps[1] <= when:
        stamps.pop(0)
        trail.values.pop(0)


def value_at(trail: Trail, when: int) -> float:
    """Return the value at `when`: that of the last change with a time stamp of at most `when`.

    The trail stays as it is, so that readers may have another time than the writer. If the value was forgotten, the
    answer is the oldest one that is still known.

    Args:
        trail: the trail.
        when: event time, ns.

    >>> mids, width = trail(100.0), bucket_width(500)
    >>> for at, mid in ((1_000, 101.0), (1_300, 102.0), (1_400, 103.0)):
    ...     put(mids, width, at, mid)
    >>> [value_at(mids, when) for when in (999, 1_000, 1_399, 1_400, 5_000)]
    [100.0, 101.0, 102.0, 103.0, 103.0]
    >>> forget(mids, 1_300)
    >>> value_at(mids, 1_300), mids.values
    (102.0, [102.0, 103.0])
    """
    stamps = trail.stamps
    at = 1
    while at < len(stamps) and stamps[at] <= when:
        at += 1
    return trail.values[at - 1]


@dataclass
class ChangesState:
    """How one number of a symbol changed, once for each of several windows.

    Attributes:
        clock: largest event time so far, ns.
        events: number of events so far.
        trails: a trail for each window.
    """

    clock: int
    events: int
    trails: list[Trail]


class _Lookback:
    """One window that a number is compared over.

    Args:
        window: how far back to look.
    """

    def __init__(self, window: Window) -> None:
        self.span = window.span
        self.counted = window.counted
        self.width = 1 if window.counted else bucket_width(window.span)


class Changes:
    """Computes by how much a number of one symbol has changed over several windows, at every tick.

    Args:
        windows: how far back to look. Over a number of events the change is exact, over a duration as exact as a trail.
        in_bps: whether to return the relative change in bps (of a number above 0) instead of the difference.

    >>> changes = Changes([Window(500, False), Window(1, True)])
    >>> state = changes.start(100.0)
    >>> [changes.advance(state, at, mid) for at, mid in ((1_000, 101.0), (1_400, 103.0), (1_500, 104.0))]
    [[1.0, 1.0], [3.0, 2.0], [3.0, 1.0]]
    >>> changes.look(state, 1_900, 104.0)
    [1.0, 1.0]
    """

    def __init__(self, windows: Sequence[Window], *, in_bps: bool = False) -> None:
        self._lookbacks = [_Lookback(each) for each in windows]
        self._in_bps = in_bps

    def start(self, value: float) -> ChangesState:
        """Return the state of a number that has had the same value for ever."""
        return ChangesState(0, 0, [trail(value) for _ in self._lookbacks])

    def fullest(self, value: float) -> ChangesState:
        """Return a state that takes as many bytes as any can."""
        kept = [(each.span if each.counted else BUCKETS) + 2 for each in self._lookbacks]
        return ChangesState(-EVER, -EVER, [Trail([EVER] * count, [value] * count) for count in kept])

    def advance(self, state: ChangesState, ts_event: int, value: float) -> list[float]:
        """Note the value of the number at an event; return its changes over the windows, in their order.

        Args:
            state: the state, which is changed.
            ts_event: event time, ns; if it is before that of an earlier event, that one's counts.
            value: the value from this event on.
        """
        if ts_event > state.clock:
            state.clock = ts_event
        state.events += 1
        trails = state.trails
        in_bps = self._in_bps
        found = []
        for index, lookback in enumerate(self._lookbacks):
            at = state.events if lookback.counted else state.clock
            each = trails[index]
            put(each, lookback.width, at, value)
            forget(each, at - lookback.span)
            past = each.values[0]
            found.append((value / past - 1.0) * 1e4 if in_bps else value - past)
        return found

    def look(self, state: ChangesState, ts_event: int, value: float) -> list[float]:
        """Return the changes up to `ts_event`, a time at which the number keeps its value.

        Args:
            state: the state, whose time moves on.
            ts_event: event time, ns; if it is before that of an earlier event, that one's counts.
            value: the value as of the last event.
        """
        if ts_event > state.clock:
            state.clock = ts_event
        trails = state.trails
        found = []
        for index, lookback in enumerate(self._lookbacks):
            at = state.events if lookback.counted else state.clock
            past = value_at(trails[index], at - lookback.span)
            found.append((value / past - 1.0) * 1e4 if self._in_bps else value - past)
        return found
