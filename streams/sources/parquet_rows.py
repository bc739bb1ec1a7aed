"""Ticks of Parquet: columns by their names, a batch of rows at a time."""

from collections.abc import Callable, Iterator, Sequence
from itertools import repeat
from typing import Any

from msgspec.structs import replace

from schemas.errors import ConfigurationError
from streams.sources.cells import LONGEST_CELL, short, shortened
from streams.sources.columns import NUMBERS, Columns, Layout, TimeUnit
from streams.sources.damage import broken
from streams.sources.raw import Feed
from streams.sources.reading import NO_TICK, Reading

BLOCK_ROWS = 4096
UNITS: dict[str, TimeUnit] = {"ns": "ns", "us": "us", "ms": "ms", "s": "s"}


class ParquetRows:
    """One Parquet file; iterate `ticks()` once.

    Args:
        reading: of it.
    """

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._rows = 0

    def share(self) -> float:
        """How much of it has been read, 0 to 1."""
        return self._reading.row / self._rows if self._rows else 1.0

    def ticks(self) -> Iterator[list[Feed]]:
        """Ticks, in blocks.

        Raises:
            BrokenFile: it is damaged, or ends too early.
            ConfigurationError: its columns are not what ticks need.
            Refused: a row makes no tick, with `strict`.
        """
        name = self._reading.name
        try:
            import pyarrow
            from pyarrow import parquet
        except ImportError as error:
            raise ConfigurationError(
                f"{name}: expected pyarrow to read Parquet, was not installed; fix: pip install pyarrow"
            ) from error
        try:
            with parquet.ParquetFile(name) as file:
                yield from self._of_file(pyarrow, file)
        except (pyarrow.ArrowException, OSError, MemoryError, ValueError, OverflowError, RuntimeError) as error:
            raise broken(name, error, self._reading.row) from error

    def _of_file(self, arrow: Any, file: Any) -> Iterator[list[Feed]]:
        reading = self._reading
        schema, self._rows = file.schema_arrow, file.metadata.num_rows
        header = schema.names
        places = Layout(header, reading.columns, reading.name).place
        used = [header[at] for at in sorted(set(places.values()))]
        if twice := [name for name in used if header.count(name) > 1]:
            raise ConfigurationError(f"{reading.name}: expected one column {twice[0]!r}, was {header.count(twice[0])}")
        columns = reading.columns
        for field, at in places.items():
            columns = _expect_type(arrow, reading.name, field, schema.field(at), columns)
        layout = Layout(used, columns)
        texts = {header[places[field]] for field in ("kind", "symbol", "side") if field in places}
        turned = [_cells_of(arrow, schema.field(name).type, name in texts) for name in used]
        build, constants = layout.builder(), layout.constants
        for batch in file.iter_batches(BLOCK_ROWS, columns=used):
            ticks: list[Feed] = []
            row = reading.row
            parts = [batch.column(name) for name in used]
            careful = any(part.nbytes > LONGEST_CELL for part in parts if part.nbytes > 32 * len(part) + 64)
            cells_of_parts = (cells_of(part) for cells_of, part in zip(turned, parts, strict=True))
            for cells in zip(*cells_of_parts, *(repeat(cell, len(batch)) for cell in constants), strict=True):
                row += 1
                if careful:
                    cells = tuple(map(short, cells))
                try:
                    ticks.append(build(cells))
                except NO_TICK as problem:
                    ticks.append(reading.raw_cells(row, problem, layout, cells))
            reading.row = row
            yield ticks
        if reading.row != self._rows:
            raise EOFError(f"ends behind row {reading.row} of {self._rows}")


def _expect_type(arrow: Any, name: str, field: str, column: Any, columns: Columns) -> Columns:
    """Columns with the unit of time that the file says; raises `ConfigurationError` for a type that tells no field."""
    types, kind = arrow.types, column.type
    if field == "ts_event" and types.is_timestamp(kind):
        return replace(columns, time_unit=UNITS[kind.unit])
    fits = _is_text(types, kind) or types.is_null(kind)
    if field in NUMBERS or field == "ts_event":
        fits = fits or types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind)
    elif field == "symbol":  # of some exchanges: 600519
        fits = fits or types.is_integer(kind)
    if fits:
        return columns
    wanted = "numbers" if field in NUMBERS else "times" if field == "ts_event" else "text"
    raise ConfigurationError(
        f"{name}: expected {wanted} in column {column.name!r} for {field}, was {shortened(str(kind), 60)}; "
        f"fix: write it as {wanted}, or leave it out"
    )


def _is_text(types: Any, kind: Any) -> bool:
    if types.is_dictionary(kind):
        kind = kind.value_type
    return bool(
        types.is_string(kind) or types.is_large_string(kind) or types.is_binary(kind) or types.is_large_binary(kind)
    )


def _cells_of(arrow: Any, kind: Any, text: bool) -> Callable[[Any], Sequence[Any]]:
    """Function from a column of a batch to cells as Python has them; in a column of text, what is missing is empty."""
    types = arrow.types

    def times(column: Any) -> Sequence[Any]:
        cells: list[Any] = column.cast(arrow.int64()).to_pylist()
        return cells

    def numbers(column: Any) -> Sequence[Any]:
        cells: list[Any] = column.to_pylist()
        return cells

    def texts(column: Any) -> Sequence[Any]:
        try:
            cells: list[Any] = column.cast(arrow.string()).to_pylist()
        except (arrow.ArrowInvalid, UnicodeDecodeError):  # bytes that are no text are for the market node to refuse
            cells = [cell if cell is None else cell.decode("utf-8", "replace") for cell in _bytes(arrow, column)]
        return [cell or "" for cell in cells] if text and column.null_count else cells

    return times if types.is_timestamp(kind) else texts if text or _is_text(types, kind) else numbers


def _bytes(arrow: Any, column: Any) -> list[bytes | None]:
    plain = column.dictionary_decode() if arrow.types.is_dictionary(column.type) else column
    cells: list[bytes | None] = plain.cast(arrow.binary()).to_pylist()
    return cells
