"""Ticks from files: CSV and JSON lines (plain, gzip, standard input) and Parquet, block by block, in constant memory.

A row that makes no tick is neither dropped nor mended: it becomes a `RawTick` with the best JSON that its cells give
(a line of JSON lines: the line itself), so it reaches the market node and ends as a dead letter with the reason.
With `strict` it stops the reading instead. What is *in* a tick (crossed prices, negative sizes, order of time) is
not judged here: that is the market node's work, the same for every producer.
"""

import csv
import gzip
from collections.abc import Callable, Iterable, Iterator, Sequence
from heapq import merge
from io import BufferedReader
from itertools import chain
from operator import itemgetter
from pathlib import Path
from typing import Any, cast

import msgspec

from schemas.codec import decoder, encode
from schemas.errors import ConfigurationError, Refused
from schemas.ticks import Tick
from streams.sources.columns import Columns, Layout, event_time, expect_plausible_unit, kind_of
from streams.sources.raw import Feed, RawTick

BLOCK_BYTES = 1 << 18
BLOCK_ROWS = 4096
DELIMITERS = ",;\t|"

_decode_tick = decoder(Tick)


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
        ConfigurationError: while reading: no such file, columns that are not there, an unlikely unit of time.
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
        self._strict = strict
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
            yield from self._checked(self._of_bytes(self._stream))
            return
        path = Path(self.name)
        try:
            stream, size = path.open("rb"), path.stat().st_size
        except OSError as error:
            raise ConfigurationError(f"{self.name}: expected a readable file, was: {error.strerror}") from error
        with stream:
            if stream.peek(4)[:4] == b"PAR1":
                yield from self._checked(self._of_parquet())
            else:
                self._share = lambda: 1.0 if stream.closed or not size else stream.tell() / size
                yield from self._checked(self._of_bytes(stream))

    def _checked(self, blocks: Iterator[list[Feed]]) -> Iterator[list[Feed]]:
        for block in blocks:
            first = next((tick.ts_event for tick in block if tick.ts_event is not None), None)
            if first is not None:
                expect_plausible_unit(first, self._columns.time_unit)
                yield block
                break
            yield block
        yield from blocks

    def _raw(self, row: int, problem: object, value: bytes, symbol: Any = "", ts_event: Any = None) -> RawTick:
        """Stand-in for a row that makes no tick."""
        sentence = f"{self.name}, row {row}: {problem}"
        if self._strict:
            raise Refused("unreadable_row", sentence)
        return RawTick(str(symbol), value, ts_event if isinstance(ts_event, int) else None, sentence)

    def _raw_cells(self, row: int, problem: object, layout: Layout, cells: Sequence[Any]) -> RawTick:
        fields = layout.named(cells)
        return self._raw(row, problem, encode(fields), fields.get("symbol", ""), fields.get("ts_event"))

    def _of_bytes(self, stream: BufferedReader) -> Iterator[list[Feed]]:
        if stream.peek(2)[:2] == b"\x1f\x8b":
            stream = cast(BufferedReader, gzip.GzipFile(fileobj=stream))
        blocks = _whole_lines(stream)
        for block in blocks:
            if text := block.lstrip(b"\xef\xbb\xbf \t\r\n"):
                read = self._of_json if text[:1] == b"{" else self._of_csv
                yield from read(chain([text], blocks))

    def _of_csv(self, blocks: Iterable[bytes]) -> Iterator[list[Feed]]:
        row = 0
        for block in blocks:
            # A cell with a byte that is no UTF-8 is for the market node to refuse, not for this place to stop at.
            lines = block.decode("utf-8", "replace").replace("\r\n", "\n").split("\n")
            if not row:
                delimiter = max(DELIMITERS, key=lines[0].count)
                layout = Layout([name.strip() for name in _cells(lines.pop(0), delimiter)], self._columns)
                build, width = layout.builder(), layout.width
                row = 1
            ticks: list[Feed] = []
            for line in lines:
                row += 1
                cells = line.split(delimiter) if '"' not in line else _cells(line, delimiter)
                if len(cells) == width:
                    try:
                        ticks.append(build(cells))
                    except (ValueError, IndexError) as problem:
                        ticks.append(self._raw_cells(row, problem, layout, cells))
                elif line.strip():
                    wrong = f"expected {width} cells, was {len(cells)}"
                    ticks.append(self._raw(row, wrong, encode({"line": line}), layout.fixed.get("symbol", "")))
            yield ticks

    def _of_json(self, blocks: Iterable[bytes]) -> Iterator[list[Feed]]:
        row = 0
        for block in blocks:
            ticks: list[Feed] = []
            for line in block.split(b"\n"):
                row += 1
                if line and not line.isspace():
                    ticks.append(self._of_object(row, line))
            yield ticks

    def _of_object(self, row: int, line: bytes) -> Feed:
        value, fields = line, dict[str, Any]()
        try:
            if self._columns != Columns():
                fields = self._renamed(msgspec.json.decode(line, type=dict[str, Any]))
                value = encode(fields)
                fields["ts_event"] = event_time(fields.get("ts_event"), self._columns.time_unit)
                value = encode(fields)
            tick: Feed = _decode_tick(value)
        except (Refused, ValueError) as problem:  # msgspec's errors are ValueErrors
            return self._raw(row, problem, value, fields.get("symbol", ""), fields.get("ts_event"))
        return tick

    def _renamed(self, found: dict[str, Any]) -> dict[str, Any]:
        names = {column: field for field, column in self._columns.names.items()}
        fields = {names.get(name, name): value for name, value in found.items()} | self._columns.constants()
        if "kind" not in fields and (kind := kind_of(fields)):
            fields["kind"] = kind
        return fields

    def _of_parquet(self) -> Iterator[list[Feed]]:
        try:
            import pyarrow as arrow
            from pyarrow import parquet
        except ImportError as error:
            raise ConfigurationError(
                f"{self.name}: expected pyarrow to read Parquet, was not installed; fix: pip install pyarrow"
            ) from error
        file = parquet.ParquetFile(self.name)
        header = file.schema_arrow.names
        used = [header[at] for at in sorted(Layout(header, self._columns).place.values())]
        types = [file.schema_arrow.field(name).type for name in used]
        columns = self._columns
        if any(map(arrow.types.is_timestamp, types)):
            columns = msgspec.structs.replace(columns, time_unit="ns")
        layout = Layout(used, columns)
        build = layout.builder()
        row, rows = 0, file.metadata.num_rows
        self._share = lambda: row / rows if rows else 1.0
        for batch in file.iter_batches(BLOCK_ROWS, columns=used):
            ticks: list[Feed] = []
            for cells in zip(*(_arrow_cells(arrow, batch.column(name)) for name in used), strict=True):
                row += 1
                try:
                    ticks.append(build(cells))
                except (ValueError, TypeError, IndexError) as problem:
                    ticks.append(self._raw_cells(row, problem, layout, cells))
            yield ticks


