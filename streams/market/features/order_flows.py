"""The features `order_flow_imbalance_WINDOW`: order flow at the best bid and ask, over several windows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from streams.market.features.book import order_flow, ratio
from streams.market.features.family import Feature, Moment
from streams.market.features.rolling import Rolling, RollingWindow
from streams.market.features.windows import Window


@dataclass
class OrderFlowsState:
    """The last quote, and the order flow at the quotes before.

    Attributes:
        bid, bid_size, ask, ask_size: the last quote; all 0 before the first.
        flows: signed order flow at the last quotes, base units, for each window.
        activities: its magnitudes, for each window.
    """

    bid: float
    bid_size: float
    ask: float
    ask_size: float
    flows: list[RollingWindow]
    activities: list[RollingWindow]


class OrderFlows:
    """Computes the order-flow imbalance over several windows, at each tick.

    Args:
        windows: the windows: durations of event time, or numbers of quotes.

    >>> flows = OrderFlows([Window(500, False)])
    >>> state = flows.start(100.0)
    >>> _ = flows.advance(state, Moment(100.0, bid=99.0, bid_size=3.0, ask=101.0, ask_size=1.0, ts_event=1_000))
    >>> now = Moment(100.0, bid=99.0, bid_size=5.0, ask=101.0, ask_size=2.0, ts_event=1_100)
    >>> flows.advance(state, now)  # bid size 2 up, ask size 1 up: flow 2 - 1, divided by its magnitude
    [1.0]
    >>> flows.trade(state, Moment(100.0, bid=99.0, bid_size=5.0, ask=101.0, ask_size=2.0, ts_event=1_700))
    [0.0]
    """

    features: ClassVar = (
        Feature(
            "order_flow_imbalance_{window}",
            "-1..1",
            True,
            "sum of order flow over the last {window} / sum of its magnitudes",
            "Cont, Kukanov and Stoikov (2014), equation 2",
        ),
    )
    windows: ClassVar = ("1s", "10s")
    counted: ClassVar = True
    state: ClassVar = OrderFlowsState

    def __init__(self, windows: Sequence[Window]) -> None:
        self._rolling = [Rolling(each) for each in windows]

    def start(self, mid: float) -> OrderFlowsState:
        """Return the state before the first quote; the state does not depend on `mid`."""
        flows, activities = [each.start() for each in self._rolling], [each.start() for each in self._rolling]
        return OrderFlowsState(0.0, 0.0, 0.0, 0.0, flows, activities)

    def trade(self, state: OrderFlowsState, now: Moment) -> list[float]:
        """Return the imbalances at the time of a trade, which moves the time but no quote."""
        ts_event = now.ts_event
        found = []
        for index, rolling in enumerate(self._rolling):
            flow = rolling.sum_at(state.flows[index], ts_event)
            found.append(ratio(flow, rolling.sum_at(state.activities[index], ts_event)))
        return found

    def advance(self, state: OrderFlowsState, now: Moment) -> list[float]:
        """Update `state` by the last quote in `now`; return the imbalances, which are 0 without a valid quote."""
        bid = now.bid
        if bid == 0.0:
            return [0.0] * len(self._rolling)
        event = order_flow(state.bid, state.bid_size, state.ask, state.ask_size, now) if state.bid else 0.0
        ts_event = now.ts_event
        found = []
        for index, rolling in enumerate(self._rolling):
            flow = rolling.add(state.flows[index], ts_event, event)
            found.append(ratio(flow, rolling.add(state.activities[index], ts_event, abs(event))))
        state.bid = bid
        state.bid_size = now.bid_size
        state.ask = now.ask
        state.ask_size = now.ask_size
        return found
