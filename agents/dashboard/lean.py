"""Records of the busy topics with only the fields that the page shows: the rest is skipped, not decoded.

What is decoded has bounds, no narrower than those of the records: anybody may have written to these topics.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

Text = Annotated[str, Meta(max_length=400)]
Moment = Annotated[int, Meta(ge=0, le=2**63 - 1)]
"""Event time, ns since 1970."""

Count = Annotated[int, Meta(ge=0, le=2**53)]
Figure = Annotated[float, Meta(ge=-1e100, le=1e100)]
Probability = Annotated[float, Meta(ge=0.0, le=1.0)]
Probabilities = Annotated[dict[Text, Probability], Meta(max_length=256)]


class LeanPrediction(Struct, frozen=True):
    """What is kept of a prediction; its fields are those of `schemas.predictions.Prediction`."""

    id: Text
    symbol: Text
    ts_event: Moment
    mid: Figure
    strategy: Text
    direction: Text
    probability: Probability
    confidence: Probability
    regime: Text
    position_size: Figure
    model_version: Text
    stand_aside: bool = False
    generation: Count = 0


class LeanArm(Struct, frozen=True):
    """What is kept of an arm of an outcome."""

    arm: Text
    model_version: Text
    probability: Probability
    gross_bps: Figure
    net_bps: Figure


class LeanOutcome(Struct, frozen=True):
    """What is kept of an outcome; its fields are those of `schemas.outcomes.OutcomeMatured`."""

    prediction_id: Text
    symbol: Text
    ts_event: Moment
    ts_prediction: Moment
    horizon_ns: Annotated[int, Meta(ge=1, le=2**62)]
    label: Literal[-1, 0, 1]
    arms: Annotated[tuple[LeanArm, ...], Meta(min_length=1, max_length=256)]
    experts: Probabilities
    baselines: Probabilities = {}
    weights: Probabilities = {}
    generation: Count = 0


class LeanMark(Struct, frozen=True):
    """What is kept of a paper account; its fields are those of `schemas.accounts.AccountMarked`."""

    id: Text
    symbol: Text
    ts_event: Moment
    position: Figure
    gross_bps: Figure
    net_bps: Figure
    drawdown_bps: Figure
    trades: Count
    wins: Count
