"""Record of a prediction; the market node writes one for every accepted tick."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct

from schemas.limits import (
    Bps,
    Code,
    EventTime,
    Figure,
    Generation,
    Id,
    Name,
    NameOrNone,
    Names,
    Price,
    Probability,
    Sentence,
    Span,
    Symbol,
)

Direction = Literal["up", "down", "flat"]


class Prediction(Struct, frozen=True):
    """Probability that the mid moves up within `horizon_ns`, if it moves, and the position that follows from it.

    The prediction comes from the live arm. An arm is one of the variants of the pipeline that run side by side on a
    symbol; the live arm is the one whose predictions are published.
    """

    id: Annotated[Id, Meta(description="`ticks:partition:offset` of the tick that it answers")]
    symbol: Symbol
    ts_event: EventTime
    horizon_ns: Annotated[Span, Meta(description="how far ahead it looks, ns")]
    mid: Annotated[Price, Meta(description="reference price that the move is measured from, quote currency")]
    strategy: Annotated[Name, Meta(description="expert with the largest weight in the mixture")]
    direction: Annotated[Direction, Meta(description="`up`: `probability` is above 0.5; `down`: below; `flat`: at it")]
    probability: Annotated[
        Probability, Meta(description="calibrated probability that the mid moves up, given it moves")
    ]
    confidence: Annotated[Probability, Meta(description="probability of the named direction, 0.5 to 1")]
    regime: Annotated[Name, Meta(description="`calm` or `volatile`, then `range` or `trend`, joined by a hyphen")]
    position_size: Annotated[Figure, Meta(description="signed fraction of capital; 0 when the edge does not pay")]
    expected_edge_bps: Annotated[Bps, Meta(description="expected signed move before cost, bps of the mid")]
    cost_bps: Annotated[Bps, Meta(description="cost of taking and leaving the position, bps of the mid")]
    model_version: Annotated[Name, Meta(description="version of the live arm's model")]
    scored: Annotated[bool, Meta(description="whether it will mature into an outcome")]
    features_hash: Annotated[Code, Meta(description="digest of the feature list and its parameters, 12 hex digits")]
    features: Annotated[Names, Meta(description="names of the features that it was computed from")]
    regime_probability: Annotated[Figure, Meta(description="probability of the regime, 0 to 1")] = 1.0
    strategy_weight: Annotated[Figure, Meta(description="weight of `strategy` in the mixture, 0 to 1")] = 1.0
    reason: Annotated[Sentence, Meta(description="why that strategy leads; then which components failed, if any")] = ""
    stand_aside: Annotated[bool, Meta(description="neither side can be excluded: the position is 0")] = False
    sizing: Annotated[NameOrNone, Meta(description="rule that decided the position size")] = ""
    generation: Generation = UNSET
