"""A symbol's clock broke, or its price jumped: ticks that contradict its past were believed."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from schemas.limits import Count, EventTime, Id, Sentence, Symbol

BreakReason = Literal["set_back", "ahead", "scale", "price"]


class ClockBroken(Struct, frozen=True):
    """The market node believed ticks that contradict a symbol's past.

    Where time contradicts it, a new generation of the symbol's clock begins: event times are compared within one
    generation only, and predictions that waited for their outcome are never scored. A jump of the price is an event of
    the market: the clock goes on, and what waited is scored at the prices of the ticks that were refused until then.
    """

    id: Annotated[Id, Meta(description="`ticks:partition:offset:index` of the tick that was believed")]
    symbol: Symbol
    ts_event: Annotated[EventTime, Meta(description="event time of that tick, from which on it is believed")]
    before: Annotated[EventTime, Meta(description="event time of the symbol until then")]
    generation: Annotated[
        Count, Meta(description="of the clock from then on; the first break begins generation 1, a jump none")
    ]
    reason: Annotated[
        BreakReason,
        Meta(
            description="`set_back`: time went back; `ahead`: it jumped farther than `max_gap_ns`; `scale`: the price "
            "changed by a factor above 10^4: another unit, or another instrument; `price`: it jumped farther than "
            "`max_jump`"
        ),
    ]
    refused: Annotated[Count, Meta(description="ticks that were refused as dead letters before they were believed")]
    dropped: Annotated[Count, Meta(description="predictions that waited for their outcome and are never scored")]
    sentence: Annotated[Sentence, Meta(description="for a person")]
    jumps: Annotated[
        Count | UnsetType, Meta(description="jumps of the symbol's price so far; left out before the first")
    ] = UNSET
