"""Parameters of the built-in families: decays and windows."""

from typing import Annotated

from msgspec import Meta, Struct

from streams.engine.bounds import Count, Kept

Decay = Annotated[float, Meta(gt=0.0, lt=1.0)]


class VolatilityParameters(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Decays and window of volatility and autocorrelation.

    Attributes:
        ewma_decay: weight of the past in the exponentially weighted variance, per quote.
        realised_window: quotes that the realised volatility is summed over.
        autocorrelation_decay: weight of the past in the autocorrelation, per quote.
    """

    ewma_decay: Decay = 0.97
    realised_window: Kept = 50
    autocorrelation_decay: Decay = 0.99


class OscillatorParameters(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Spans of RSI and MACD, in quotes.

    Attributes:
        rsi_period: smoothing of gains and losses, `1 / period` per quote.
        macd_fast: span of the fast average, `2 / (span + 1)` per quote.
        macd_slow: span of the slow average.
    """

    rsi_period: Count = 50
    macd_fast: Count = 12
    macd_slow: Count = 26
