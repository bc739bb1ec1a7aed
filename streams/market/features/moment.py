"""The market as of one tick."""

from dataclasses import dataclass


@dataclass
class Moment:
    """The market as of one tick: the input of every family.

    Attributes:
        mid: reference price, quote currency: the mid, or the last trade's price until a quote comes.
        move: change of `mid` at this tick, quote currency.
        change: the same as a simple return, bps.
        bid, bid_size, ask, ask_size: the last quote; all 0 until one comes, and once it is too old.
        price, size, side: the last trade; 0, 0 and empty until one comes.
        ts_event: event time, ns.
        quoted_at: event time of the last quote, ns.
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
