"""Records on `ticks`: quotes, trades and, rarely, directives, in one ordered log for each symbol."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from schemas.limits import (
    Cause,
    EventTime,
    Id,
    Name,
    NameOrNone,
    SequenceNumber,
    Signature,
    Symbol,
    Tables,
    TickPrice,
    TickSize,
    TickSymbol,
    TickTime,
)
from schemas.models import ModelState

LONGEST_SIDE = 64


class Quote(Struct, frozen=True, tag_field="kind", tag="quote"):
    """Best bid and ask as of `ts_event`."""

    symbol: TickSymbol
    ts_event: TickTime
    bid: Annotated[TickPrice, Meta(description="best bid price, quote currency")]
    bid_size: Annotated[TickSize, Meta(description="quantity at the best bid, base units; 0 where the feed has none")]
    ask: Annotated[TickPrice, Meta(description="best ask price, quote currency")]
    ask_size: Annotated[TickSize, Meta(description="quantity at the best ask, base units; 0 where the feed has none")]
    seq: SequenceNumber = None


class Trade(Struct, frozen=True, tag_field="kind", tag="trade"):
    """One trade that happened at `ts_event`."""

    symbol: TickSymbol
    ts_event: TickTime
    price: Annotated[TickPrice, Meta(description="trade price, quote currency")]
    size: Annotated[TickSize, Meta(description="quantity traded, base units")]
    side: Annotated[
        str,
        Meta(max_length=LONGEST_SIDE, description="the aggressor: `buy` or `sell`; anything else counts as unknown"),
    ] = ""
    seq: SequenceNumber = None


Overrides = Annotated[
    Tables,
    Meta(
        description="tables of parameters (model, recall, mixture, correction, confidence, sizing) that differ for "
        "this arm"
    ),
]


Action = Literal["start_arm", "promote_arm", "stop_arm"]


class Directive(Struct, frozen=True, tag_field="kind", tag="directive"):
    """A change of the arms that run on a symbol; the market node is changed in no other way while it runs.

    It is a record of the tick log, so it takes effect at the same tick after a crash, a rebalance and in a replay.
    `start_arm` starts an arm in shadow, `promote_arm` makes a running arm live (the former live one goes on in shadow,
    so a roll-back is one more `promote_arm`), `stop_arm` stops an arm in shadow.

    An arm starts from a copy of the live arm's learned state (`from_live`) or from nothing, with `model` in the place
    of its model if one is given. `overrides` are its own parameters for as long as it runs, in shadow or live.
    """

    id: Annotated[Id, Meta(description="unique; a directive whose id was applied already is ignored")]
    symbol: Symbol
    ts_event: EventTime
    action: Annotated[Action, Meta(description="what to do with the arm")]
    arm: Annotated[Name, Meta(description="name of the arm")]
    cause: Annotated[
        Cause, Meta(description="id of the decision that led to it, or the sentence of the person who did")
    ]
    model: Annotated[ModelState | None, Meta(description="`start_arm`: full state of a model to start from")] = None
    signature: Signature = ""
    overrides: Overrides = {}
    from_live: Annotated[bool, Meta(description="`start_arm`: start from a copy of the live arm's state")] = False
    version: Annotated[NameOrNone, Meta(description="`start_arm` without a model: name of the version")] = ""


Tick = Quote | Trade | Directive
