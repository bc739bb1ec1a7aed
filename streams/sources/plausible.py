"""Refuses a file as misread if its first ticks cannot be those of a market."""

from collections.abc import Iterator, Sequence

from schemas.errors import ConfigurationError
from schemas.ticks import Quote, Trade
from streams.sources.aggressors import BOOK_SIDES
from streams.sources.cells import shown
from streams.sources.times import FEW

HIGHEST_PRICE = 1e8
LARGEST_STEP = 1e4
SHARE_OF_STEPS = 0.05
SHARE_OF_WORDS = 0.1
"""Largest share of trades with an unknown word as their side, which may be those of an auction."""

SHARE_OF_GONE = 0.1
"""Largest share of trades whose size is 0."""

SHARE_OF_LATE = 0.5
"""Largest share of ticks that are older than an earlier tick of their symbol."""

ENOUGH = 20
"""Fewest ticks for checks that a single exceptional row could fail."""

ANYWAY = "or --anyway, if that is what they are"


BACKWARDS = "expected ticks from old to new, runs backwards; fix: --sort"


class RunsBackwards(ConfigurationError):
    """Error: the first ticks of a file run from new to old, so the file must be sorted."""


def expect_plausible(name: str, ticks: Sequence[Quote | Trade], in_order: bool = True) -> None:
    """Raise an error if the times, prices, sides or sizes of a file's first ticks cannot be those of a market.

    Args:
        name: name of the file, for the error.
        ticks: first ticks, in the order of the file.
        in_order: whether they must run from old to new; False if they will be sorted.

    Raises:
        ConfigurationError: the ticks are not plausible; the message says the likely cause, and the option that helps.

    >>> ticks = [Quote("X", 1_723_161_255_000_000_000 - at, 1.0, 1.0, 2.0, 1.0) for at in range(3)]
    >>> expect_plausible("x.csv", ticks)
    Traceback (most recent call last):
    ...
    streams.sources.plausible.RunsBackwards: x.csv: expected ticks from old to new, runs backwards; fix: --sort
    """
    for wrong in _wrongs(ticks, in_order):
        kind = RunsBackwards if wrong is BACKWARDS else ConfigurationError
        raise kind(wrong, where=name)


def _wrongs(ticks: Sequence[Quote | Trade], in_order: bool) -> Iterator[str]:
    times = [tick.ts_event for tick in ticks]
    if len(ticks) >= ENOUGH and len(set(times)) == 1:
        yield (
            f"expected times that move on, all of the first {len(ticks)} ticks are of one time; fix: another column "
            f"for ts_event, {ANYWAY}"
        )
    if in_order and len(times) > 2 and times[-1] < times[0] and all(map(int.__ge__, times, times[1:])):
        yield BACKWARDS
    elif in_order and len(ticks) >= ENOUGH and (late := _late(ticks)) > SHARE_OF_LATE * len(ticks):
        yield (
            f"expected ticks from old to new, {late} of the first {len(ticks)} are older than one before them; fix: "
            f"--sort, {ANYWAY}"
        )
    quotes = [tick for tick in ticks if isinstance(tick, Quote)]
    if len(quotes) > 2 and all(quote.bid > quote.ask for quote in quotes):
        yield (
            f"expected bids below asks, was {quotes[0].bid} above {quotes[0].ask} throughout; fix: --map bid=... and "
            f"ask=... the other way round, {ANYWAY}"
        )
    yield from _of_prices(ticks)
    trades = [tick for tick in ticks if isinstance(tick, Trade)]
    yield from _of_sides(trades)
    yield from _of_sizes(trades)


def _late(ticks: Sequence[Quote | Trade]) -> int:
    newest: dict[str, int] = {}
    late = 0
    for tick in ticks:
        before = newest.get(tick.symbol, tick.ts_event)
        late += tick.ts_event < before
        newest[tick.symbol] = max(before, tick.ts_event)
    return late


def _of_prices(ticks: Sequence[Quote | Trade]) -> Iterator[str]:
    below: dict[str, list[float]] = {}
    for tick in ticks:
        if not _is_below_zero(tick):
            below.pop(tick.symbol, None)
            continue
        row = below.setdefault(tick.symbol, [])
        row.append(_price(tick))
        # Some feeds repeat one value to say that there is no price.
        if len(row) >= FEW and len(set(row)) > 1:
            yield (
                f"expected prices above 0, as returns need, was {row[0]:g}; fix: a column with a ratio or a shifted "
                "price, another symbol, or --anyway: these rows are refused, and nobody knows what happened meanwhile"
            )
            break
    prices = sorted(abs(_price(tick)) for tick in ticks)
    middle = prices[(len(prices) - 1) // 2] if len(prices) >= FEW else 0.0
    if middle > HIGHEST_PRICE:
        yield (
            f"expected prices of at most 10^8, was {middle:,.0f}; fix: --price-scale 1e-9 (or "
            f"another one) where they are whole numbers of a fraction, {ANYWAY}"
        )
    last: dict[str, float] = {}
    steps = jumps = 0
    for tick in ticks:
        price, before = abs(_price(tick)), last.get(tick.symbol, 0.0)
        if before and price:
            steps += 1
            jumps += max(price, before) > LARGEST_STEP * min(price, before)
        last[tick.symbol] = price
    if steps and jumps > 2 and jumps > SHARE_OF_STEPS * steps:
        yield (
            f"expected prices of one market, {jumps} of the first {steps} steps are by more than 10^4; fix: "
            f"another column for the price, or a symbol for each market, {ANYWAY}"
        )


def _of_sides(trades: Sequence[Trade]) -> Iterator[str]:
    words = [trade.side for trade in trades if trade.side not in ("buy", "sell", "")]
    if len(trades) < FEW or len(words) < 2 or len(words) <= SHARE_OF_WORDS * len(trades):
        return
    seen = list(dict.fromkeys(words))[:5]
    told = ", ".join(map(shown, seen))
    if {word.lower() for word in seen} <= BOOK_SIDES:
        pair = ("B", "A") if {word.lower() for word in seen} == {"a"} else ("ask", "bid")
        yield (
            f"expected trades, sides are {told}: levels of an order book; fix: a file of trades or quotes; or, if "
            f"these are the aggressors of trades, --sides buy={pair[0]},sell={pair[1]} (or the other way round)"
        )
    else:
        yield (
            f"expected sides buy and sell, was {told}; fix: --sides buy=WORD,sell=WORD,none=WORD, or --map side=- for "
            "none"
        )


def _of_sizes(trades: Sequence[Trade]) -> Iterator[str]:
    gone = sum(trade.size == 0.0 for trade in trades)
    if FEW <= gone < len(trades) and gone > SHARE_OF_GONE * len(trades):
        yield (
            f"expected trades, {gone} of the first {len(trades)} have a size of 0, as levels of an order book have "
            f"that are gone; fix: a file of trades or quotes, {ANYWAY}"
        )


def _is_below_zero(tick: Quote | Trade) -> bool:
    return tick.price < 0.0 if isinstance(tick, Trade) else tick.bid < 0.0 and tick.ask < 0.0


def _price(tick: Quote | Trade) -> float:
    return tick.price if isinstance(tick, Trade) else (tick.bid + tick.ask) / 2
