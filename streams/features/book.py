"""What the best bid and ask say: queue imbalance, microprice and order-flow imbalance."""

from msgspec import Struct

from streams.rolling import Window, push, window

NAMES = ("queue_imbalance", "microprice_deviation", "order_flow_imbalance")
ABSENT = (0.0, 0.0, 0.0)
"""Features while no quote came."""


class BookState(Struct, array_like=True):
    """The last best bid and ask, and the order flow since.

    Attributes:
        bid, bid_size, ask, ask_size: the last quote; a bid of 0 means none came.
        flow: order flow of the last quotes, base units.
        activity: its magnitudes.
    """

    bid: float
    bid_size: float
    ask: float
    ask_size: float
    flow: Window
    activity: Window


def start(length: int) -> BookState:
    """State without a quote, with order flow to be summed over `length` quotes."""
    return BookState(0.0, 0.0, 0.0, 0.0, window(length), window(length))


def advance(
    state: BookState, bid: float, bid_size: float, ask: float, ask_size: float, mid: float
) -> tuple[float, float, float]:
    """Take the next quote; return the features of `NAMES`.

    * `queue_imbalance`: (bid size - ask size) / (bid size + ask size), -1 to 1.
    * `microprice_deviation`: distance of the size-weighted mid from the mid, bps.
    * `order_flow_imbalance`: sum of the flow over the last quotes as a fraction of its magnitude, -1 to 1.

    All are 0 for feeds without sizes.

    >>> state = start(50)
    >>> advance(state, 99.0, 3.0, 101.0, 1.0, 100.0)
    (0.5, 50.0, 0.0)
    >>> advance(state, 99.0, 5.0, 101.0, 2.0, 100.0)[2]  # two more on the bid, one more on the ask: (2 - 1) / 1
    1.0

    References:
        Cont, Kukanov and Stoikov (2014), The price impact of order book events, equation 2.
        Gatheral and Oomen (2010), Zero-intelligence realized variance estimation, on the microprice.
    """
    last_bid = state.bid
    if last_bid:
        last_ask = state.ask
        event = 0.0
        if bid >= last_bid:
            event = bid_size
        if bid <= last_bid:
            event -= state.bid_size
        if ask <= last_ask:
            event -= ask_size
        if ask >= last_ask:
            event += state.ask_size
        flow = push(state.flow, event)
        activity = push(state.activity, abs(event))
        imbalance = flow / activity if activity > 0.0 else 0.0
        if imbalance > 1.0:
            imbalance = 1.0
        elif imbalance < -1.0:
            imbalance = -1.0
    else:
        imbalance = 0.0
    state.bid = bid
    state.bid_size = bid_size
    state.ask = ask
    state.ask_size = ask_size
    depth = bid_size + ask_size
    if depth == 0.0:
        return 0.0, 0.0, imbalance
    queue = (bid_size - ask_size) / depth
    # The microprice is mid + queue * (ask - bid) / 2.
    return queue, queue * (ask - bid) / mid * 5e3, imbalance
