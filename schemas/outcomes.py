"""Record of an outcome: how the market moved after a prediction, and what each arm predicted and earned.

An arm is one of the variants of the pipeline that run side by side on a symbol.
"""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from schemas.limits import (
    MOST_FIELDS,
    Bps,
    Code,
    EventTime,
    FeaturesByName,
    Figure,
    FiguresByName,
    Generation,
    Id,
    Name,
    Names,
    Price,
    Probability,
    Span,
    Symbol,
)


class ArmOutcome(Struct, frozen=True):
    """One arm's prediction, as it was stored at prediction time, and what it earned.

    An arm is one of the variants of the pipeline that run side by side on a symbol.
    """

    arm: Annotated[Name, Meta(description="name of the arm")]
    model_version: Annotated[Name, Meta(description="version of the arm's model at prediction time")]
    strategy: Annotated[Name, Meta(description="expert with the largest weight in the arm's mixture")]
    probability: Annotated[Probability, Meta(description="stored probability of an upward move")]
    position_size: Annotated[Figure, Meta(description="stored signed fraction of capital")]
    gross_bps: Annotated[Bps, Meta(description="position times realised return, bps of capital")]
    net_bps: Annotated[Bps, Meta(description="the same less the cost of the position, bps of capital")]


class OutcomeMatured(Struct, frozen=True):
    """Outcome of a prediction once its horizon has passed: the realised move, and what each arm predicted and earned.

    An arm is one of the variants of the pipeline that run side by side on a symbol.
    """

    id: Annotated[Id, Meta(description="`ticks:partition:offset:index` of the tick at which it matured")]
    prediction_id: Annotated[Id, Meta(description="id of the prediction")]
    symbol: Symbol
    ts_event: Annotated[EventTime, Meta(description="event time of the tick at which it matured")]
    ts_prediction: Annotated[EventTime, Meta(description="event time of the prediction")]
    horizon_ns: Annotated[Span, Meta(description="how far ahead it looked, ns")]
    mid: Annotated[Price, Meta(description="mid at prediction time, quote currency")]
    mid_matured: Annotated[
        Price,
        Meta(
            description="mid at `ts_prediction + horizon_ns`, quote currency: at the first tick of that very time, or "
            "else the last one before it"
        ),
    ]
    return_bps: Annotated[Bps, Meta(description="realised move of the mid, bps")]
    label: Annotated[Literal[-1, 0, 1], Meta(description="sign of the move; 0 is not learned from")]
    regime: Annotated[Name, Meta(description="regime at prediction time")]
    arms: Annotated[
        tuple[ArmOutcome, ...],
        Meta(min_length=1, max_length=MOST_FIELDS, description="every arm that ran, the live one first"),
    ]
    experts: Annotated[FiguresByName, Meta(description="the live arm's experts: probability of an upward move")]
    features_hash: Annotated[Code, Meta(description="digest of the feature list and its parameters")]
    features: Annotated[FeaturesByName, Meta(description="feature values at prediction time")]
    baselines: Annotated[FiguresByName, Meta(description="baselines at prediction time: probability up")] = {}
    cost_bps: Annotated[Bps, Meta(description="cost of a round trip at prediction time, bps of the mid")] = 0.0
    weights: Annotated[FiguresByName, Meta(description="weights of the experts of the arm live at `ts_event`")] = {}
    generation: Generation = UNSET
    silent: Annotated[
        Names | UnsetType,
        Meta(
            description="further models of the live arm for which one half stood in, since they failed or have no "
            "opinion any more; absent: none"
        ),
    ] = UNSET
