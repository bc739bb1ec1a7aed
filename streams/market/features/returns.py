"""The features `return_WINDOW`: change of the mid over a duration of event time, or over a number of quotes."""

from collections.abc import Sequence
from typing import ClassVar

from streams.market.features.family import Feature, Moment
from streams.market.features.over_time import Changes, ChangesState
from streams.market.features.windows import Window


class Returns:
    """Computes the returns of the mid over several windows, bps, at each tick.

    A return over a duration compares the mid with the last one whose time stamp is at least that duration ago. Where
    more than one move falls into a 32nd part of the duration, the earlier mid may be older by up to that much, never
    younger.

    Args:
        windows: the windows.

    >>> returns = Returns([Window(500, False)])
    >>> state = returns.start(100.0)
    >>> [round(returns.advance(state, Moment(mid, ts_event=at))[0]) for at, mid in ((1_000, 101.0), (1_500, 102.01))]
    [100, 100]
    >>> [round(returns.trade(state, Moment(102.01, ts_event=at))[0]) for at in (1_999, 2_000)]  # the mid stays
    [100, 0]
    """

    features: ClassVar = (Feature("return_{window}", "bps", True, "mid / mid {window} ago - 1", "definition"),)
    windows: ClassVar = ("50ms", "100ms", "200ms", "500ms", "1s", "2s", "5s", "10s")
    counted: ClassVar = True
    state: ClassVar = ChangesState

    def __init__(self, windows: Sequence[Window]) -> None:
        self._changes = Changes(windows, in_bps=True)

    def start(self, mid: float) -> ChangesState:
        """Return the state of a symbol whose mid has always been `mid` (quote currency)."""
        return self._changes.start(mid)

    def fullest(self, mid: float) -> ChangesState:
        """Return a state that takes as many bytes as any can."""
        return self._changes.fullest(mid)

    def trade(self, state: ChangesState, now: Moment) -> list[float]:
        """Return the returns at the time of a trade, which moves the time but not the mid."""
        return self._changes.look(state, now.ts_event, now.mid)

    def advance(self, state: ChangesState, now: Moment) -> list[float]:
        """Add `now.mid` to `state`; return the returns over the windows, in their order, bps."""
        return self._changes.advance(state, now.ts_event, now.mid)
