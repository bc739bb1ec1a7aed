"""Parameters of the built-in features: decays and lengths of windows."""

from typing import Annotated

from msgspec import Meta, Struct

from streams.engine.bounds import Count
from streams.market.features.windows import WindowLength

Decay = Annotated[float, Meta(gt=0.0, lt=1.0)]


class VolatilityParameters(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Smoothing of the volatility features and of the autocorrelation.

    Attributes:
        ewma_decay: weight of the old variance when a quote updates the exponentially weighted variance; the squared
            return gets the rest.
        realised_window: number of quotes, or duration of event time such as `"2s"`, over which squared returns are
            summed for the realised volatility.
        autocorrelation_decay: weight of the old averages when a quote updates the averages of the autocorrelation.
    """

    ewma_decay: Decay = 0.97
    realised_window: WindowLength = 50
    autocorrelation_decay: Decay = 0.99


class OscillatorParameters(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Smoothing of RSI and MACD, in numbers of quotes.

    Attributes:
        rsi_period: period of the average gain and loss; a new quote has the weight `1 / rsi_period`.
        macd_fast: span of the fast average; a new quote has the weight `2 / (macd_fast + 1)`.
        macd_slow: span of the slow average; a new quote has the weight `2 / (macd_slow + 1)`.
    """

    rsi_period: Count = 50
    macd_fast: Count = 12
    macd_slow: Count = 26
