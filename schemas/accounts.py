"""The paper account: what holding the predicted positions would have earned."""

from typing import Annotated

from msgspec import Meta, Struct

from schemas.limits import Count, EventTime, Figure, Id, Name, Price, Symbol


class AccountMarked(Struct, frozen=True):
    """A symbol's paper account after a trade, or at a mark in between.

    Accounting is additive over a fixed capital, one of its own for every symbol: nothing is reinvested. Amounts in bps
    are of that capital and cumulative, unless they say otherwise.
    """

    id: Annotated[Id, Meta(description="id of the prediction that it answers")]
    symbol: Symbol
    ts_event: EventTime
    mid: Annotated[Price, Meta(description="reference price that the position is valued at, quote currency")]
    position: Annotated[Figure, Meta(description="signed fraction of capital that is held after this record")]
    traded: Annotated[Figure, Meta(description="signed fraction of capital traded at this record; 0 for a mark")]
    fill: Annotated[Figure, Meta(description="price of that trade, costs included, quote currency; 0 for a mark")]
    trade_cost_bps: Annotated[Figure, Meta(description="cost of that trade, bps of capital")]
    gross_bps: Annotated[Figure, Meta(description="earned before cost, valued at the mid")]
    cost_bps: Annotated[Figure, Meta(description="paid in costs")]
    net_bps: Annotated[Figure, Meta(description="`gross_bps` less `cost_bps`")]
    peak_bps: Annotated[Figure, Meta(description="highest `net_bps` so far, seen at every prediction; 0 at the start")]
    drawdown_bps: Annotated[Figure, Meta(description="`peak_bps` less `net_bps`")]
    turnover: Annotated[Figure, Meta(description="sum of the sizes of all trades, in capitals")]
    trades: Annotated[Count, Meta(description="round trips that were closed")]
    wins: Annotated[Count, Meta(description="of these, closed with a gain after cost")]
    strategy: Annotated[Name, Meta(description="of the prediction")]
    regime: Annotated[Name, Meta(description="of the prediction")]
    model_version: Annotated[Name, Meta(description="of the prediction")]
