"""Features of the best bid and ask: queue imbalance, microprice and order-flow imbalance."""

from dataclasses import dataclass
from typing import ClassVar

from streams.market.features.family import Feature, Moment
from streams.market.features.rolling import Rolling, RollingWindow
from streams.market.features.windows import Window

ABSENT = (0.0, 0.0, 0.0)
"""Values before the first quote."""


def queue_imbalance(now: Moment) -> float:
    """Return the queue imbalance of the last quote in `now`, -1 to 1; 0 without a valid quote, and without sizes."""
    depth = now.bid_size + now.ask_size
    return (now.bid_size - now.ask_size) / depth if depth != 0.0 else 0.0


def order_flow(bid: float, bid_size: float, ask: float, ask_size: float, now: Moment) -> float:
    """Return the signed order flow from one quote to the next, base units.

    It is above 0 if bids were added or asks taken away.

    Args:
        bid, bid_size, ask, ask_size: the quote before.
        now: its last quote is the next one.

    References:
        Cont, Kukanov and Stoikov (2014), The price impact of order book events, equation 2.
    """
    event = 0.0
    if now.bid >= bid:
        event = now.bid_size
    if now.bid <= bid:
        event -= bid_size
    if now.ask <= ask:
        event -= now.ask_size
    if now.ask >= ask:
        event += ask_size
    return event


def ratio(flow: float, activity: float) -> float:
    """Return a sum divided by that of the magnitudes, -1 to 1; 0 if the latter is 0.

    >>> ratio(-1.0, 4.0), ratio(2.0, 1.9999999999), ratio(0.0, 0.0)
    (-0.25, 1.0, 0.0)
    """
    share = flow / activity if activity > 0.0 else 0.0
    if share > 1.0:
        return 1.0
    return -1.0 if share < -1.0 else share


@dataclass
class BookState:
    """The last quote, and the order flow at each of the last quotes.

    Attributes:
        bid, bid_size, ask, ask_size: the last quote; all 0 before the first.
        flow: signed order flow at each of the last quotes, base units; above 0 if bids were added or asks taken away.
        activity: magnitudes of the numbers in `flow`.
    """

    bid: float
    bid_size: float
    ask: float
    ask_size: float
    flow: RollingWindow
    activity: RollingWindow


class BookFeatures:
    """Computes queue imbalance, microprice deviation and order-flow imbalance at each quote.

    All three are 0 for market data without sizes.

    Args:
        window: number of quotes, or duration of event time, over which the order flow is summed.

    >>> book = BookFeatures(Window(50, True))
    >>> state = book.start(100.0)
    >>> book.advance(state, Moment(100.0, bid=99.0, bid_size=3.0, ask=101.0, ask_size=1.0))
    (0.5, 50.0, 0.0)
    >>> now = Moment(100.0, bid=99.0, bid_size=5.0, ask=101.0, ask_size=2.0)
    >>> book.advance(state, now)[2]  # bid size 2 up, ask size 1 up: flow 2 - 1, divided by its magnitude
    1.0

    References:
        Cont, Kukanov and Stoikov (2014), The price impact of order book events, equation 2.
        Gatheral and Oomen (2010), Zero-intelligence realized variance estimation, on the microprice.
    """

    features: ClassVar = (
        Feature(
            "queue_imbalance",
            "-1..1",
            True,
            "(bid size - ask size) / (bid size + ask size)",
            "Gould and Bonart (2016), equation 2",
        ),
        Feature(
            "microprice_deviation",
            "bps",
            True,
            "size-weighted mid / mid - 1",
            "Gatheral and Oomen (2010), section 2",
        ),
        Feature(
            "order_flow_imbalance",
            "-1..1",
            True,
            "sum of order flow over the last quotes / sum of its magnitudes",
            "Cont, Kukanov and Stoikov (2014), equation 2",
        ),
    )
    state: ClassVar = BookState

    def __init__(self, window: Window) -> None:
        self._rolling = Rolling(window)

    def start(self, mid: float) -> BookState:
        """Return the state before the first quote; the state does not depend on `mid`."""
        return BookState(0.0, 0.0, 0.0, 0.0, self._rolling.start(), self._rolling.start())

    def advance(self, state: BookState, now: Moment) -> tuple[float, float, float]:
        """Update `state` by the last quote in `now`; return the three features of the best bid and ask.

        Returns:
            Queue imbalance (-1 to 1), deviation of the microprice from the mid (bps) and order-flow imbalance (-1 to
            1). All are 0 without a valid quote (`now.bid` is 0).
        """
        bid = now.bid
        if bid == 0.0:
            return ABSENT
        bid_size = now.bid_size
        ask = now.ask
        ask_size = now.ask_size
        last_bid = state.bid
        if last_bid:
            event = order_flow(last_bid, state.bid_size, state.ask, state.ask_size, now)
            rolling = self._rolling
            flow = rolling.add(state.flow, now.ts_event, event)
            imbalance = ratio(flow, rolling.add(state.activity, now.ts_event, abs(event)))
        else:
            imbalance = 0.0
        state.bid = bid
        state.bid_size = bid_size
        state.ask = ask
        state.ask_size = ask_size
        queue = queue_imbalance(now)
        # The microprice is mid + queue * (ask - bid) / 2.
        return queue, queue * (ask - bid) / now.mid * 5e3, imbalance
