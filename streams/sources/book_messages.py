"""Turns JSON messages that change levels of an order book into quotes: the best bid and ask after each message."""

from collections.abc import Callable, Iterator, Mapping
from math import isfinite
from typing import Any

from schemas.ticks import Quote
from streams.engine.feed import Feed
from streams.sources.book_rows import BookForm
from streams.sources.books import OrderBook
from streams.sources.columns import Columns
from streams.sources.paths import at_path

NO_LEVELS = (KeyError, AttributeError, ValueError, TypeError, IndexError, OverflowError)
SIDES = {"buy": True, "bid": True, "sell": False, "ask": False, "offer": False}


class BookMessages:
    """Rebuilds the order books of one file from JSON messages; call it with each message to get the quote after it.

    Args:
        form: how a message describes the changes of a book.
        columns: which fields of a message hold symbol and time.
        read: function that reads a time as ns since 1970.
    """

    def __init__(self, form: BookForm, columns: Columns, read: Callable[[object], int]) -> None:
        self._form, self._columns, self._read = form, columns, read
        self._books: dict[str, OrderBook] = {}
        self._numbers: dict[str, Any] = {}
        self._prices: dict[str, dict[Any, float]] = {}
        self._depths: dict[str, tuple[int, int]] = {}

    def __call__(self, row: Any) -> list[Feed]:
        """Apply a message to the book of its symbol; return the new quote if the best bid or ask changed, else nothing.

        As long as no snapshot has made the book complete, nothing is returned either.

        Raises:
            ValueError: levels of the message cannot be read, or a message before it is missing; the book is then
                incomplete until the next snapshot. Also raised if symbol or time cannot be read.
            TypeError, IndexError, OverflowError: symbol or time cannot be read.
        """
        form, names = self._form, self._columns.names
        symbol = self._columns.symbol or str(at_path(row, names["symbol"]))
        symbol = self._columns.renamed.get(symbol, symbol)
        book = self._books.get(symbol)
        if book is None:
            book = self._books[symbol] = OrderBook()
        whole = form.snapshot and _says(row, form.snapshot)
        if whole:
            book.clear()
            self._prices[symbol] = {}
        elif book.known:
            self._expect_next(symbol, book, row)
        if form.number:
            self._numbers[symbol] = at_path(row, form.number)
        try:
            levels = [*self._levels(row, self._prices.setdefault(symbol, {}))]
            if not all(isfinite(price + size) for _, price, size in levels):
                raise ValueError("expected finite numbers, was NaN or infinity")
        except NO_LEVELS as error:  # the change cannot be read, so the book is unknown from here on
            book.forget()
            raise ValueError(f"expected levels of a book: {error}") from None
        for is_bid, price, size in levels:
            book.level(is_bid, price, size)
        if form.shallow:
            if whole:
                self._depths[symbol] = book.depth
            book.keep(self._depths.get(symbol, (0, 0)))
        time = at_path(row, names["ts_event"])
        if time is None:  # some snapshots carry no time; the next message publishes their quote
            return []
        ts_event = self._read(time)
        top = book.changed()
        return [] if top is None else [Quote(symbol, ts_event, *top)]

    def _levels(self, row: Any, prices: dict[Any, float]) -> Iterator[tuple[bool, float, float]]:
        form = self._form
        gone = bool(form.gone) and _says(row, form.gone)
        for change in at_path(row, form.changes) or () if form.changes else ():
            if isinstance(change, dict):
                number = change[form.level]
                if "price" in change:
                    prices[number] = float(change["price"])
                price = prices.pop(number) if gone else prices[number]
                yield SIDES[str(change["side"]).lower()], price, 0.0 if gone else float(change["size"])
            else:
                side, said, size = change
                yield SIDES[str(side).lower()], float(said), float(size)
        for is_bid, path in ((True, form.bids), (False, form.asks)):
            for level in at_path(row, path) or () if path else ():
                if isinstance(level, dict):
                    yield is_bid, float(level["price"]), float(level["qty"] if "qty" in level else level["size"])
                elif level[0] in ("new", "change", "delete"):
                    yield is_bid, float(level[1]), 0.0 if level[0] == "delete" else float(level[2])
                else:
                    yield is_bid, float(level[0]), float(level[1])

    def _expect_next(self, symbol: str, book: OrderBook, row: Any) -> None:
        form = self._form
        if not form.number:
            return
        last, number = self._numbers.get(symbol), at_path(row, form.number)
        before = at_path(row, form.before) if form.before else None
        if form.consecutive and isinstance(number, int):
            before = number - 1
        follows = before is None or before == last
        if not follows:
            book.forget()
            raise ValueError(f"expected the change of the book behind {last}, was {number}: one is missing")


def _says(row: Any, values: Mapping[str, str]) -> bool:
    return all(at_path(row, path) == value for path, value in values.items())
