"""Where the reading of a file is, and what becomes of a row that makes no tick, the same in every format."""

from collections.abc import Sequence
from typing import Any

from schemas.codec import encode
from schemas.errors import Refused
from streams.sources.cells import END_OF_INTEGERS, LONGEST_KEY, LONGEST_VALUE, shortened
from streams.sources.columns import Columns
from streams.sources.layout import Layout
from streams.sources.raw import RawTick

NO_TICK = (ValueError, TypeError, IndexError, OverflowError)
"""What converting the cells of a row raises when they make no tick."""


LOOKED_AT = 100
"""Rows by which it is told how a file is written."""

MOST_BEYOND = 5


class Reading:
    """The reading of one file.

    Args:
        name: of the file.
        columns: how its rows become ticks.
        strict: a row that makes no tick stops it.

    Attributes:
        plain: whether rows have the names and units of the records.
        row: last row that was read, counted from 1 as an editor does (of Parquet: without a header).
        beyond: the first times that no record can hold, ns.
    """

    def __init__(self, name: str, columns: Columns, strict: bool) -> None:
        self.name, self.columns, self.row = name, columns, 0
        self.plain = columns.plain
        self.beyond: list[int] = []
        self._strict = strict

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
        known = isinstance(ts_event, int) and -END_OF_INTEGERS <= ts_event < END_OF_INTEGERS
        if isinstance(ts_event, int) and not known and len(self.beyond) < MOST_BEYOND:
            self.beyond.append(ts_event)
        return RawTick(key, value, ts_event if known else None, sentence)

    def raw_cells(self, row: int, problem: object, layout: Layout, cells: Sequence[Any]) -> RawTick:
        """Stand-in for a row whose cells make no tick: its value is the best JSON that they give."""
        fields = layout.named(cells)
        return self.raw(row, problem, encode(fields), fields.get("symbol", ""), fields.get("ts_event"))
