"""Reads ticks from Parquet and Feather files, a batch of rows at a time."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import repeat
from typing import Any

from msgspec.structs import replace

from schemas.errors import ConfigurationError
from streams.engine.feed import Feed
from streams.sources.book_rows import BookRows, Build, flattened
from streams.sources.carried_forward import CarriedForwardRows
from streams.sources.cells import LONGEST_CELL, short, shortened
from streams.sources.columns import NUMBERS, Columns
from streams.sources.damaged_files import broken
from streams.sources.formats.recognition import PLAIN, of_table
from streams.sources.proposal import laid_out
from streams.sources.reading import LOOKED_AT, NO_TICK, FileReading
from streams.sources.sampled import OF_A_BLOCK, OneMarket, warn_of_bars
from streams.sources.times import TimeUnit

BLOCK_ROWS = 4096
DAMAGE = (EOFError, OSError, MemoryError, ValueError, OverflowError, RuntimeError, SystemError)
"""Exceptions that damaged bytes raise, besides Arrow's own."""

AMOUNTS = NUMBERS - {"seq"}

UNITS: dict[str, TimeUnit] = {"ns": "ns", "us": "us", "ms": "ms", "s": "s"}


class ParquetRows:
    """Reader of one Parquet or Feather file; call `ticks` once.

    Args:
        reading: settings and progress of reading the file.
        feather: whether the file is Feather; False for Parquet.
    """

    def __init__(self, reading: FileReading, feather: bool = False) -> None:
        self._reading, self._feather = reading, feather
        self._rows = 0

    def share(self) -> float:
        """Part of the rows that were read so far, 0 to 1; also 1 before reading begins, and for a file without rows."""
        return self._reading.row / self._rows if self._rows else 1.0

    def ticks(self) -> Iterator[list[Feed]]:
        """Yield the ticks of the file, a list for each batch of rows; a row that cannot be read becomes a `RawTick`.

        A `RawTick` holds the row as JSON and what is wrong with it.

        Raises:
            BrokenFile: the file is damaged or ends too early.
            ConfigurationError: a column that ticks need is missing or of a wrong type, the first rows cannot be
                understood, or pyarrow is not installed.
            Refused: a row cannot be read, and `reading` is strict.
        """
        name = self._reading.name
        try:
            import pyarrow
            from pyarrow import ipc, parquet
        except ImportError as error:
            raise ConfigurationError(
                f"{name}: expected pyarrow to read Parquet, was not installed; fix: pip install pyarrow"
            ) from error
        try:
            if self._feather:
                with pyarrow.memory_map(name) as source, ipc.open_file(source) as file:
                    batches = (file.get_batch(at) for at in range(file.num_record_batches))
                    self._rows = sum(batch.num_rows for batch in batches)
                    yield from self._of_file(pyarrow, file.schema, lambda used: _parts_of(file, used))
                return
            with parquet.ParquetFile(name) as file:
                self._rows = file.metadata.num_rows
                yield from self._of_file(
                    pyarrow, file.schema_arrow, lambda used: file.iter_batches(BLOCK_ROWS, columns=used)
                )
        except (pyarrow.ArrowException, *DAMAGE) as error:
            raise broken(name, error, self._reading.row) from error

    def _of_file(self, arrow: Any, schema: Any, batches: Callable[[list[str]], Iterable[Any]]) -> Iterator[list[Feed]]:
        reading = self._reading
        header = schema.names
        sample: list[list[Any]] | None = None

        def first_rows() -> list[list[Any]]:
            nonlocal sample
            sample = _first(header, batches) if sample is None else sample
            return sample

        plain = not reading.columns.format and (reading.columns.names or {*header} <= PLAIN)
        found = of_table(reading.name, reading.columns, header, [] if plain else first_rows())
        columns, format_ = found.columns, found.format
        fixed_point = format_ is not None and format_.fixed_point
        if format_ is not None and format_.symbol_key and not columns.symbol and "symbol" not in header:
            known = (schema.metadata or {}).get(format_.symbol_key.encode(), b"").decode("utf-8", "replace")
            columns = replace(columns, symbol=known)
            said = (*found.said, f"symbol {known} from {format_.symbol_key}")
            found = found._replace(columns=columns, said=said, symbol_is_said=True)
        whole = laid_out(header, columns, reading.name, first_rows)
        places = whole.place
        for field, at in places.items():
            if field != "ts_event" or not whole.joined:
                columns = _expect_type(arrow, reading.name, field, schema.field(at), columns, fixed_point)
        whole.clock = columns.clock()
        used = whole.used()
        if double := [header[at] for at in used if header.count(header[at]) > 1]:
            raise ConfigurationError(
                f"{reading.name}: expected one column {double[0]!r}, was {header.count(double[0])}; fix: write the "
                "file with a name for each, since columns of Parquet and Feather are read by their names"
            )
        layout = whole.narrowed(used)
        texts = {places[field] for field in ("kind", "symbol", "side") if field in places}
        if "ts_event" in places and _is_local(arrow.types, schema.field(places["ts_event"]).type, columns.zone):
            texts.add(places["ts_event"])
        if format_ is not None and format_.book is not None:
            texts |= {at for name, at in whole.others.items() if name in format_.book.words}
        texts |= {*whole.joined, *(at for at, _ in whole.where)}
        amounts = {at for field, at in places.items() if fixed_point and field in AMOUNTS}
        turned = [
            _amounts_of(schema.field(at).type)
            if at in amounts
            else _cells_of(arrow, schema.field(at).type, at in texts)
            for at in used
        ]
        constants = layout.constants
        build: Build | None = None
        book: BookRows | CarriedForwardRows | None = None
        market: OneMarket | None = None
        beside: Iterator[Any] = iter(())
        for batch in batches([header[at] for at in used]):
            ticks: list[Any] = []
            row = reading.row
            parts = [batch.column(header[at]) for at in used]
            if build is None:
                first = [cells_of(part.slice(0, LOOKED_AT)) for cells_of, part in zip(turned, parts, strict=True)]
                rows = [*zip(*first, strict=True)]
                layout.settle(rows, reading.name)
                build = layout.builder()
                if layout.of_book and found.format is not None and found.format.book is not None:
                    build = book = BookRows(found.format.book, layout, reading.name)
                if format_ is not None and format_.carried:
                    build = book = reading.carry(CarriedForwardRows(format_.carried, layout))
                if format_ is None and not columns.bars and len(header) > len(used) and "price" in places:
                    warn_of_bars(header, first_rows(), layout, [*map(layout.time_of, rows)])
                market = OneMarket(header, layout, reading.name, used)
                if market.places and not fixed_point and len({*header}) == len(header):
                    market.begin(rows, first_rows())
                    if market.places:
                        beside = iter(batches([header[at] for at in market.places]))
                reading.take(found, layout, rows)
            careful = any(part.nbytes > LONGEST_CELL for part in parts if part.nbytes > 32 * len(part) + 64)
            cells_of_parts = (cells_of(part) for cells_of, part in zip(turned, parts, strict=True))
            rows_of_cells = zip(*cells_of_parts, *(repeat(cell, len(batch)) for cell in constants), strict=True)
            if careful or layout.where:
                for cells in rows_of_cells:
                    row += 1
                    if careful:
                        cells = tuple(map(short, cells))
                    if layout.where and not layout.is_wanted(cells):
                        continue
                    try:
                        ticks.append(build(cells))
                    except NO_TICK as problem:
                        ticks.append(reading.raw_cells(row, problem, layout, cells))
            else:  # each row makes one entry, so the number of entries is the number of rows
                for cells in rows_of_cells:
                    try:
                        ticks.append(build(cells))
                    except NO_TICK as problem:
                        ticks.append(reading.raw_cells(row + len(ticks) + 1, problem, layout, cells))
                row += len(ticks)
            reading.row = row
            if market is not None and (other := next(beside, None)) is not None and len(other) == len(batch):
                market.look(*_ends(parts, turned, other))
            yield ticks if book is None else flattened(ticks)
        if book is not None:
            yield book.rest()
        if reading.row != self._rows:
            raise EOFError(f"ends behind row {reading.row} of {self._rows}")


