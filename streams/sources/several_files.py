"""Check that several files with one given symbol are of one market."""

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
    """Refuse files of several markets under one given symbol, since half of their ticks would be price jumps.

    Args:
        files: paths; pipes, which cannot be read twice, are left out.
        columns: how their rows become ticks.

    Raises:
        ConfigurationError: their first prices differ too much, or a file cannot be read.
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
