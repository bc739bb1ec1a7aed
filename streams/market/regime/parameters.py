"""Parameters of the built-in regime detectors."""

from typing import Annotated

from msgspec import Meta, Struct

from streams.engine.bounds import MOST, CountOrNone, Positive

Decay = Annotated[float, Meta(gt=0.0, lt=1.0)]


class EwmaParameters(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Parameters of the regime detector `ewma`: decays of its averages, and thresholds to enter and to leave a regime.

    Attributes:
        usual_decay: weight of the old value when a quote updates the usual volatility; the volatility at the quote gets
            the rest.
        volatile_above: a calm market is labelled volatile once its volatility exceeds this multiple of the usual
            volatility.
        calm_below: a volatile market is labelled calm once its volatility is below this multiple of the usual
            volatility.
        volatility_error: standard error of the logarithm of the volatility, from which the probability of the label is
            computed. It is 0.087 if returns are normal and `[market.features.volatility] ewma_decay` is 0.97.
        drift_decay: weight of the old value when a quote updates the mean return; the return at the quote gets the
            rest.
        trend_above: a ranging market is labelled trending once the drift exceeds this many of its standard errors.
        range_below: a trending market is labelled ranging once the drift is below this many of its standard errors.
        dwell: fewest quotes between two changes of the same label (calm or volatile, ranging or trending).
    """

    usual_decay: Decay = 0.9995
    volatile_above: Positive = 1.5
    calm_below: Positive = 1.0
    volatility_error: Positive = 0.1
    drift_decay: Decay = 0.99
    trend_above: Positive = 2.5
    range_below: Positive = 1.25
    dwell: CountOrNone = 100


class HmmParameters(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Parameters of the regime detector `hmm`: how long regimes last, what a trend is, how fast activity is learned.

    Attributes:
        spell: number of quotes that a regime lasts on average. It is not learned: fitted to real quotes it would be
            only a few quotes, which is too short for a regime.
        evidence: largest change of the log-odds of a label (volatile, trending) by one quote, so that no single jump
            makes a regime.
        trend: mean return per quote that counts as a trend, in standard deviations of the return at one quote.
        sure: a label changes when the opposite label is more probable than this.
        dwell: fewest quotes between two changes of the same label (calm or volatile, ranging or trending).
        warmup: number of quotes that must move the mid before a market can be labelled volatile.
        memory: number of quotes over which the levels of activity are learned.
    """

    spell: Annotated[float, Meta(gt=2.0, le=1e9)] = 1_000.0
    evidence: Annotated[float, Meta(gt=0.0, le=100.0)] = 2.0
    trend: Positive = 0.2
    sure: Annotated[float, Meta(ge=0.5, lt=1.0)] = 0.7
    dwell: CountOrNone = 50
    warmup: Annotated[int, Meta(ge=2, le=MOST)] = 20
    memory: Annotated[int, Meta(ge=2, le=MOST)] = 5_000
