"""Features of the last trades: `trade_flow_imbalance` and `vwap_deviation`.

The first tells whether buyers or sellers were the aggressors. The second tells how far the average trade price is from
the mid.
"""

from dataclasses import dataclass
from typing import ClassVar, Final

from streams.market.features.family import Feature, Moment
from streams.market.features.rolling import Rolling, RollingWindow
from streams.market.features.windows import Window

SIGNS: Final = {"buy": 1.0, "sell": -1.0}
"""Sign of the aggressor; trades of unknown side count in the volume only."""

FURTHEST_BPS: Final = 1e4


@dataclass
class FlowState:
    """The last trades: three rolling windows with one number for each trade.

    Attributes:
        signed: size of each trade, base units: positive if the buyer was the aggressor, negative if the seller was, 0
            if unknown.
        sizes: size of each trade, base units.
        notionals: price times size of each trade, quote currency.
    """

    signed: RollingWindow
    sizes: RollingWindow
    notionals: RollingWindow


class Flow:
    """Computes the imbalance of the aggressors, and the deviation of the average trade price from the mid.

    Args:
        window: number of last trades, or duration of event time, that both features are computed from.

    >>> flow = Flow(Window(50, True))
    >>> state = flow.start(100.0)
    >>> _ = flow.trade(state, Moment(100.5, price=100.0, size=3.0, side="buy"))
    >>> imbalance, vwap = flow.trade(state, Moment(100.5, price=101.0, size=1.0, side="sell"))
    >>> imbalance, round(vwap, 3)  # the average price is 100.25
    (0.5, 24.876)
    """

    features: ClassVar = (
        Feature(
            "trade_flow_imbalance",
            "-1..1",
            True,
            "signed volume / volume of the last trades",
            "Chordia, Roll and Subrahmanyam (2002), section 2",
        ),
        Feature(
            "vwap_deviation",
            "bps",
            True,
            "1 - volume-weighted average price of the last trades / mid",
            "Berkowitz, Logue and Noser (1988), on the average price",
        ),
    )
    state: ClassVar = FlowState

    def __init__(self, window: Window) -> None:
        self._rolling = Rolling(window)

    def start(self, mid: float) -> FlowState:
        """Return the state before the first trade; the state does not depend on `mid`."""
        return FlowState(self._rolling.start(), self._rolling.start(), self._rolling.start())

    def trade(self, state: FlowState, now: Moment) -> tuple[float, float]:
        """Add the last trade in `now` to `state`; return the two features of the last trades.

        Returns:
            Imbalance of the aggressors (-1 if all were sellers, 1 if all were buyers), and by how many bps the average
            trade price is below the mid (negative if it is above).
        """
        size = now.size
        rolling, ts_event = self._rolling, now.ts_event
        rolling.add(state.signed, ts_event, SIGNS.get(now.side, 0.0) * size)
        rolling.add(state.sizes, ts_event, size)
        rolling.add(state.notionals, ts_event, now.price * size)
        return self.advance(state, now)

    def advance(self, state: FlowState, now: Moment) -> tuple[float, float]:
        """Return the two features of the last trades at the new mid `now.mid`.

        Over a number of trades `state` stays as it is; over a duration, trades that have become too old are dropped.

        Returns:
            Imbalance of the aggressors (-1 if all were sellers, 1 if all were buyers), and by how many bps the average
            trade price is below the mid (negative if it is above). Both are 0 before the first trade with a size.
        """
        rolling, ts_event = self._rolling, now.ts_event
        size = rolling.sum_at(state.sizes, ts_event)
        if size <= 0.0:
            return 0.0, 0.0
        imbalance = rolling.sum_at(state.signed, ts_event) / size
        deviation = (1.0 - rolling.sum_at(state.notionals, ts_event) / size / now.mid) * 1e4
        # The bounds hold except for rounding; sizes that differ by 16 digits must still give finite features.
        return max(-1.0, min(1.0, imbalance)), max(-FURTHEST_BPS, min(FURTHEST_BPS, deviation))
