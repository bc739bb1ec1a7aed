"""Record of a symbol's simulated ("paper") account, which holds the predicted positions and pays modelled costs."""

from typing import Annotated

from msgspec import Meta, Struct

from schemas.limits import Count, EventTime, Figure, Id, Name, Price, Symbol


class AccountMarked(Struct, frozen=True, kw_only=True):
    """State of one symbol's paper account after a trade, or at a valuation ("mark") between trades.

    Every symbol has a fixed capital of its own, and gains are not reinvested. Amounts are in bps of that capital,
    summed since the account was opened unless the field says otherwise.
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
    peak_bps: Annotated[Figure, Meta(description="highest `net_bps` so far, taken at every prediction; 0 at the start")]
    drawdown_bps: Annotated[Figure, Meta(description="`peak_bps` less `net_bps`")]
    turnover: Annotated[Figure, Meta(description="sum of the sizes of all trades, as a multiple of capital")]
    trades: Annotated[Count, Meta(description="round trips that were closed")]
    wins: Annotated[Count, Meta(description="of these, closed with a gain after cost")]
    strategy: Annotated[Name, Meta(description="strategy of the prediction")]
    regime: Annotated[Name, Meta(description="regime of the prediction")]
    model_version: Annotated[Name, Meta(description="model version of the prediction")]
