"""State of one symbol's paper account: position, earnings, costs."""

from dataclasses import dataclass


@dataclass
class AccountBook:
    """One symbol's account; amounts in bps of its capital.

    Between two trades the number of units is fixed, so earnings since the last trade depend only on the price then and
    now, not on the path between them.

    Attributes:
        made_with: digest of the parameters that it was computed with.
        units: units held, such that `units * mid` is the position as a signed fraction of capital.
        mid: reference price of the last trade, quote currency.
        gross: earned before cost up to the last trade.
        cost: paid so far.
        peak: highest net so far.
        deepest: deepest drawdown that a record shows.
        turnover: sum of the sizes of all trades, as a multiple of capital.
        trades: round trips closed.
        wins: of these, with a gain.
        began: net when the open round trip began.
        due: event time at which the holding time of the position ends, ns.
        marked: event time of the last record, ns; 0 before the first.
        round_trip_bps: last known cost of a round trip, bps of the mid.
        seen: reference price of the last prediction, quote currency; 0 before the first.
        generation: of the symbol's clock at that prediction.

    >>> book = AccountBook("")
    >>> book.trade(target=0.5, mid=100.0, round_trip_bps=2.0), book.net(100.0)
    ((0.5, 0.5), -0.5)
    >>> book.net(101.0)  # a gain of one per cent on half of the capital
    49.5
    >>> traded, paid = book.trade(target=0.0, mid=101.0, round_trip_bps=2.0)
    >>> traded, round(paid, 3), book.trades, book.wins
    (-0.505, 0.505, 1, 1)
    """

    made_with: str
    units: float = 0.0
    mid: float = 0.0
    gross: float = 0.0
    cost: float = 0.0
    peak: float = 0.0
    deepest: float = 0.0
    turnover: float = 0.0
    trades: int = 0
    wins: int = 0
    began: float = 0.0
    due: int = 0
    marked: int = 0
    round_trip_bps: float = 0.0
    seen: float = 0.0
    generation: int = 0

    def earned(self, mid: float) -> float:
        """Gross when the reference price is `mid`."""
        return self.gross + self.units * (mid - self.mid) * 1e4

    def net(self, mid: float) -> float:
        """Net when the reference price is `mid`."""
        return self.earned(mid) - self.cost

    def trade(self, target: float, mid: float, round_trip_bps: float) -> tuple[float, float]:
        """Trade from the present position to `target`, a signed fraction of capital.

        A trade through zero closes one round trip and opens another; each pays its own part of the cost.

        Returns:
            The signed fraction of capital traded, and what that cost, bps of capital.
        """
        held = self.units * mid
        self.gross = self.earned(mid)
        self.mid = mid
        self.units = target / mid
        cost_before = self.cost
        if held:
            leaves = held * target <= 0.0
            self.cost += abs(held if leaves else target - held) * 0.5 * round_trip_bps
            if leaves:
                net = self.gross - self.cost
                self.trades += 1
                self.wins += net > self.began
                self.began = net
                self.cost += abs(target) * 0.5 * round_trip_bps
        else:
            self.began = self.gross - self.cost
            self.cost += abs(target) * 0.5 * round_trip_bps
        traded = target - held
        self.turnover += abs(traded)
        return traded, self.cost - cost_before
