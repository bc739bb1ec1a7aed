"""Settings and progress of reading one file of any format, and the `RawTick` in place of a row that cannot be read."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from schemas.codec import encode
from schemas.errors import Refused
from streams.engine.feed import RawTick
from streams.sources.book_rows import BookRows
from streams.sources.carried_forward import NEITHER, CarriedForwardRows
from streams.sources.cells import LONGEST_KEY, LONGEST_VALUE, MOST_BITS, SHOWN, shortened, shown
from streams.sources.columns import Columns
from streams.sources.formats.recognition import Understood, described
from streams.sources.layout import Layout
from streams.sources.times import ASKED_ZONE

NO_TICK = (ValueError, TypeError, IndexError, OverflowError)
"""Exceptions by which converting a row says that it makes no tick."""


LOOKED_AT = 100
"""Rows that show how a file is written."""

NAMED = 6
"""Most columns that a message names."""

MOST_BEYOND = 5
MOST_TAKEN = 8

EXPLAINED = 10
"""Rows that `--explain` shows with their ticks."""


class KindOfRows(NamedTuple):
    """How one kind of rows is read; a file may hold several kinds, and an archive several files.

    Attributes:
        found: file format and settings.
        layout: which cell holds which field, after `Layout.settle`.
        rows: cells of the first rows.
    """

    found: Understood
    layout: Layout
    rows: list[Sequence[Any]]

    def said(self) -> str:
        """Sentence for people on how the rows are read; empty if they are records of the topic `ticks` already."""
        layout, columns = self.layout, self.found.columns
        if self.found.format is None and columns.plain and layout.clock.unit in (None, "ns") and not layout.warned:
            return ""
        sides = {str(cell): side for cell, side in layout.sides.known.items() if side and cell != side}
        zone = ASKED_ZONE if layout.clock.says_no_zone and self.found.format is None and not columns.zone else ""
        said = described(self.found, layout.times, sides), zone, layout.warned, self._left_out()
        return "; ".join(filter(None, said))

    def _left_out(self) -> str:
        """Columns that are not read, of a file without a format: the user may have meant one of them."""
        if self.found.format is not None:
            return ""
        read = {*self.layout.used()}
        names = [str(name) for at, name in enumerate(self.layout.header) if at not in read and str(name).strip()]
        more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
        return f"not read: {', '.join(map(shortened, names[:NAMED]))}{more}" if names else ""

    def explained(self) -> Iterator[tuple[dict[str, str], str]]:
        """Yield, for each of the first rows, its cells by column, and its tick or the reason why there is none."""
        layout, build = self.layout, self.layout.builder()
        form = self.found.format.book if self.found.format is not None and layout.of_book else None
        book: BookRows | CarriedForwardRows | None = None
        if form is not None and not form.bids + form.changes:
            book = BookRows(form, layout, "")
        elif self.found.format is not None and self.found.format.carried:
            book = CarriedForwardRows(self.found.format.carried, layout)
        for row in self.rows:
            cells = {name: shown(cell) if not isinstance(cell, str) else shortened(cell, SHOWN)
                     for name, cell in zip(layout.header, row, strict=False)}  # fmt: skip
            if layout.where and not layout.is_wanted(row):
                yield cells, "left out: another row was asked for"
                continue
            try:
                if form is not None and book is None:
                    yield cells, "levels of a book"
                    continue
                if book is not None:
                    ticks = book([*row[: layout.width], *layout.constants])
                    nothing = "the best level does not change, or is not known yet"
                    if isinstance(book, CarriedForwardRows):
                        nothing = f"left out: {NEITHER}"
                    yield cells, ", ".join(map(str, ticks)) or nothing
                    continue
                yield cells, str(build([*row[: layout.width], *layout.constants]))
            except NO_TICK as problem:
                yield cells, f"no tick: {problem}"


class FileReading:
    """Settings and progress of reading one file.

    Args:
        name: name of the file.
        columns: settings for reading the file.
        strict: whether a row that cannot be read raises `Refused`. Otherwise it becomes a `RawTick`, which holds the
            row and what is wrong with it.

    Attributes:
        plain: whether all settings are at their defaults.
        row: number of the last row that was read, counted from 1 as an editor counts lines, with the header. Parquet
            has no header to count.
        beyond: first few times that are too far away for a record to hold, to be reported in a warning.
        taken: how rows are read, for the first few kinds of rows.
    """

    def __init__(self, name: str, columns: Columns, strict: bool) -> None:
        self.name, self.columns, self.row = name, columns, 0
        self.plain = columns.plain
        self.beyond: list[int] = []
        self.taken: list[KindOfRows] = []
        self._strict = strict
        self._carried: list[CarriedForwardRows] = []

    def carry(self, rows: CarriedForwardRows) -> CarriedForwardRows:
        """Remember a reader of rows in order to count the rows that it leaves out; the reader itself is returned."""
        self._carried.append(rows)
        return rows

    @property
    def left_out(self) -> int:
        """Number of rows that were left out so far because they had neither a bid nor an ask."""
        return sum(rows.left_out for rows in self._carried)

    def take(self, found: Understood, layout: Layout, rows: Sequence[Sequence[Any]]) -> None:
        """Remember how a kind of rows is read, so that the user can be told; only the first few kinds are kept.

        Args:
            found: file format and settings.
            layout: which cell holds which field, after `Layout.settle`.
            rows: cells of the first rows, of which some are kept.
        """
        if len(self.taken) < MOST_TAKEN:
            self.taken.append(KindOfRows(found, layout, list(rows[:EXPLAINED])))

    def raw(self, row: int, problem: object, value: bytes, symbol: Any = "", ts_event: Any = None) -> RawTick:
        """A `RawTick` in place of a row that cannot be read; everything in it is cut to a limited length.

        Args:
            row: number of the row.
            problem: what is wrong with the row.
            value: bytes that are sent on.
            symbol: symbol of the row; anything but a text counts as not known.
            ts_event: time of the row in ns since 1970; anything but a whole number counts as not known.

        Raises:
            Refused: the file is read strictly.
        """
        sentence = shortened(f"{self.name}, row {row}: {problem}")
        if self._strict:
            raise Refused("unreadable_row", sentence)
        if len(value) > LONGEST_VALUE:  # a cut record must not be taken for a whole one
            value = value[:LONGEST_VALUE] + b"... cut, of %d bytes" % len(value)
        key = symbol[:LONGEST_KEY].encode(errors="replace").decode() if isinstance(symbol, str) else ""
        known = isinstance(ts_event, int) and ts_event.bit_length() <= MOST_BITS
        if isinstance(ts_event, int) and not known and len(self.beyond) < MOST_BEYOND:
            self.beyond.append(ts_event)
        return RawTick(key, value, ts_event if known else None, sentence)

    def raw_cells(self, row: int, problem: object, layout: Layout, cells: Sequence[Any]) -> RawTick:
        """A `RawTick` in place of a row whose cells make no tick; it has the cells, as far as JSON can represent them.

        Args:
            row: number of the row.
            problem: error that the cells raised.
            layout: which cell holds which field.
            cells: cells of the row.

        Raises:
            Refused: the file is read strictly.
        """
        fields = layout.named(cells)
        told = layout.unreadable(cells) if type(problem) in (ValueError, TypeError) else ""
        return self.raw(row, told or problem, encode(fields), fields.get("symbol", ""), fields.get("ts_event"))
