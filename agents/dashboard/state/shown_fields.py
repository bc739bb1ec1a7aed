"""Records of busy topics with only the fields that the page shows; other fields are not decoded.

What is decoded has bounds, no narrower than those of the records: anybody may have written to these topics.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from schemas.limits import (
    LONGEST_NAME,
    MOST_FIELDS,
    Count,
    EventTime,
    Figure,
    Id,
    Name,
    Price,
    Probability,
    Span,
    Symbol,
)

Named = Annotated[dict[Annotated[str, Meta(max_length=LONGEST_NAME)], Figure], Meta(max_length=MOST_FIELDS)]
"""Figures by name: of each outcome there are dozens, so that only the length of their names is looked at."""


class PredictionFields(Struct, frozen=True):
    """The fields of `schemas.predictions.Prediction` that the page keeps."""

    id: Id
    symbol: Symbol
    ts_event: EventTime
    mid: Price
    strategy: Name
    direction: Name
    probability: Probability
    confidence: Probability
    regime: Name
    position_size: Figure
    model_version: Name
    stand_aside: bool = False
    generation: Count = 0


class ArmFields(Struct, frozen=True):
    """The fields of an arm of an outcome that the page keeps."""

    arm: Name
    model_version: Name
    probability: Probability
    gross_bps: Figure
    net_bps: Figure


class OutcomeFields(Struct, frozen=True):
    """The fields of `schemas.outcomes.OutcomeMatured` that the page keeps."""

    prediction_id: Id
    symbol: Symbol
    ts_event: EventTime
    ts_prediction: EventTime
    horizon_ns: Span
    label: Literal[-1, 0, 1]
    arms: Annotated[tuple[ArmFields, ...], Meta(min_length=1, max_length=MOST_FIELDS)]
    experts: Named
    baselines: Named = {}
    weights: Named = {}
    generation: Count = 0


class MarkFields(Struct, frozen=True):
    """The fields of `schemas.accounts.AccountMarked` that the page keeps."""

    id: Id
    symbol: Symbol
    ts_event: EventTime
    position: Figure
    gross_bps: Figure
    net_bps: Figure
    drawdown_bps: Figure
    trades: Count
    wins: Count
