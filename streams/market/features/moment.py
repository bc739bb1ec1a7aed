"""The input of every feature: the state of the market after one tick."""

from dataclasses import dataclass


@dataclass
class Moment:
    """The latest quote, trade and reference price of one symbol: the input from which features are computed.

    Attributes:
        mid: reference price, quote currency: the mid of the last quote, or the last trade's price if there is no valid
            quote.
        move: change of `mid` at this tick, quote currency.
        change: change of `mid` at this tick as a simple return, bps.
        bid, bid_size, ask, ask_size: the last quote; all 0 before the first quote and when the last quote is too old.
        price, size, side: the last trade and its aggressor, `buy` or `sell`; 0, 0 and empty before the first trade.
        ts_event: event time of this tick, ns.
        quoted_at: event time of the last quote, ns; 0 before the first.
    """

    mid: float
    move: float = 0.0
    change: float = 0.0
    bid: float = 0.0
    bid_size: float = 0.0
    ask: float = 0.0
    ask_size: float = 0.0
    price: float = 0.0
    size: float = 0.0
    side: str = ""
    ts_event: int = 0
    quoted_at: int = 0
