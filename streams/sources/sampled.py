"""Checks rows of a table for mistakes that nobody would see: several markets under one symbol, bars read as trades."""

from collections.abc import Iterable, Sequence
from typing import Any

from schemas.errors import ConfigurationError
from schemas.ticks import Quote, Trade
from streams.sources.bars import bars_among, readable_times, steady_length
from streams.sources.cells import shown
from streams.sources.column_kinds import MOST_WORDS, ClassifiedColumn, column_kinds, marks, number, text_of
from streams.sources.layout import BARS, Layout
from streams.sources.markets import are_apart
from streams.sources.plausible import ANYWAY
from streams.sources.suggested_names import option

MOST_KEPT = 256
"""Rows of a file that are kept for comparison."""

OF_A_BLOCK = 3
"""Last rows of each block that are checked, since markets may follow one another in a file."""

NAMED = 3


class OneMarket:
    """Checks whether all rows of a file belong to one market, if the user gave one symbol for all of them.

    The rows belong to several markets if prices jump where the word in some column changes, and hardly elsewhere.
    Columns that fields are read from do not count. Reading then ends with an error.

    Args:
        header: names of all columns of the file.
        layout: which cell holds which field, after `Layout.settle`.
        name: name of the file, for errors.
        used: indices in `header` of the columns that fields are read from; None: the columns of `layout`.

    Attributes:
        places: indices in `header` of the columns that are still checked; empty if none is.
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
        """Check that the first rows belong to one market, and choose the columns that `look` checks in later rows.

        Args:
            rows: cells of the first rows, in the columns of `layout`.
            whole: the same rows with the cells of all columns; None if `rows` has them all.

        Raises:
            ConfigurationError: the rows belong to several markets.
        """
        cells = [[row[at] for at in self.places] for row in (rows if whole is None else whole)]
        looked = column_kinds([self._names[at] for at in self.places], cells)
        kept = [at for at, look in enumerate(looked) if _may_name(look)]
        self.places = [self.places[at] for at in kept]
        self.look(rows, [[each[at] for at in kept] for each in cells])

    def look(self, rows: Sequence[Sequence[Any]], cells: Sequence[Sequence[Any]] | None = None) -> None:
        """Check that further rows belong to the same market as the rows before them; `begin` must have been called.

        Args:
            rows: cells of the rows, in the columns of `layout`.
            cells: for each row, its cells in the columns `places`; None if `rows` has the cells of all columns.

        Raises:
            ConfigurationError: the rows so far belong to several markets.
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


def _may_name(look: ClassifiedColumn) -> bool:
    """Whether a column may name markets: it has words or whole numbers, and not too many different ones."""
    return look.may_number_something or (look.kind in ("words", "") and len(look.words) <= MOST_WORDS)


def warn_of_bars(header: Sequence[str], rows: Sequence[Sequence[Any]], layout: Layout, times: Sequence[Any]) -> None:
    """Set `layout.warned` if the times and prices of rows that would be read as trades show that they are bars.

    Bars have times at equal distances, and four neighbouring columns that are ordered like open, high, low and close.

    Args:
        header: names of all columns.
        rows: cells of the first rows, of all columns.
        layout: which cell holds which field, after `Layout.settle`.
        times: for each row, the cell that holds its time.
    """
    if layout.warned or layout.shift or layout.fixed.get("kind") != "trade" or layout.of_book:
        return
    length = steady_length(readable_times(layout.clock.read, times))
    if not length:
        return
    looked = [look for look in column_kinds(header, rows) if look.kind == "number"]
    found = bars_among([[number(text, *marks(looked)) for text in look.texts] for look in looked])
    if found is not None:
        of_bars = ", ".join(looked[at].name for at in found)
        layout.warned = f"{of_bars} are the open, high, low and close of {length // 10**9} s: {BARS}"


def _price(tick: Quote | Trade) -> float:
    return tick.price if isinstance(tick, Trade) else (tick.bid + tick.ask) / 2
