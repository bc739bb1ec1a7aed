"""A symbol's clock broke: what came before and what comes after are not of one time."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from schemas.limits import Count, EventTime, Id, Sentence, Symbol

BreakReason = Literal["set_back", "ahead", "price"]


class ClockBroken(Struct, frozen=True):
    """The market node believed ticks that contradict a symbol's past: a new generation of its clock begins.

    Event times are compared within one generation only. Predictions that waited for their outcome are never scored.
    """

    id: Annotated[Id, Meta(description="`ticks:partition:offset:index` of the tick that was believed")]
    symbol: Symbol
    ts_event: Annotated[EventTime, Meta(description="event time of that tick, at which the new generation begins")]
    before: Annotated[EventTime, Meta(description="event time of the symbol until then")]
    generation: Annotated[Count, Meta(description="that begins; the first break begins generation 1")]
    reason: Annotated[
        BreakReason,
        Meta(
            description="`set_back`: time went back; `ahead`: it jumped farther than `max_gap_ns`; `price`: the price "
            "jumped farther than `max_jump`"
        ),
    ]
    refused: Annotated[Count, Meta(description="ticks that were refused as dead letters before they were believed")]
    dropped: Annotated[Count, Meta(description="predictions that waited for their outcome and are never scored")]
    sentence: Annotated[Sentence, Meta(description="for a person")]
