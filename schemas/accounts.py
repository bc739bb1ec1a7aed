"""The paper account: what holding the predicted positions would have earned."""

from typing import Annotated

from msgspec import Meta, Struct

from schemas.ticks import EventTime, Symbol


class AccountMarked(Struct, frozen=True):
    """A symbol's paper account after a trade, or at a mark in between.

    Accounting is additive over a fixed capital, one of its own for every symbol: nothing is reinvested. Amounts in bps
    are of that capital and cumulative, unless they say otherwise.
    """

    id: Annotated[str, Meta(description="id of the prediction that it answers")]
    symbol: Symbol
    ts_event: EventTime
    mid: Annotated[float, Meta(description="reference price that the position is valued at, quote currency")]
    position: Annotated[float, Meta(description="signed fraction of capital that is held after this record")]
    traded: Annotated[float, Meta(description="signed fraction of capital traded at this record; 0 for a mark")]
    fill: Annotated[float, Meta(description="price of that trade, costs included, quote currency; 0 for a mark")]
    trade_cost_bps: Annotated[float, Meta(description="cost of that trade, bps of capital")]
    gross_bps: Annotated[float, Meta(description="earned before cost, valued at the mid")]
    cost_bps: Annotated[float, Meta(description="paid in costs")]
    net_bps: Annotated[float, Meta(description="`gross_bps` less `cost_bps`")]
    peak_bps: Annotated[float, Meta(description="highest `net_bps` so far, seen at every prediction; 0 at the start")]
    drawdown_bps: Annotated[float, Meta(description="`peak_bps` less `net_bps`")]
    turnover: Annotated[float, Meta(description="sum of the sizes of all trades, in capitals")]
    trades: Annotated[int, Meta(description="round trips that were closed")]
    wins: Annotated[int, Meta(description="of these, closed with a gain after cost")]
    strategy: Annotated[str, Meta(description="of the prediction")]
    regime: Annotated[str, Meta(description="of the prediction")]
    model_version: Annotated[str, Meta(description="of the prediction")]
