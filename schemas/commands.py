"""What people and other nodes ask for: variants started, stopped, made live, rolled back."""

from typing import Annotated

from msgspec import Meta, Struct

from schemas.models import ModelState
from schemas.ticks import EventTime, Overrides, Symbol

CommandId = Annotated[str, Meta(description="the asker's own; a command whose id was carried out already is ignored")]
Asked = Annotated[EventTime, Meta(description="event time of the symbol when it was asked for: ns since 1970, UTC")]
Cause = Annotated[str, Meta(description="id of the decision that led to it, or the sentence of the person who did")]
Signature = Annotated[
    str, Meta(description="hex HMAC-SHA256 over the record without this field, or empty; nodes and clients sign")
]
Metrics = Annotated[dict[str, float], Meta(description="figures that it rests on, by name")]


class StartVariant(Struct, frozen=True, tag_field="kind", tag="start_variant"):
    """Run a variant of the pipeline in shadow on the symbol's ticks."""

    id: CommandId
    symbol: Symbol
    ts_event: Asked
    arm: Annotated[str, Meta(description="name that the variant runs under")]
    cause: Cause
    overrides: Overrides = {}
    from_live: Annotated[bool, Meta(description="start from what the live arm has learned so far")] = False
    model: Annotated[ModelState | None, Meta(description="full state of a model to start from")] = None
    version: Annotated[str, Meta(description="name of the version; empty: one is made of the arm's name")] = ""
    experiment: Annotated[str, Meta(description="experiment that it is an arm of, or empty")] = ""
    metrics: Metrics = {}
    signature: Signature = ""


class StopVariant(Struct, frozen=True, tag_field="kind", tag="stop_variant"):
    """End a variant that runs in shadow."""

    id: CommandId
    symbol: Symbol
    ts_event: Asked
    arm: Annotated[str, Meta(description="name that the variant runs under")]
    cause: Cause
    signature: Signature = ""


class PromoteVariant(Struct, frozen=True, tag_field="kind", tag="promote_variant"):
    """Make a variant that runs in shadow the live one; the one that was live goes on in shadow as its version."""

    id: CommandId
    symbol: Symbol
    ts_event: Asked
    arm: Annotated[str, Meta(description="name that the variant runs under")]
    cause: Cause
    metrics: Metrics = {}
    signature: Signature = ""


class RollBack(Struct, frozen=True, tag_field="kind", tag="roll_back"):
    """Make the version live again that was live before; the one that is live goes on in shadow as its version."""

    id: CommandId
    symbol: Symbol
    ts_event: Asked
    cause: Cause
    metrics: Metrics = {}
    signature: Signature = ""


Command = StartVariant | StopVariant | PromoteVariant | RollBack
