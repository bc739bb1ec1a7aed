"""What a market can be: a file whose first ticks cannot be one was misread, and stops before anything is made of it."""

from collections.abc import Iterator, Sequence

from schemas.errors import ConfigurationError
from schemas.ticks import Quote, Trade
from streams.sources.cells import shown
from streams.sources.times import FEW
from streams.sources.words import BOOK_SIDES

HIGHEST_PRICE = 1e8
LARGEST_STEP = 1e4
SHARE_OF_STEPS = 0.05
ENOUGH = 20
"""Ticks below which nothing is said that one odd row can bring about."""

ANYWAY = "or --anyway, if that is what they are"


def expect_plausible(name: str, ticks: Sequence[Quote | Trade]) -> None:
    """Stop a file that was misread.

    Args:
        name: of the file.
        ticks: the first ones, in the order of the file.

    Raises:
        ConfigurationError: with the likely cause, and the option that mends it.

    >>> expect_plausible("x.csv", [Quote("X", 1_723_161_255_000_000_000 - at, 1.0, 1.0, 2.0, 1.0) for at in range(3)])
    Traceback (most recent call last):
    ...
    schemas.errors.ConfigurationError: x.csv: expected ticks from old to new, runs backwards; fix: --sort
    """
    for wrong in _wrongs(ticks):
        raise ConfigurationError(f"{name}: {wrong}")


def _wrongs(ticks: Sequence[Quote | Trade]) -> Iterator[str]:
    times = [tick.ts_event for tick in ticks]
    if len(ticks) >= ENOUGH and len(set(times)) == 1:
        yield (
            f"expected times that move on, all of the first {len(ticks)} ticks are of one time; fix: another column "
            f"for ts_event, {ANYWAY}"
        )
    if len(times) > 2 and times[-1] < times[0] and all(map(int.__ge__, times, times[1:])):
        yield "expected ticks from old to new, runs backwards; fix: --sort"
    quotes = [tick for tick in ticks if isinstance(tick, Quote)]
    if len(quotes) > 2 and all(quote.bid > quote.ask for quote in quotes):
        yield (
            f"expected bids below asks, was {quotes[0].bid} above {quotes[0].ask} throughout; fix: --map bid=... and "
            f"ask=... the other way round, {ANYWAY}"
        )
    yield from _of_prices(ticks)
    yield from _of_sides([tick for tick in ticks if isinstance(tick, Trade)])


def _of_prices(ticks: Sequence[Quote | Trade]) -> Iterator[str]:
    below: dict[str, list[float]] = {}
    for tick in ticks:
        if not _is_below_zero(tick):
            below.pop(tick.symbol, None)
            continue
        row = below.setdefault(tick.symbol, [])
        row.append(_price(tick))
        # One value again and again is how some feeds say that there is no price.
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
    if len(trades) < 3 or 2 * len(words) <= len(trades):
        return
    seen = list(dict.fromkeys(words))[:5]
    told = ", ".join(map(shown, seen))
    if {word.lower() for word in seen} <= BOOK_SIDES:
        yield (
            f"expected trades, sides are {told}: levels of an order book; fix: a file of trades or quotes; or, if "
            "these are the aggressors of trades, --sides buy=ask,sell=bid (or the other way round)"
        )
    else:
        yield f"expected sides buy and sell, was {told}; fix: --sides buy=WORD,sell=WORD, or --map side=- for none"


def _is_below_zero(tick: Quote | Trade) -> bool:
    return tick.price < 0.0 if isinstance(tick, Trade) else tick.bid < 0.0 and tick.ask < 0.0


def _price(tick: Quote | Trade) -> float:
    return tick.price if isinstance(tick, Trade) else (tick.bid + tick.ask) / 2
