"""Records on the topic `ticks`: quotes, trades, copies of the ticks of references and, rarely, directives.

A directive starts, promotes or stops an arm. An arm is one of the variants of the pipeline that run side by side on a
symbol. All records of a symbol are in one ordered log. A reference is a symbol whose last state the features of other
symbols look at.
"""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

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
    TickId,
    TickPrice,
    TickSize,
    TickSymbol,
    TickTime,
)
from schemas.models import ModelState, WarmedWorld

LONGEST_SIDE = 64

Copied = Annotated[
    bool | UnsetType,
    Meta(
        description="true: its producer writes a copy of it to every other partition by itself (a `reference` record), "
        "so that no worker does; absent for ticks that nobody copies"
    ),
]


class Quote(Struct, frozen=True, repr_omit_defaults=True, tag_field="kind", tag="quote"):
    """Best bid and best ask of a symbol as of `ts_event`."""

    symbol: TickSymbol
    ts_event: TickTime
    bid: Annotated[TickPrice, Meta(description="best bid price, quote currency")]
    bid_size: Annotated[TickSize, Meta(description="quantity at the best bid, base units; 0 where the feed has none")]
    ask: Annotated[TickPrice, Meta(description="best ask price, quote currency")]
    ask_size: Annotated[TickSize, Meta(description="quantity at the best ask, base units; 0 where the feed has none")]
    seq: SequenceNumber = None
    copied: Copied = UNSET


class Trade(Struct, frozen=True, repr_omit_defaults=True, tag_field="kind", tag="trade"):
    """One trade of a symbol that happened at `ts_event`."""

    symbol: TickSymbol
    ts_event: TickTime
    price: Annotated[TickPrice, Meta(description="trade price, quote currency")]
    size: Annotated[TickSize, Meta(description="quantity traded, base units")]
    side: Annotated[
        str,
        Meta(max_length=LONGEST_SIDE, description="the aggressor: `buy` or `sell`; anything else counts as unknown"),
    ] = ""
    seq: SequenceNumber = None
    copied: Copied = UNSET


class ReferenceTick(Struct, frozen=True, tag_field="kind", tag="reference"):
    """Copy of a tick of a reference, written to a partition that is not the one of the reference.

    A reference is a symbol whose last state the features of other symbols look at, such as SPY for all shares. Records
    have an order only within their partition. So a copy of each tick of a reference lies in every other partition, and
    at each tick of a symbol the log says what of the reference had come before. Producers write the copies; where they
    do not, workers copy each tick once it came. No prediction follows from a copy.
    """

    tick: Annotated[Quote | Trade, Meta(description="the tick that was copied")]
    of: Annotated[
        TickId | UnsetType,
        Meta(description="`ticks:partition:offset` of the tick, where a worker copied it; absent: its producer did"),
    ] = UNSET

    @property
    def symbol(self) -> str:
        """Symbol of the reference."""
        return self.tick.symbol

    @property
    def ts_event(self) -> int:
        """When the tick happened at the venue, ns since 1970, UTC."""
        return self.tick.ts_event


Overrides = Annotated[
    Tables,
    Meta(
        description="tables of parameters that differ for this arm: model, models, recall, mixture, correction, "
        "confidence, sizing; or features, regime, strategies, costs, which it then computes by itself"
    ),
]


World = Annotated[
    WarmedWorld | UnsetType,
    Meta(
        description="state with which those parts of the arm begin that it computes by itself and does not take over "
        "from the live arm; absent: they start cold"
    ),
]

Action = Literal["start_arm", "promote_arm", "stop_arm"]


class Directive(Struct, frozen=True, tag_field="kind", tag="directive"):
    """Instruction in the log of ticks to start, promote or stop an arm.

    An arm is one of the variants of the pipeline that run side by side on a symbol. While the market node
    runs, only directives change which arms run. Since a directive is a record of the log, it takes effect
    at the same tick after a crash, after a rebalance and in a replay.

    `start_arm` starts an arm in shadow: it predicts and learns, but its predictions are not published.
    `promote_arm` makes a running arm live, so that its predictions are published. The arm that was live
    goes on in shadow; to roll back, a second `promote_arm` makes that arm live again. `stop_arm` stops an
    arm that runs in shadow.

    Four fields matter for `start_arm` only. If `from_live` is true, the new arm starts with a copy of what
    the live arm has learned, otherwise with nothing learned. If `model` is given, the arm starts with this
    model. If `world` is given, features, regime and strategies that would start cold begin with it.
    `overrides` are parameters of the arm that differ from the symbol's, for as long as the arm runs,
    in shadow or live.
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
    world: World = UNSET


Tick = Quote | Trade | Directive
