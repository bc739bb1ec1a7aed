"""The account node: it reads predictions and writes the trades and valuations of a paper (simulated) account."""

from collections.abc import Sequence

from msgspec import Struct

from schemas.accounts import AccountMarked
from schemas.errors import Refused
from schemas.limits import END_OF_TIME, HIGHEST_PRICE, LONGEST_HORIZON, LOWEST_PRICE
from schemas.predictions import Prediction
from schemas.topics import DEAD_LETTERS, PAPER_ACCOUNT, PREDICTIONS
from streams.account.book import AccountBook
from streams.account.parameters import AccountParameters
from streams.engine.node import Node
from streams.scoring.prohibitive import PROHIBITIVE_BPS

DEFAULTS = AccountParameters()

LARGEST_POSITION = 1e6


class AccountNode(Node[AccountBook]):
    """Node of the paper (simulated) account: trades to the positions that predictions ask for, and values them.

    * Opening: without a position, the account opens the one that a prediction asks for, unless that
      position is smaller than `least_change`. A prediction asks for a position only if its expected edge
      exceeds the cost.
    * Holding: the position is held for the horizon of the prediction. Then it is changed to what the
      current prediction asks for, which may be no position, and held for another horizon. A change smaller
      than `least_change` is not traded, unless it closes the position.
    * Reversing: a prediction of the opposite direction acts at once. If it asks for a position, the account
      reverses; if it asks for none, but its confidence reaches `closing_confidence`, the position is
      closed.
    * Fills: a purchase is filled at the mid plus half of the prediction's round-trip cost, a sale at the
      mid less that half. Half of a round trip's cost is half the spread, and fees and slippage of one
      trade. If the cost is unknown, the last known cost is paid, and no position is
      opened.
    * Marks: the position is valued at the mid of every prediction, also for peak and drawdown. A record is
      written at the first prediction, at every trade, when the drawdown is deeper than any recorded one by
      `drawdown_step_bps`, and when `mark_every_ns` have passed since the last record.
    * Breaks: when the symbol's event time or price unit changes abruptly, the position is closed at the
      last mid before the change, so that the difference between old and new prices does not count.

    Latency, queues, partial fills, funding and market impact are not modelled.

    >>> node = AccountNode()
    >>> book = node.open("X")
    >>> def at(ts, mid, position, side):
    ...     return Prediction(f"ticks:0:{ts}", "X", ts, 100, mid, "flat", side, 0.5, 0.6, "calm-range", position, 0.0,
    ...                       2.0, "v1", True, "", ())
    >>> (opened,) = node.step(book, at(1, 100.0, 0.5, "up"), "ticks:0:1")
    >>> opened.position, opened.fill, opened.net_bps
    (0.5, 100.01, -0.5)
    >>> node.step(book, at(50, 101.0, 0.0, "up"), "ticks:0:50")  # held for its horizon
    ()
    >>> (closed,) = node.step(book, at(101, 101.0, 0.0, "up"), "ticks:0:101")
    >>> closed.position, closed.trades, closed.wins, round(closed.net_bps, 3)
    (0.0, 1, 1, 48.995)
    """

    name = "account"
    source = PREDICTIONS
    outputs = (PAPER_ACCOUNT, DEAD_LETTERS)
    state = AccountBook

    def __init__(self, parameters: AccountParameters = DEFAULTS) -> None:
        super().__init__()
        self.made_with = parameters.digest()
        self._least = parameters.least_change
        self._closing = parameters.closing_confidence
        self._mark_every = parameters.mark_every_ns
        self._step_down = parameters.drawdown_step_bps

    def check(self, event: Prediction) -> None:
        """Check that price, position, cost and times of a prediction are within the bounds that the market node keeps.

        Raises:
            Refused: one of these numbers is out of bounds.
        """
        if not _fits(event):
            raise Refused(
                "bad_prediction",
                f"expected a price, a position, a cost and times that the market node gives, was mid {event.mid}, "
                f"position_size {event.position_size}, cost_bps {event.cost_bps}, ts_event {event.ts_event}, "
                f"horizon_ns {event.horizon_ns}",
            )

    def is_plain(self, record: Struct) -> bool:
        """Whether a record is a prediction within its bounds, with finite numbers.

        Such a record need not be encoded and decoded on its way between nodes of one process.
        """
        if type(record) is not Prediction or not _fits(record):
            return False
        total = (
            record.probability
            + record.confidence
            + record.expected_edge_bps
            + record.regime_probability
            + record.strategy_weight
        )
        return total - total == 0.0

    def open(self, key: str) -> AccountBook:
        """New account of a symbol that was not seen before, without position or earnings."""
        return AccountBook(self.made_with)

    def step(self, state: AccountBook, event: Prediction, record_id: str) -> Sequence[Struct]:
        """Process one prediction: trade if it calls for a trade, and return a record if one is due.

        A record is due at the first prediction, at a trade, when the drawdown is deeper than any
        recorded one by `drawdown_step_bps`, and when `mark_every_ns` have passed since the last record.
        """
        if state.made_with != self.made_with:
            raise self.other_parameters(state.made_with)
        mid = event.mid
        traded = paid = fill = 0.0
        if event.generation and event.generation != state.generation:
            self._close_at_break(state, event.generation)
        if state.units or event.position_size:
            target = self._target(state, event)
            if event.cost_bps < PROHIBITIVE_BPS:
                state.round_trip_bps = event.cost_bps
            if target is not None:
                round_trip = state.round_trip_bps
                traded, paid = state.trade(target, mid, round_trip)
                fill = mid * (1.0 + (0.5e-4 if traded > 0.0 else -0.5e-4) * round_trip)
                state.due = event.ts_event + event.horizon_ns
        state.seen = mid
        net = state.net(mid)
        if net > state.peak:
            state.peak = net
        drawdown = state.peak - net
        ts = event.ts_event
        if (
            fill == 0.0
            and drawdown < state.deepest + self._step_down
            and 0 < state.marked <= ts < state.marked + self._mark_every
        ):
            return ()
        state.marked = ts
        if drawdown > state.deepest:
            state.deepest = drawdown
        return (
            AccountMarked(
                id=record_id,
                symbol=event.symbol,
                ts_event=ts,
                mid=mid,
                position=state.units * mid,
                traded=traded,
                fill=fill,
                trade_cost_bps=paid,
                gross_bps=state.earned(mid),
                cost_bps=state.cost,
                net_bps=net,
                peak_bps=state.peak,
                drawdown_bps=drawdown,
                turnover=state.turnover,
                trades=state.trades,
                wins=state.wins,
                strategy=event.strategy,
                regime=event.regime,
                model_version=event.model_version,
            ),
        )

    def _close_at_break(self, state: AccountBook, generation: int) -> None:
        """After an abrupt change of event time or price unit: close the position at the last mid before it.

        The next record of the account shows this.
        """
        if state.units:
            state.trade(0.0, state.seen, state.round_trip_bps)
        state.generation, state.due, state.marked = generation, 0, 0

    def _target(self, state: AccountBook, prediction: Prediction) -> float | None:
        """Position to trade to, signed fraction of capital; None if the present position is kept."""
        asked = prediction.position_size
        if abs(asked) < self._least:
            asked = 0.0
        held = state.units * prediction.mid
        if not held:
            return asked or None
        against = prediction.direction == ("down" if held > 0.0 else "up") and prediction.confidence >= self._closing
        if asked * held < 0.0 or (against and not asked):
            return asked
        ts, horizon = prediction.ts_event, prediction.horizon_ns
        # The symbol's clock can be set back: a due time further away than a horizon belongs to the earlier clock.
        if state.due - horizon <= ts < state.due:
            return None
        state.due = ts + horizon
        if asked and abs(asked - held) < self._least:
            return None
        return asked


def _fits(prediction: Prediction) -> bool:
    return (
        LOWEST_PRICE <= prediction.mid <= HIGHEST_PRICE
        and -LARGEST_POSITION <= prediction.position_size <= LARGEST_POSITION
        and 0.0 <= prediction.cost_bps <= PROHIBITIVE_BPS
        and 0 < prediction.ts_event < END_OF_TIME
        and 0 < prediction.horizon_ns < LONGEST_HORIZON
    )
