"""Parameters of the built-in features: decays and lengths of windows."""

from typing import Annotated, Final

from msgspec import Meta, Struct

from schemas.limits import LONGEST_SYMBOL
from streams.engine.bounds import Count
from streams.market.features.windows import WindowLength

Decay = Annotated[float, Meta(gt=0.0, lt=1.0)]

MOST_REFERENCES: Final = 8
"""References of one system at most: their last seconds are part of every checkpoint of every partition."""

MS: Final = 1_000_000

ReferenceSymbol = Annotated[str, Meta(min_length=1, max_length=LONGEST_SYMBOL, pattern=r"^[!-{}~]*(?![\s\S])")]
"""A symbol without `|`, which names of features may not have."""


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


class ReferenceParameters(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Parameters of the features that look at other symbols, the references.

    Attributes:
        of: the references: symbols whose last state is looked at. `[references]` fills this list.
        max_age_ns: age of a reference's last tick, ns, above which the reference is absent: its features are 0, and
            the prediction says so.
        delay_ns: by how much ticks of a reference must be older than the tick of the symbol to be seen, ns. In a
            backtest of files it stands for the time that a reference's ticks take to arrive.
        basis_ns: time constant of the mean from which the basis is measured, ns.
        beta_ns: time constant of the regression of the symbol's returns on those of the reference, ns.
        beta_step_ns: time over which these returns are computed, ns.
    """

    of: Annotated[tuple[ReferenceSymbol, ...], Meta(max_length=MOST_REFERENCES)] = ()
    max_age_ns: Annotated[int, Meta(ge=MS, lt=2**62)] = 10_000 * MS
    delay_ns: Annotated[int, Meta(ge=0, le=500 * MS)] = 0
    basis_ns: Annotated[int, Meta(ge=MS, lt=2**62)] = 300_000 * MS
    beta_ns: Annotated[int, Meta(ge=MS, lt=2**62)] = 300_000 * MS
    beta_step_ns: Annotated[int, Meta(ge=MS, lt=2**62)] = 1_000 * MS
