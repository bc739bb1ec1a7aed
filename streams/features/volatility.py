"""How much the mid moves, and whether it tends to move back: unsigned features."""

from math import sqrt

from msgspec import Struct

from streams.rolling import Window, push, window

NAMES = ("autocorrelation", "ewma_volatility", "realised_volatility")


class VolatilityParameters(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Lengths in quotes.

    Attributes:
        ewma_decay: weight of the past in the exponentially weighted variance.
        realised_window: quotes that the realised volatility is summed over.
        autocorrelation_decay: weight of the past in the autocorrelation.
    """

    ewma_decay: float = 0.97
    realised_window: int = 50
    autocorrelation_decay: float = 0.99


class VolatilityState(Struct, array_like=True):
    """Averages of returns in bps.

    Attributes:
        last_return: the last return.
        variance: exponentially weighted square of returns.
        products: exponentially weighted product of neighbouring returns.
        squares: exponentially weighted square, as slow as `products`.
        recent: squares of the last returns.
    """

    last_return: float
    variance: float
    products: float
    squares: float
    recent: Window


class Volatility:
    """Advances a `VolatilityState`.

    >>> volatility = Volatility(VolatilityParameters())
    >>> state = volatility.start()
    >>> [round(value, 3) for value in volatility.advance(state, 2.0)]
    [0.0, 0.346, 2.0]
    >>> [round(value, 3) for value in volatility.advance(state, -2.0)]
    [-0.503, 0.486, 2.828]

    References:
        RiskMetrics Technical Document (1996), equation 5.3: the exponentially weighted variance.
        Andersen and Bollerslev (1998), Answering the skeptics: realised volatility.
    """

    def __init__(self, parameters: VolatilityParameters) -> None:
        self._window = parameters.realised_window
        self._fresh = 1.0 - parameters.ewma_decay
        self._fresh_pair = 1.0 - parameters.autocorrelation_decay

    def start(self) -> VolatilityState:
        """State in which the mid has never moved."""
        return VolatilityState(0.0, 0.0, 0.0, 0.0, window(self._window))

    def advance(self, state: VolatilityState, change: float) -> tuple[float, float, float]:
        """Take the next return in bps; return the features of `NAMES`.

        * `autocorrelation`: of neighbouring returns, -1 to 1; negative where the price bounces.
        * `ewma_volatility`: root of the exponentially weighted square of returns, bps a quote.
        * `realised_volatility`: root of the sum of squares over the window, bps.
        """
        square = change * change
        state.variance = variance = state.variance + self._fresh * (square - state.variance)
        fresh = self._fresh_pair
        state.products = products = state.products + fresh * (change * state.last_return - state.products)
        state.squares = squares = state.squares + fresh * (square - state.squares)
        state.last_return = change
        recent = push(state.recent, square)
        # Long after the last move `squares` fades into denormal numbers whose ratio means nothing.
        autocorrelation = products / squares if squares > 1e-30 else 0.0
        return (
            max(-1.0, min(1.0, autocorrelation)),
            sqrt(variance),
            sqrt(recent) if recent > 0.0 else 0.0,
        )
