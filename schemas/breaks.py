"""Record of an abrupt change of a symbol's event time or price that was accepted as real."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from schemas.limits import Count, EventTime, Id, Sentence, Symbol

BreakReason = Literal["set_back", "ahead", "scale", "price"]


class ClockBroken(Struct, frozen=True):
    """A break on a symbol: enough ticks agreed on a new event time or price that contradicted the earlier one.

    The first ticks with the new time or price are refused, until there are enough of them. What follows
    then depends on the kind of the break:

    A break of event time, or of the unit in which the price is quoted, begins a new *generation*: a period
    within which event times can be compared. Predictions that still wait for their outcome at such a break
    are never scored.

    A jump of the price is taken as a real market event and begins no generation. Predictions that wait for
    their outcome at a jump are still scored. They are scored at the prices of the ticks that were refused
    at first.
    """

    id: Annotated[Id, Meta(description="`ticks:partition:offset:index` of the tick at which the change was accepted")]
    symbol: Symbol
    ts_event: Annotated[EventTime, Meta(description="event time of that tick")]
    before: Annotated[EventTime, Meta(description="event time of the symbol before that tick")]
    generation: Annotated[
        Count, Meta(description="generation of the clock from then on: 1 after the first break; a jump begins none")
    ]
    reason: Annotated[
        BreakReason,
        Meta(
            description="`set_back`: time went back; `ahead`: it jumped farther than `max_gap_ns`; `scale`: the price "
            "changed by a factor above 10^4: another unit, or another instrument; `price`: it jumped farther than "
            "`max_jump`"
        ),
    ]
    refused: Annotated[Count, Meta(description="ticks that became dead letters before the change was accepted")]
    dropped: Annotated[Count, Meta(description="predictions that waited for their outcome and are never scored")]
    sentence: Annotated[Sentence, Meta(description="for a person")]
    jumps: Annotated[
        Count | UnsetType, Meta(description="jumps of the symbol's price so far; left out before the first")
    ] = UNSET
