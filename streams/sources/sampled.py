"""What the first rows of a table show besides ticks: several markets under one symbol, and bars that nobody named."""

from collections.abc import Iterable, Sequence
from typing import Any

from schemas.errors import ConfigurationError
from schemas.ticks import Quote, Trade
from streams.sources.bars import bars_among, readable_times, steady_length
from streams.sources.cells import shown
from streams.sources.layout import BARS, Layout
from streams.sources.looks import MOST_WORDS, ColumnLook, looks, marks, number, text_of
from streams.sources.markets import are_apart
from streams.sources.plausible import ANYWAY
from streams.sources.suggested import option

MOST_KEPT = 256
"""Rows that are kept of a file to be compared."""

OF_A_BLOCK = 3
"""Last rows of a block that are looked at: markets may stand one behind the other."""

NAMED = 3


class OneMarket:
    """Watches that a file with one symbol for all of its rows is one of one market.

    Columns that no field is read from are held against the prices: where each of their words keeps to prices of its
    own, they name markets, and reading stops.

    Args:
        header: names of all columns of the file.
        layout: of the rows that are looked at; settled.
        name: of the file.
        used: places in `header` of the columns that fields are read from; None: those of the layout.

    Attributes:
        places: where in `header` the watched columns are; none: nothing has to be watched.
    """

    def __init__(self, header: Sequence[str], layout: Layout, name: str, used: Iterable[int] | None = None) -> None:
        self._layout, self._name = layout, name
        is_watched = "symbol" in layout.fixed and layout.checked and not layout.of_book
        taken = {*layout.place.values(), *layout.joined, *(at for at, _ in layout.where)} if used is None else {*used}
        self.places = [at for at in range(len(header)) if is_watched and at not in taken]
        self._names = {at: header[at] if header.count(header[at]) == 1 else f"#{at + 1}" for at in self.places}
        self._words: dict[int, list[str]] = {at: [] for at in self.places}
        self._seen: dict[int, dict[str, float]] = {at: {} for at in self.places}
        self._prices: list[float] = []
        self._build = layout.builder()

    def begin(self, rows: Sequence[Sequence[Any]], whole: Sequence[Sequence[Any]] | None = None) -> None:
        """Look at the first rows, and go on watching those columns that have words.

        Args:
            rows: cells as the layout has them.
            whole: the same rows with the cells of all columns; None: they are the same.

        Raises:
            ConfigurationError: they are of several markets.
        """
        cells = [[row[at] for at in self.places] for row in (rows if whole is None else whole)]
        looked = looks([self._names[at] for at in self.places], cells)
        kept = [at for at, look in enumerate(looked) if _may_name(look)]
        self.places = [self.places[at] for at in kept]
        self.look(rows, [[each[at] for at in kept] for each in cells])

    def look(self, rows: Sequence[Sequence[Any]], cells: Sequence[Sequence[Any]] | None = None) -> None:
        """Look at rows behind those that were looked at before.

        Args:
            rows: cells as the layout has them.
            cells: beside each row, those at `places`; None: they are cells of the row.

        Raises:
            ConfigurationError: they are of several markets.
        """
        if not self.places:
            return
        layout, grown = self._layout, dict[int, None]()
        for row, beside in zip(rows, rows if cells is None else cells, strict=True):
            if len(row) < layout.width or not layout.is_wanted(row):
                continue
            try:
                price = _price(self._build([*row[: layout.width], *layout.constants]))
            except (ValueError, TypeError, IndexError, OverflowError):
                continue
            self._prices.append(price)
            for number_of_place, at in enumerate(self.places):
                word = text_of(beside[at] if cells is None else beside[number_of_place])
                self._words[at].append(word)
                if word and word not in self._seen[at]:
                    self._seen[at][word] = price
                    grown[at] = None
        for at in grown:
            if len(self._seen[at]) > 1 and are_apart(self._words[at], self._prices):
                self._stop(at)
        self._prices = self._prices[-MOST_KEPT:]
        self._words = {at: self._words[at][-MOST_KEPT:] for at in self.places}
        self.places = [at for at in self.places if len(self._seen[at]) <= MOST_WORDS]

    def _stop(self, at: int) -> None:
        seen, column = self._seen[at], self._names[at]
        told = ", ".join(f"{shown(word)} at {price:,.6g}" for word, price in [*seen.items()][:NAMED])
        symbol = self._layout.fixed["symbol"]
        raise ConfigurationError(
            f"{self._name}: expected rows of one market for the symbol {symbol}, column {shown(column)} has {told}"
            f"{', ...' if len(seen) > NAMED else ''}; fix: --map {option(f'symbol={column}')} in the place of "
            f"--symbol, or --where {option(f'{column}={next(iter(seen))}')} for one of them, {ANYWAY}"
        )


def _may_name(look: ColumnLook) -> bool:
    """Whether a column may name markets: words, or whole numbers, of which there are not too many."""
    return look.may_number_something or (look.kind in ("words", "") and len(look.words) <= MOST_WORDS)


def warn_of_bars(header: Sequence[str], rows: Sequence[Sequence[Any]], layout: Layout, times: Sequence[Any]) -> None:
    """Say of a table that it is one of bars, where its rows lie on a grid of time and four columns are those of bars.

    Args:
        header: names of all columns.
        rows: first ones, with all their cells.
        layout: of them, settled, of a table of which nobody said what a row is; its `warned` is set.
        times: cells that say the times of the rows.
    """
    if layout.warned or layout.shift or layout.fixed.get("kind") != "trade" or layout.of_book:
        return
    length = steady_length(readable_times(layout.clock.read, times))
    if not length:
        return
    looked = [look for look in looks(header, rows) if look.kind == "number"]
    found = bars_among([[number(text, *marks(looked)) for text in look.texts] for look in looked])
    if found is not None:
        of_bars = ", ".join(looked[at].name for at in found)
        layout.warned = f"{of_bars} are the open, high, low and close of {length // 10**9} s: {BARS}"


def _price(tick: Quote | Trade) -> float:
    return tick.price if isinstance(tick, Trade) else (tick.bid + tick.ask) / 2
