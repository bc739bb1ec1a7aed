"""Records of busy topics, reduced to the fields that the page shows, so that decoding is fast.

The fields are checked against limits that are at least as wide as the limits of the full records.
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
"""Figures by name. Each outcome has dozens, so only the lengths of the names are checked."""


class PredictionFields(Struct, frozen=True):
    """The part of a prediction that the page keeps; the fields are explained in
    `schemas.predictions.Prediction`.
    """

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
    """How one model version did on one prediction; the fields are explained in `schemas.outcomes.ArmOutcome`.

    An outcome has one entry for the live version, which comes first, and one for each version that ran
    beside it.
    """

    arm: Name
    model_version: Name
    probability: Probability
    gross_bps: Figure
    net_bps: Figure


class OutcomeFields(Struct, frozen=True):
    """The part of an outcome that the page keeps; the fields are explained in `schemas.outcomes.OutcomeMatured`."""

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
    """The part of a paper account's valuation that the page keeps.

    The fields are explained in `schemas.accounts.AccountMarked`.
    """

    id: Id
    symbol: Symbol
    ts_event: EventTime
    position: Figure
    gross_bps: Figure
    net_bps: Figure
    drawdown_bps: Figure
    trades: Count
    wins: Count