def merged(files: Iterable[Iterable[Feed]]) -> Iterator[Feed]:
    """One feed out of several, by event time; equal times in the order of the files, each file in its own order."""
    return map(itemgetter(1), merge(*map(_timed, files), key=itemgetter(0)))


def _timed(feed: Iterable[Feed]) -> Iterator[tuple[int, Feed]]:
    now = 0
    for item in feed:
        now = now if item.ts_event is None else item.ts_event
        yield now, item


def _whole_lines(stream: BufferedReader) -> Iterator[bytes]:
    """Blocks that end where a line ends, each as soon as a read of the stream returns (a pipe may take its time)."""
    rest = b""
    while block := stream.read1(BLOCK_BYTES):
        lines, newline, begun = block.rpartition(b"\n")
        if newline:
            yield rest + lines
            rest = begun
        else:
            rest += block
    if rest:
        yield rest


def _cells(line: str, delimiter: str) -> list[str]:
    """Cells of one line; a line is always one row, so a stray quotation mark cannot swallow the rows behind it."""
    return next(csv.reader([line], delimiter=delimiter), [])


def _arrow_cells(arrow: Any, column: Any) -> list[Any]:
    kind = column.type
    if arrow.types.is_timestamp(kind):
        column = column.cast(arrow.timestamp("ns", kind.tz)).cast(arrow.int64())
    elif arrow.types.is_floating(kind) or arrow.types.is_integer(kind) or arrow.types.is_decimal(kind):
        pass
    else:
        column = column.cast(arrow.string())
    cells: list[Any] = column.to_pylist()
    return cells
