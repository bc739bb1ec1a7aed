"""Turns tables whose rows change an order book, by level or by order, into quotes of the best bid and ask."""

from collections.abc import Callable, Sequence
from typing import Any

from msgspec import Struct, field

from schemas.errors import ConfigurationError
from schemas.ticks import Quote, Trade
from streams.engine.feed import Feed, RawTick
from streams.sources.books import BookOrder, OrderBook
from streams.sources.layout import Layout

LAST, SNAPSHOT = 128, 32
"""Bits of flags as Databento has them: the last row of an event; a row of a snapshot."""


class BookForm(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the files of a format write changes of an order book; attributes for what they lack stay empty.

    Attributes whose text begins with "JSON" apply to JSON messages only; `snapshot` applies to messages and
    tables, and all others to tables only.

    Attributes:
        packet: column whose value is the same in all rows of one message; these rows follow one another.
            Only when the message is over is it checked whether the best bid or ask has changed.
        flags: column of a number whose bits say that a row ends an event (`LAST`) or is part of a snapshot
            (`SNAPSHOT`).
        snapshot: for a column (in JSON: a path), the value that rows or messages of a snapshot have there,
            or several values with `|` between them. A snapshot begins a new book.
        received: column with the time of the snapshot, for files in which the usual time of a snapshot's
            row is the time at which its order was placed.
        action: column that says what a row does.
        clears: actions that empty the book.
        clears_to: actions that remove the level at the price of the row, and all better levels of its side.
        trades: actions that report a trade; the book does not change.
        cancels: actions that reduce an order by the size of the row, and remove it if nothing is left.
        deletes: actions that remove a whole order or level.
        nothing: actions that change nothing.
        order: column of the order ids. Without this column, or where the id is 0, a row sets the size of a
            whole level; a size of 0 removes the level.
        venue: column of the venue. All rows of a symbol must name the same venue, since each venue has a
            book of its own.
        bids: JSON: path to the levels of bids; given together with `asks`.
        asks: JSON: path to the levels of asks.
        changes: JSON: path to a list of changed levels, each of which says its side.
        gone: JSON: for a path, the value that a message has there when it removes all levels that it lists.
        level: JSON: key of the number of a level; a change that gives no price has the price last given for
            this number.
        shallow: JSON: whether messages cover only the best levels, as many as the snapshot had.
        number: JSON: path to the sequence number of a message, by which a missing message is noticed.
        before: JSON: path to the sequence number of the message before.
        consecutive: JSON: whether sequence numbers go up by 1.
    """

    packet: str = ""
    flags: str = ""
    snapshot: dict[str, str] = field(default_factory=dict)
    received: str = ""
    action: str = ""
    clears: tuple[str, ...] = ()
    clears_to: tuple[str, ...] = ()
    trades: tuple[str, ...] = ()
    cancels: tuple[str, ...] = ()
    deletes: tuple[str, ...] = ()
    nothing: tuple[str, ...] = ()
    order: str = ""
    venue: str = ""
    bids: str = ""
    asks: str = ""
    changes: str = ""
    gone: dict[str, str] = field(default_factory=dict)
    level: str = ""
    shallow: bool = False
    number: str = ""
    before: str = ""
    consecutive: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns that a table of this form needs besides time, symbol, price, size and side."""
        named = (self.packet, self.flags, *self.snapshot, self.received, self.action, self.order, self.venue)
        return tuple(dict.fromkeys(filter(None, named)))

    @property
    def words(self) -> tuple[str, ...]:
        """Names of those columns of a table that are read as words even if their cells look like numbers."""
        return tuple(filter(None, (*self.snapshot, self.action)))


class BookRows:
    """Rebuilds the order books of one table; call it with the cells of each row to get the ticks that they complete.

    A quote is complete when the rows of one message or event are over and the best bid or ask has changed.

    Args:
        form: how a row describes a change of a book.
        layout: which cell holds which field: time, symbol, price, size, and a side that is `buy` for bids.
        name: name of the file, for errors.
    """

    def __init__(self, form: BookForm, layout: Layout, name: str) -> None:
        self._form, self._layout, self._name = form, layout, name
        self._build = layout.builder()
        self._books: dict[str, OrderBook] = {}
        self._in_snapshot: dict[str, bool] = {}
        self._venues: dict[str, Any] = {}
        self._key: Any = None
        self._symbol: str | None = None
        self._time = 0
        self._seq: int | None = None
        self._traded = False
        constant_at = {field: layout.width + at for at, field in enumerate(layout.fixed)}
        self._symbol_at = (constant_at | layout.place)["symbol"]
        places = layout.others
        self._packet_at, self._flags_at, self._action_at, self._order_at, self._venue_at, self._received_at = (
            places.get(column, -1)
            for column in (form.packet, form.flags, form.action, form.order, form.venue, form.received)
        )
        self._snapshots = [(places[column], value.split("|")) for column, value in form.snapshot.items()]
        self._levels = frozenset((*form.clears, *form.trades, *form.nothing))

    def __call__(self, cells: Sequence[Any]) -> list[Feed]:
        """Apply a row to the book of its symbol; return the ticks now complete: a quote, a trade, both or none.

        Args:
            cells: cells of the row, followed by `Layout.constants`.

        Raises:
            ValueError: the cells describe no change of a book. For this reason it may also raise TypeError, IndexError
                or OverflowError.
            ConfigurationError: the rows of a symbol come from several venues, or there are more levels than a book may
                have.
        """
        symbol = self._layout.renamed(cells[self._symbol_at])
        key = cells[self._packet_at] if self._packet_at >= 0 else None
        out: list[Feed] = []
        if self._symbol is not None and (self._key != key or self._symbol != symbol):
            out = self._closed()
        flags = int(cells[self._flags_at]) if self._flags_at >= 0 else 0
        action = cells[self._action_at] if self._action_at >= 0 else ""
        if self._venue_at >= 0:
            self._expect_one_venue(symbol, cells[self._venue_at])
        book = self._books.get(symbol)
        if book is None:
            book = self._books[symbol] = OrderBook()
        of_snapshot = bool(flags & SNAPSHOT) or any(str(cells[at]).lower() in values for at, values in self._snapshots)
        if action not in self._levels:
            change = self._build(cells)
            if not isinstance(change, Trade) or change.side not in ("buy", "sell"):
                raise ValueError("expected a side of the book")
            if of_snapshot and not self._in_snapshot.get(symbol, False):
                book.clear()
            self._in_snapshot[symbol] = of_snapshot
            self._time, self._seq = change.ts_event, change.seq
            if of_snapshot and self._received_at >= 0:
                self._time = self._layout.clock.read(cells[self._received_at])
            self._apply(book, action, change, cells)
        elif action in self._form.trades:
            out.append(self._build(cells))
            self._traded = True
        elif action in self._form.clears:
            book.clear()
            self._in_snapshot[symbol] = of_snapshot
            received = of_snapshot and self._received_at >= 0
            self._time = self._layout.clock.read(cells[self._received_at] if received else self._layout.time_of(cells))
        self._key, self._symbol = key, symbol
        if flags & LAST:
            out += self._closed()
        return out

    def rest(self) -> list[Feed]:
        """The quote after the last message, to be taken when the file has ended; none if no best level has changed.

        Raises:
            ConfigurationError: the file held no trades, and no snapshot by which a book could become complete.
        """
        out = self._closed()
        if self._books and not self._traded and not any(book.known for book in self._books.values()):
            raise ConfigurationError(
                f"{self._name}: expected a snapshot of the book before its changes, found none: the best levels cannot "
                "be known; fix: a file that begins with one, or one of quotes"
            )
        return out

    def _apply(self, book: OrderBook, action: str, change: Trade, cells: Sequence[Any]) -> None:
        form, is_bid = self._form, change.side == "buy"
        if action in form.clears_to:
            book.clear_to(is_bid, change.price)
            return
        number = int(cells[self._order_at]) if form.order else 0
        deleted = action in form.deletes
        if not number:
            book.level(is_bid, change.price, 0.0 if deleted else change.size)
        elif not deleted and action not in form.cancels:
            book.add(number, BookOrder(is_bid, change.price, change.size))
        elif not book.cancel(number, None if deleted else change.size) and book.known:
            raise ValueError(f"expected an order of the book, was {number}")

    def _expect_one_venue(self, symbol: str, venue: Any) -> None:
        if self._venues.setdefault(symbol, venue) != venue:
            raise ConfigurationError(
                f"{self._name}: expected the book of one venue for {symbol}, was of {self._venues[symbol]} and "
                f"{venue}; fix: --where {self._form.venue}={venue}, or a file of quotes"
            )

    def _closed(self) -> list[Feed]:
        """The quote at the end of a message, where the best levels have changed."""
        symbol, self._symbol = self._symbol, None
        top = self._books[symbol].changed() if symbol is not None else None
        return [] if symbol is None or top is None else [Quote(symbol, self._time, *top, self._seq)]


Build = Callable[[Sequence[Any]], Any]


def flattened(found: Sequence[Any]) -> list[Feed]:
    """One list of all ticks of a block, from the results of its rows.

    Args:
        found: for each row either a list of ticks, which may be empty, or a `RawTick` for a row that could not be read.
    """
    return [tick for each in found for tick in ((each,) if isinstance(each, RawTick) else each)]
