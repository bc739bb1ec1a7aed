"""Checks that several files hold one market, if the user gave one symbol for all of them."""

from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from statistics import median_low

from schemas.errors import ConfigurationError
from schemas.ticks import Quote, Trade
from streams.sources.columns import Columns
from streams.sources.files import TickFile
from streams.sources.reading import LOOKED_AT

FARTHEST = 1.5
"""Largest factor between the first prices of files of one symbol."""


def expect_one_market(files: Sequence[str], columns: Columns) -> None:
    """Raise an error if files for which the user gave one symbol hold different markets, as their first prices show.

    Nothing is checked without such a symbol, or if `Columns.checked` is False.

    Args:
        files: paths of the files. Pipes are left out, since they cannot be read twice.
        columns: settings for reading the files, with the symbol.

    Raises:
        ConfigurationError: the first prices of two files differ by more than a factor of 1.5, or a file cannot be read.
    """
    if not columns.symbol or not columns.checked:
        return
    prices = {}
    for name in files:
        if columns.of(name).symbol == columns.symbol and Path(name).is_file():
            ticks = (
                tick
                for tick in islice(TickFile(name, columns).unsorted(), LOOKED_AT)
                if isinstance(tick, Quote | Trade)
            )
            if found := [abs(tick.price if isinstance(tick, Trade) else tick.bid) for tick in ticks]:
                prices[name] = median_low(found)
    if len(prices) < 2:
        return
    low, high = min(prices, key=prices.__getitem__), max(prices, key=prices.__getitem__)
    if prices[high] > FARTHEST * prices[low]:
        raise ConfigurationError(
            f"expected files of one market for --symbol {columns.symbol}, {low} begins at {prices[low]:,.6g} and "
            f"{high} at {prices[high]:,.6g}; fix: --symbol {Path(low).name}=SYMBOL --symbol {Path(high).name}=SYMBOL, "
            "or --anyway, if it is one"
        )