def _first(header: list[str], batches: Callable[[list[str]], Iterable[Any]]) -> list[list[Any]]:
    """Cells of the first rows, as text or numbers."""
    for batch in batches(header):
        return [*map(list, zip(*(_shown(part.slice(0, LOOKED_AT)) for part in batch.columns), strict=True))]
    return []


def _ends(
    parts: Sequence[Any], turned: Sequence[Callable[[Any], Sequence[Any]]], other: Any
) -> tuple[list[Sequence[Any]], list[Sequence[Any]]]:
    """The last rows of a batch, and the cells of their other columns."""
    start = max(0, len(other) - OF_A_BLOCK)
    rows = zip(*(cells_of(part.slice(start)) for cells_of, part in zip(turned, parts, strict=True)), strict=True)
    return list(rows), list(zip(*(_shown(part.slice(start)) for part in other.columns), strict=True))


def _shown(part: Any) -> list[Any]:
    """Cells of a column; empty texts for all of them if Python cannot hold one."""
    try:
        cells: list[Any] = part.to_pylist()
    except (ValueError, OverflowError, UnicodeDecodeError, NotImplementedError):
        return [""] * len(part)
    return cells


def _parts_of(file: Any, used: list[str]) -> Iterator[Any]:
    """Batches of a Feather file, of some columns and of at most `BLOCK_ROWS` rows."""
    places = [at for at, name in enumerate(file.schema.names) if name in used]  # a name may occur twice
    for at in range(file.num_record_batches):
        batch = file.get_batch(at).select(places)
        batch.validate(full=True)  # offsets of a damaged file may point anywhere
        for start in range(0, batch.num_rows, BLOCK_ROWS):
            yield batch.slice(start, BLOCK_ROWS)


