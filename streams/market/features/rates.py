"""The features `quote_rate_WINDOW` and `trade_rate_WINDOW`: quotes and trades a second of event time."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from streams.market.features.family import Feature, Moment
from streams.market.features.rolling import Rolling, RollingWindow
from streams.market.features.windows import Window


@dataclass
class RatesState:
    """Quotes and trades of the last time.

    Attributes:
        quotes: numbers of quotes, for each window.
        trades: numbers of trades, for each window.
    """

    quotes: list[RollingWindow]
    trades: list[RollingWindow]


class Rates:
    """Computes how many quotes and trades a second came over several durations of event time, at each tick.

    The time before the first tick counts as time without quotes and trades.

    Args:
        windows: the durations.

    >>> rates = Rates([Window(3_200_000_000, False)])  # 3.2 s, told apart to a tenth of a second
    >>> state = rates.start(100.0)
    >>> quotes = [Moment(100.0, bid=99.0, ask=101.0, ts_event=100_000_000 * number) for number in range(100)]
    >>> [[round(each, 2) for each in rates.advance(state, quote)] for quote in quotes][-1]
    [10.31, 0.0]
    >>> quiet = Moment(100.0, bid=99.0, ask=101.0, ts_event=20_000_000_000)
    >>> [round(each, 2) for each in rates.trade(state, quiet)]
    [0.0, 0.31]
    """

    features: ClassVar = (
        Feature("quote_rate_{window}", "1/s", False, "quotes of the last {window} a second", "definition"),
        Feature("trade_rate_{window}", "1/s", False, "trades of the last {window} a second", "definition"),
    )
    windows: ClassVar = ("1s", "10s")
    counted: ClassVar = False
    state: ClassVar = RatesState

    def __init__(self, windows: Sequence[Window]) -> None:
        self._rolling = [Rolling(each) for each in windows]

    def start(self, mid: float) -> RatesState:
        """Return the state before the first tick; the state does not depend on `mid`."""
        return RatesState([each.start() for each in self._rolling], [each.start() for each in self._rolling])

    def trade(self, state: RatesState, now: Moment) -> list[float]:
        """Count a trade; return for each window the quotes and the trades a second."""
        return self._count(state, now.ts_event, 0.0, 1.0)

    def advance(self, state: RatesState, now: Moment) -> list[float]:
        """Count a quote, if there is a valid one; return for each window the quotes and the trades a second."""
        return self._count(state, now.ts_event, 1.0 if now.bid else 0.0, 0.0)

    def _count(self, state: RatesState, ts_event: int, quotes: float, trades: float) -> list[float]:
        found = []
        for index, rolling in enumerate(self._rolling):
            of_quotes, of_trades = state.quotes[index], state.trades[index]
            counted = rolling.add(of_quotes, ts_event, quotes)
            traded = rolling.add(of_trades, ts_event, trades)
            seconds = rolling.covered(of_quotes, ts_event) * 1e-9
            found.append(counted / seconds)
            found.append(traded / seconds)
        return found
