"""The features `trade_flow_imbalance_WINDOW` and `vwap_deviation_WINDOW`: those of `flow`, over several windows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from streams.market.features.family import Feature, Moment
from streams.market.features.flow import Flow, FlowState
from streams.market.features.windows import Window


@dataclass
class TradeFlowsState:
    """The last trades.

    Attributes:
        flows: sums over the last trades, for each window.
    """

    flows: list[FlowState]


class TradeFlows:
    """Computes the imbalance of the aggressors, and the deviation of the average trade price, over several windows.

    Args:
        windows: the windows: durations of event time, or numbers of trades.

    >>> flows = TradeFlows([Window(500, False), Window(2, True)])
    >>> state = flows.start(100.0)
    >>> _ = flows.trade(state, Moment(100.0, price=100.0, size=3.0, side="buy", ts_event=1_000))
    >>> flows.trade(state, Moment(100.0, price=100.0, size=1.0, side="sell", ts_event=1_400))
    [0.5, 0.0, 0.5, 0.0]
    >>> flows.advance(state, Moment(100.0, ts_event=1_600))  # the first trade is more than 500 ns ago
    [-1.0, 0.0, 0.5, 0.0]
    """

    features: ClassVar = (
        Feature(
            "trade_flow_imbalance_{window}",
            "-1..1",
            True,
            "signed volume / volume of the trades of the last {window}",
            "Chordia, Roll and Subrahmanyam (2002), section 2",
        ),
        Feature(
            "vwap_deviation_{window}",
            "bps",
            True,
            "1 - volume-weighted average price of the trades of the last {window} / mid",
            "Berkowitz, Logue and Noser (1988), on the average price",
        ),
    )
    windows: ClassVar = ("1s", "10s")
    counted: ClassVar = True
    state: ClassVar = TradeFlowsState

    def __init__(self, windows: Sequence[Window]) -> None:
        self._flows = [Flow(each) for each in windows]

    def start(self, mid: float) -> TradeFlowsState:
        """Return the state before the first trade; the state does not depend on `mid`."""
        return TradeFlowsState([each.start(mid) for each in self._flows])

    def trade(self, state: TradeFlowsState, now: Moment) -> list[float]:
        """Add the last trade in `now` to `state`; return the two features of each window."""
        found: list[float] = []
        for index, flow in enumerate(self._flows):
            imbalance, deviation = flow.trade(state.flows[index], now)
            found.append(imbalance)
            found.append(deviation)
        return found

    def advance(self, state: TradeFlowsState, now: Moment) -> list[float]:
        """Move the time of `state` on; return the two features of each window at the new mid `now.mid`."""
        found: list[float] = []
        for index, flow in enumerate(self._flows):
            imbalance, deviation = flow.advance(state.flows[index], now)
            found.append(imbalance)
            found.append(deviation)
        return found
