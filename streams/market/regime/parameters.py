"""Parameters of the regime detectors."""

from typing import Annotated

from msgspec import Meta, Struct

from streams.engine.bounds import MOST, CountOrNone, Positive

Decay = Annotated[float, Meta(gt=0.0, lt=1.0)]


class EwmaParameters(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Thresholds to enter and to leave a regime, and decays of the averages.

    Attributes:
        usual_decay: weight of the past in the usual volatility.
        volatile_above: volatile from this multiple of the usual volatility on.
        calm_below: calm again below this multiple.
        volatility_error: standard error of the logarithm of the volatility, for the probability; 0.087 for normal
            returns and a weight of 0.97.
        drift_decay: weight of the past in the drift.
        trend_above: trending from this many standard errors of drift on.
        range_below: ranging again below this many.
        dwell: quotes for which either label stays at least.
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
    """Parameters of the hidden Markov filters: how long regimes last, what a trend is, how fast levels are learned.

    Attributes:
        spell: quotes that a regime lasts on average. It is not learned: the most likely value on real quotes is a few
            of them, too short for a regime.
        evidence: largest change of log-odds by one quote, so that no single jump makes a regime.
        trend: drift of a trend, standard deviations a quote.
        sure: a label changes when another one is at least this probable.
        dwell: quotes for which either label stays at least.
        warmup: moves of the mid that the first levels of activity are taken from; calm and ranging until then.
        memory: quotes that the levels look back on.
    """

    spell: Annotated[float, Meta(gt=2.0, le=1e9)] = 1_000.0
    evidence: Annotated[float, Meta(gt=0.0, le=100.0)] = 2.0
    trend: Positive = 0.2
    sure: Annotated[float, Meta(ge=0.5, lt=1.0)] = 0.7
    dwell: CountOrNone = 50
    warmup: Annotated[int, Meta(ge=2, le=MOST)] = 20
    memory: Annotated[int, Meta(ge=2, le=MOST)] = 5_000
