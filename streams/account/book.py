"""State of one symbol's paper (simulated) account: position, earnings and costs."""

from dataclasses import dataclass


@dataclass
class AccountBook:
    """One symbol's paper (simulated) account; amounts are in bps of the symbol's capital.

    Between two trades the number of units is fixed. So the earnings since the last trade depend on the price at that
    trade and the price now, not on the path between them.

    Attributes:
        made_with: digest of the parameters with which the account was computed.
        units: units held; `units * mid` is the position as a signed fraction of capital.
        mid: reference price of the last trade, quote currency; 0 before the first.
        gross: earned before cost up to the last trade.
        cost: costs paid so far.
        peak: highest net (`gross` less cost) so far.
        deepest: deepest drawdown in any record written so far.
        turnover: sum of the sizes of all trades, as a multiple of capital.
        trades: number of round trips that were closed.
        wins: number of closed round trips that gained after cost.
        began: net when the open round trip began.
        due: event time at which the holding time of the position ends, ns.
        marked: event time of the last record, ns; 0 before the first.
        round_trip_bps: last known cost of a round trip, bps of the mid.
        seen: reference price of the last prediction, quote currency; 0 before the first.
        generation: number of abrupt changes of the symbol's event time or price unit before the last prediction.

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
        """Earnings before cost since the start, bps of capital, if the reference price is now `mid`."""
        return self.gross + self.units * (mid - self.mid) * 1e4

    def net(self, mid: float) -> float:
        """Earnings after cost since the start, bps of capital, if the reference price is now `mid`."""
        return self.earned(mid) - self.cost

    def trade(self, target: float, mid: float, round_trip_bps: float) -> tuple[float, float]:
        """Trade from the present position to another one, and pay half of a round trip's cost on what is traded.

        A trade from a long to a short position, or the reverse, closes one round trip and opens another; each of the
        two pays its own part of the cost.

        Args:
            target: position afterwards, signed fraction of capital.
            mid: reference price now, quote currency.
            round_trip_bps: cost of a round trip, bps of the mid.

        Returns:
            The signed fraction of capital traded, and the cost of that, bps of capital.
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
