"""The features `queue_imbalance_change_WINDOW`: the queue imbalance of now less that of some time ago."""

from collections.abc import Sequence
from typing import ClassVar

from streams.market.features.book import queue_imbalance
from streams.market.features.family import Feature, Moment
from streams.market.features.over_time import Changes, ChangesState
from streams.market.features.windows import Window


class ImbalanceChanges:
    """Computes by how much the queue imbalance has changed over several windows, -2 to 2, at each tick.

    The imbalance of some time ago is looked up as the mid is for `return_WINDOW`. It is 0 before the first quote, and
    without a valid one.

    Args:
        windows: the windows: durations of event time, or numbers of quotes.

    >>> changes = ImbalanceChanges([Window(500, False)])
    >>> state = changes.start(100.0)
    >>> changes.advance(state, Moment(100.0, bid=99.0, bid_size=3.0, ask=101.0, ask_size=1.0, ts_event=1_000))
    [0.5]
    >>> changes.advance(state, Moment(100.0, bid=99.0, bid_size=1.0, ask=101.0, ask_size=1.0, ts_event=1_500))
    [-0.5]
    """

    features: ClassVar = (
        Feature(
            "queue_imbalance_change_{window}",
            "-2..2",
            True,
            "queue imbalance less that of {window} ago",
            "Gould and Bonart (2016), equation 2, on the imbalance",
        ),
    )
    windows: ClassVar = ("50ms", "100ms", "200ms", "500ms")
    counted: ClassVar = True
    state: ClassVar = ChangesState

    def __init__(self, windows: Sequence[Window]) -> None:
        self._changes = Changes(windows)

    def start(self, mid: float) -> ChangesState:
        """Return the state of a symbol whose queue imbalance has always been 0; the state does not depend on `mid`."""
        return self._changes.start(0.0)

    def fullest(self, mid: float) -> ChangesState:
        """Return a state that takes as many bytes as any can."""
        return self._changes.fullest(0.1)

    def trade(self, state: ChangesState, now: Moment) -> list[float]:
        """Return the changes at the time of a trade, which moves the time but not the imbalance."""
        return self._changes.look(state, now.ts_event, queue_imbalance(now))

    def advance(self, state: ChangesState, now: Moment) -> list[float]:
        """Add the queue imbalance of the last quote in `now`; return its changes over the windows, in their order."""
        return self._changes.advance(state, now.ts_event, queue_imbalance(now))
