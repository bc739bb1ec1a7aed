"""Ticks from files: CSV and JSON lines (plain, gzip, standard input) and Parquet, block by block, in constant memory.

A row that makes no tick is neither dropped nor mended: it becomes a `RawTick` with the best JSON that its cells give
(a line of JSON lines: the line itself), so it reaches the market node and ends as a dead letter with the reason.
With `strict` it stops the reading instead. What is *in* a tick (crossed prices, negative sizes, order of time) is
not judged here: that is the market node's work, the same for every producer.

Lines, cells and numbers are bounded before they are converted (`lines`, `cells`); a file that breaks off or is damaged
gives what stands before the break, and then raises `BrokenFile`.
"""

import gzip
from collections.abc import Callable, Iterable, Iterator
from heapq import merge
from io import BufferedReader
from itertools import chain
from operator import itemgetter
from pathlib import Path
from statistics import median_low
from typing import cast

from schemas.errors import ConfigurationError
from streams.sources.columns import Columns, expect_plausible_unit
from streams.sources.damage import DAMAGE, broken
from streams.sources.delimited import csv_ticks
from streams.sources.json_lines import json_ticks
from streams.sources.lines import CutLine, newline_of, whole_lines
from streams.sources.parquet_rows import ParquetRows
from streams.sources.raw import Feed
from streams.sources.reading import Reading
from streams.sources.signs import GZIP, PARQUET, expect_text

LOOKED_AT = 5
"""Rows by whose times the unit is judged."""

BLANK = b"\xef\xbb\xbf \t\r\n"


class TickFile:
    """Ticks of one file in the order of the file; iterate it once.

    What the file is shows in its first bytes, whatever it is called: Parquet, gzip, JSON lines (`{`) or else CSV with
    a header line (comma, semicolon, tab or bar).

    Args:
        path: of the file.
        columns: how its rows become ticks.
        strict: raise `Refused` at the first row that makes no tick, instead of yielding it as a `RawTick`.
        stream: read from here instead, and `path` is only its name. A pipe that goes on for ever is fine.

    Raises:
        ConfigurationError: while reading: no such file, columns that are not there, an unlikely unit of time, a kind of
            file that is not read.
        BrokenFile: while reading, behind the ticks that stand before the break.
        Refused: while reading, with `strict`.
    """

    def __init__(
        self,
        path: str | Path,
        columns: Columns | None = None,
        *,
        strict: bool = False,
        stream: BufferedReader | None = None,
    ) -> None:
        self.name = str(path)
        self._columns = columns or Columns()
        self._reading = Reading(self.name, self._columns, strict)
        self._stream = stream
        self._share: Callable[[], float | None] = lambda: None

    def __iter__(self) -> Iterator[Feed]:
        return chain.from_iterable(self.blocks())

    def share(self) -> float | None:
        """How much of the file has been read, 0 to 1; None while that is not known."""
        return self._share()

    def blocks(self) -> Iterator[list[Feed]]:
        """Ticks in lists, each as soon as its bytes are there."""
        if self._stream is not None:
            yield from self._checked(self._of_bytes(self._stream, None))
            return
        path = Path(self.name)
        try:
            stream, size = path.open("rb"), path.stat().st_size
        except (OSError, ValueError) as error:  # a name with a zero byte is no name
            what = error.strerror if isinstance(error, OSError) else error
            raise ConfigurationError(f"{self.name}: expected a readable file, was: {what}") from error
        with stream:
            if _head(stream, 4, self._reading, size) == PARQUET:
                rows = ParquetRows(self._reading)
                self._share = rows.share
                yield from self._checked(rows.ticks())
            else:
                self._share = lambda: 1.0 if stream.closed or not size else stream.tell() / size
                yield from self._checked(self._of_bytes(stream, size))

    def _checked(self, blocks: Iterator[list[Feed]]) -> Iterator[list[Feed]]:
        for block in blocks:
            # Of some rows, for one that is wrong must not stop the file.
            times = [tick.ts_event for tick in block[:LOOKED_AT] if tick.ts_event is not None] + self._reading.beyond
            if times:
                expect_plausible_unit(median_low(times), self._columns.time_unit)
                yield block
                break
            yield block
        yield from blocks

    def _of_bytes(self, stream: BufferedReader, size: int | None) -> Iterator[list[Feed]]:
        plain, reading = stream, self._reading
        try:
            if stream.peek(2)[:2] == GZIP:
                plain = cast(BufferedReader, gzip.GzipFile(fileobj=stream))
            head = plain.peek(1 << 12)
            expect_text(self.name, head)
            newline = newline_of(head)
            blocks = whole_lines(plain, newline)
            if newline == b"\r":
                blocks = (block if type(block) is CutLine else block.replace(b"\r", b"\n") for block in blocks)
            for block in blocks:
                text = block.lstrip(BLANK)
                reading.row += block[: len(block) - len(text)].count(b"\n") + (not text)
                if text:
                    read = json_ticks if text[:1] == b"{" else csv_ticks
                    yield from read(chain([CutLine(text) if type(block) is CutLine else text], blocks), reading)
        except DAMAGE as error:
            raise broken(self.name, error, reading.row, None if size is None else stream.tell(), size) from error


def _head(stream: BufferedReader, length: int, reading: Reading, size: int) -> bytes:
    try:
        return stream.peek(length)[:length]
    except OSError as error:  # a folder opens, and cannot be read
        raise broken(reading.name, error, 0, None, size) from error


def merged(files: Iterable[Iterable[Feed]]) -> Iterator[Feed]:
    """One feed out of several, by event time; equal times in the order of the files, each file in its own order."""
    return map(itemgetter(1), merge(*map(_timed, files), key=itemgetter(0)))


def _timed(feed: Iterable[Feed]) -> Iterator[tuple[int, Feed]]:
    now = 0
    for item in feed:
        now = now if item.ts_event is None else item.ts_event
        yield now, item
