"""Rolling features of one symbol, a file for each family; signed ones first: they flip when the market is mirrored."""

from hashlib import sha256

from msgspec import Struct, json

from schemas.ticks import Quote, Trade
from streams.features import book, flow, oscillators, prices, volatility
from streams.features.book import BookState
from streams.features.flow import FlowState
from streams.features.oscillators import OscillatorParameters, Oscillators, OscillatorState
from streams.features.prices import PriceState
from streams.features.volatility import Volatility, VolatilityParameters, VolatilityState

SIGNED: tuple[str, ...] = (*prices.NAMES, *oscillators.NAMES, *book.NAMES, *flow.NAMES)
UNSIGNED: tuple[str, ...] = (*volatility.NAMES, "spread")
FEATURES: tuple[str, ...] = SIGNED + UNSIGNED
"""Names of the features in the order of every vector of them."""


class FeatureParameters(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the features look back on.

    Attributes:
        order_flow_window: quotes that the order-flow imbalance is summed over.
        trade_window: trades that trade flow and average price are summed over.
        oscillators: smoothing of RSI and MACD.
        volatility: smoothing of the volatilities and the autocorrelation.
    """

    order_flow_window: int = 50
    trade_window: int = 50
    oscillators: OscillatorParameters = OscillatorParameters()
    volatility: VolatilityParameters = VolatilityParameters()

    def digest(self) -> str:
        """First 12 hex digits of the SHA-256 over the names of the features and these parameters.

        >>> default, other = FeatureParameters(), FeatureParameters(trade_window=20)
        >>> len(default.digest()), default.digest() == other.digest()
        (12, False)
        """
        return sha256(json.encode((FEATURES, self))).hexdigest()[:12]


class FeatureState(Struct, array_like=True):
    """What the features of one symbol are computed from.

    Attributes:
        mid: reference price, quote currency: the mid, or the last trade's price until a quote comes.
        quoted: whether a quote came.
        vector: the features as of the last tick, in the order of `FEATURES`.
    """

    mid: float
    quoted: bool
    prices: PriceState
    oscillators: OscillatorState
    book: BookState
    flow: FlowState
    volatility: VolatilityState
    vector: list[float]


class Features:
    """Advances a `FeatureState` by one tick: constant time, finite numbers, no dictionaries."""

    def __init__(self, parameters: FeatureParameters) -> None:
        self._parameters = parameters
        self._oscillators = Oscillators(parameters.oscillators)
        self._volatility = Volatility(parameters.volatility)

    def start(self, mid: float) -> FeatureState:
        """State of a symbol whose reference price has always been `mid`."""
        return FeatureState(
            mid,
            False,
            prices.start(mid),
            oscillators.start(mid),
            book.start(self._parameters.order_flow_window),
            flow.start(self._parameters.trade_window),
            self._volatility.start(),
            [0.0] * len(FEATURES),
        )

    def quote(self, state: FeatureState, quote: Quote) -> bool:
        """Take a quote; it always moves the features of the price, so the answer is True."""
        bid = quote.bid
        ask = quote.ask
        mid = 0.5 * (bid + ask)
        of_book = book.advance(state.book, bid, quote.bid_size, ask, quote.ask_size, mid)
        state.quoted = True
        self._price(state, mid, of_book, (ask - bid) / mid * 1e4)
        return True

    def trade(self, state: FeatureState, trade: Trade) -> bool:
        """Take a trade; whether it moved the features of the price: it does so until a quote comes."""
        price = trade.price
        flow.advance(state.flow, price, trade.size, trade.side)
        if state.quoted:
            state.vector[_FLOW] = flow.features(state.flow, state.mid)
            return False
        self._price(state, price, book.ABSENT, 0.0)
        return True

    def _price(self, state: FeatureState, mid: float, of_book: tuple[float, float, float], spread: float) -> None:
        move = mid - state.mid
        state.mid = mid
        of_price = prices.advance(state.prices, mid)
        state.vector = [
            *of_price,
            *self._oscillators.advance(state.oscillators, mid, move),
            *of_book,
            *flow.features(state.flow, mid),
            *self._volatility.advance(state.volatility, of_price[0]),
            spread,
        ]


_FLOW = slice(FEATURES.index(flow.NAMES[0]), FEATURES.index(flow.NAMES[-1]) + 1)
