"""What the trades say: who was the aggressor, and at which price they were made on average."""

from msgspec import Struct

from streams.rolling import Window, push, window

NAMES = ("trade_flow_imbalance", "vwap_deviation")

SIGNS = {"buy": 1.0, "sell": -1.0}
"""Sign of the aggressor; trades of unknown side count in the volume only."""

FURTHEST_BPS = 1e4


class FlowState(Struct, array_like=True):
    """The last trades.

    Attributes:
        signed: sizes, positive for buyers and negative for sellers, base units.
        sizes: sizes.
        notionals: price times size.
    """

    signed: Window
    sizes: Window
    notionals: Window


def start(length: int) -> FlowState:
    """State without a trade, to be summed over `length` trades."""
    return FlowState(window(length), window(length), window(length))


def advance(state: FlowState, price: float, size: float, side: str) -> None:
    """Take the next trade."""
    push(state.signed, SIGNS.get(side, 0.0) * size)
    push(state.sizes, size)
    push(state.notionals, price * size)


def features(state: FlowState, mid: float) -> tuple[float, float]:
    """Features of `NAMES` as of now.

    * `trade_flow_imbalance`: signed volume over volume of the last trades, -1 to 1.
    * `vwap_deviation`: distance of the mid from the volume-weighted average price of the last trades, bps.

    >>> state = start(50)
    >>> advance(state, 100.0, 3.0, "buy")
    >>> advance(state, 101.0, 1.0, "sell")
    >>> flow, vwap = features(state, 100.5)
    >>> flow, round(vwap, 3)  # the average price is 100.25
    (0.5, 24.876)
    """
    size = state.sizes.total
    if size <= 0.0:
        return 0.0, 0.0
    imbalance = state.signed.total / size
    deviation = (1.0 - state.notionals.total / size / mid) * 1e4
    # The bounds hold but for rounding; a window of sizes that differ by 16 digits must still give finite features.
    return max(-1.0, min(1.0, imbalance)), max(-FURTHEST_BPS, min(FURTHEST_BPS, deviation))