def _expect_type(
    arrow: Any, name: str, field: str, column: Any, columns: Columns, fixed_point: bool = False
) -> Columns:
    """Settings with the unit of time in the file; raises `ConfigurationError` for a type that the field cannot have."""
    types, kind = arrow.types, column.type
    if field == "ts_event" and _is_local(types, kind, columns.zone):
        return columns
    if field == "ts_event" and types.is_timestamp(kind):
        return replace(columns, time_unit=UNITS[kind.unit])
    fits = _is_text(types, kind) or types.is_null(kind)
    if fixed_point and field in AMOUNTS:
        fits = fits or kind in (arrow.binary(8), arrow.binary(16))
    if field in NUMBERS or field == "ts_event":
        fits = fits or types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind)
    elif field in ("symbol", "side"):  # 600519 of some exchanges; 1 and -1, or whether the buyer was the maker
        fits = fits or types.is_integer(kind) or types.is_boolean(kind)
    if fits:
        return columns
    wanted = "numbers" if field in NUMBERS else "times" if field == "ts_event" else "text"
    raise ConfigurationError(
        f"{name}: expected {wanted} in column {column.name!r} for {field}, was {shortened(str(kind), 60)}; "
        f"fix: write it as {wanted}, or leave it out"
    )


def _is_local(types: Any, kind: Any, zone: str) -> bool:
    """Whether times are dates, or local times of a zone that the user gave."""
    return bool(types.is_date(kind) or (types.is_timestamp(kind) and kind.tz is None and zone not in ("", "UTC")))


def _is_text(types: Any, kind: Any) -> bool:
    if types.is_dictionary(kind):
        kind = kind.value_type
    return bool(
        types.is_string(kind) or types.is_large_string(kind) or types.is_binary(kind) or types.is_large_binary(kind)
    )


def _cells_of(arrow: Any, kind: Any, text: bool) -> Callable[[Any], Sequence[Any]]:
    """Function from a column of a batch to Python values; in a column of text, a missing cell is empty."""
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

    return texts if text or _is_text(types, kind) else times if types.is_timestamp(kind) else numbers


def _amounts_of(kind: Any) -> Callable[[Any], Sequence[Any]]:
    """Function from a column of fixed-point numbers to the nearest floats; a missing cell stays missing."""
    scale = 10**16 if getattr(kind, "byte_width", 8) == 16 else 10**9

    def amounts(column: Any) -> Sequence[Any]:
        cells: list[Any] = column.to_pylist()
        return [
            cell
            if cell is None
            else (cell if isinstance(cell, int) else int.from_bytes(cell, "little", signed=True)) / scale
            for cell in cells
        ]

    return amounts


def _bytes(arrow: Any, column: Any) -> list[bytes | None]:
    plain = column.dictionary_decode() if arrow.types.is_dictionary(column.type) else column
    cells: list[bytes | None] = plain.cast(arrow.binary()).to_pylist()
    return cells
