"""Where the reading of a file is, and what becomes of a row that makes no tick, the same in every format."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from schemas.codec import encode
from schemas.errors import Refused
from streams.engine.feed import RawTick
from streams.sources.book_rows import BookRows
from streams.sources.carried import NEITHER, CarriedRows
from streams.sources.cells import LONGEST_KEY, LONGEST_VALUE, MOST_BITS, SHOWN, shortened, shown
from streams.sources.columns import Columns
from streams.sources.formats.recognition import Understood, described
from streams.sources.layout import Layout
from streams.sources.times import ASKED_ZONE

NO_TICK = (ValueError, TypeError, IndexError, OverflowError)
"""What converting the cells of a row raises when they make no tick."""


LOOKED_AT = 100
"""Rows by which it is told how a file is written."""

NAMED = 6
"""Columns that are named in a sentence."""

MOST_BEYOND = 5
MOST_TAKEN = 8

EXPLAINED = 10
"""Rows that are shown beside their ticks."""


class Taken(NamedTuple):
    """What a file, or one of an archive, or one kind of its rows, was taken for.

    Attributes:
        found: format and columns.
        layout: its columns, settled.
        rows: cells of the first rows.
    """

    found: Understood
    layout: Layout
    rows: list[Sequence[Any]]

    def said(self) -> str:
        """As a sentence; empty: rows are records as they stand."""
        layout, columns = self.layout, self.found.columns
        if self.found.format is None and columns.plain and layout.clock.unit in (None, "ns") and not layout.warned:
            return ""
        sides = {str(cell): side for cell, side in layout.sides.known.items() if side and cell != side}
        zone = ASKED_ZONE if layout.clock.says_no_zone and self.found.format is None and not columns.zone else ""
        said = described(self.found, layout.times, sides), zone, layout.warned, self._left_out()
        return "; ".join(filter(None, said))

    def _left_out(self) -> str:
        """Columns of a file of no known format that are not read: one of them may be what somebody means."""
        if self.found.format is not None:
            return ""
        read = {*self.layout.used()}
        names = [str(name) for at, name in enumerate(self.layout.header) if at not in read and str(name).strip()]
        more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
        return f"not read: {', '.join(map(shortened, names[:NAMED]))}{more}" if names else ""

    def explained(self) -> Iterator[tuple[dict[str, str], str]]:
        """Cells by their columns, and the tick that they make, or why they make none."""
        layout, build = self.layout, self.layout.builder()
        form = self.found.format.book if self.found.format is not None and layout.of_book else None
        book: BookRows | CarriedRows | None = None
        if form is not None and not form.bids + form.changes:
            book = BookRows(form, layout, "")
        elif self.found.format is not None and self.found.format.carried:
            book = CarriedRows(self.found.format.carried, layout)
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
                    if isinstance(book, CarriedRows):
                        nothing = f"left out: {NEITHER}"
                    yield cells, ", ".join(map(str, ticks)) or nothing
                    continue
                yield cells, str(build([*row[: layout.width], *layout.constants]))
            except NO_TICK as problem:
                yield cells, f"no tick: {problem}"


class FileReading:
    """The reading of one file.

    Args:
        name: of the file.
        columns: how its rows become ticks.
        strict: a row that makes no tick stops it.

    Attributes:
        plain: whether rows have the names and units of the records.
        row: last row that was read, counted from 1 as an editor does (of Parquet: without a header).
        beyond: the first times that no record can hold, ns.
        taken: what was understood, once for each file of an archive or kind of rows; the first ones.
    """

    def __init__(self, name: str, columns: Columns, strict: bool) -> None:
        self.name, self.columns, self.row = name, columns, 0
        self.plain = columns.plain
        self.beyond: list[int] = []
        self.taken: list[Taken] = []
        self._strict = strict
        self._carried: list[CarriedRows] = []

    def carry(self, rows: CarriedRows) -> CarriedRows:
        """Keep what counts the rows that are left out."""
        self._carried.append(rows)
        return rows

    @property
    def left_out(self) -> int:
        """Rows so far that were left out since they had `carried.NEITHER`."""
        return sum(rows.left_out for rows in self._carried)

    def take(self, found: Understood, layout: Layout, rows: Sequence[Sequence[Any]]) -> None:
        """Keep what rows were taken for."""
        if len(self.taken) < MOST_TAKEN:
            self.taken.append(Taken(found, layout, list(rows[:EXPLAINED])))

    def raw(self, row: int, problem: object, value: bytes, symbol: Any = "", ts_event: Any = None) -> RawTick:
        """Stand-in for a row that makes no tick; everything about it is cut to a bounded length.

        Raises:
            Refused: with `strict`.
        """
        sentence = shortened(f"{self.name}, row {row}: {problem}")
        if self._strict:
            raise Refused("unreadable_row", sentence)
        if len(value) > LONGEST_VALUE:  # no beginning of a record may be taken for the record
            value = value[:LONGEST_VALUE] + b"... cut, of %d bytes" % len(value)
        key = symbol[:LONGEST_KEY].encode(errors="replace").decode() if isinstance(symbol, str) else ""
        known = isinstance(ts_event, int) and ts_event.bit_length() <= MOST_BITS
        if isinstance(ts_event, int) and not known and len(self.beyond) < MOST_BEYOND:
            self.beyond.append(ts_event)
        return RawTick(key, value, ts_event if known else None, sentence)

    def raw_cells(self, row: int, problem: object, layout: Layout, cells: Sequence[Any]) -> RawTick:
        """Stand-in for a row whose cells make no tick: its value is the best JSON that they give."""
        fields = layout.named(cells)
        told = layout.unreadable(cells) if type(problem) in (ValueError, TypeError) else ""
        return self.raw(row, told or problem, encode(fields), fields.get("symbol", ""), fields.get("ts_event"))
