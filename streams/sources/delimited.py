"""Reads ticks from CSV; the first line shows whether comma, semicolon, tab or vertical bar separates the cells."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any

from schemas.codec import encode
from schemas.errors import ConfigurationError
from streams.engine.feed import Feed
from streams.sources.book_rows import BookRows, Build, flattened
from streams.sources.carried_forward import CarriedForwardRows
from streams.sources.cells import LONGEST_CELL, short, shown
from streams.sources.formats.recognition import Understood, like, of_table
from streams.sources.layout import Layout, looks_like_a_row
from streams.sources.lines import LONGEST_LINE, CutLine
from streams.sources.proposal import laid_out, named_by_cells, proposed
from streams.sources.reading import LOOKED_AT, NO_TICK, FileReading
from streams.sources.sampled import OF_A_BLOCK, OneMarket, warn_of_bars
from streams.sources.text_encoding import likely_encodings, other_encoding
from streams.sources.times import FEW

DELIMITERS = ",;\t|"

LONGEST_REST = 4_096
"""Most characters that are sent on of a line that cannot be split into cells."""


def csv_ticks(blocks: Iterable[bytes], reading: FileReading) -> Iterator[list[Feed]]:
    """Yield the ticks of a CSV file, a list for each block of lines; a row that cannot be read becomes a `RawTick`.

    A `RawTick` holds the row and what is wrong with it.

    Args:
        blocks: content of the file in blocks of whole lines. The first line names the columns, unless the settings of
            `reading` do.
        reading: settings and progress of reading the file.

    Raises:
        ConfigurationError: a column that ticks need is missing, or the first rows cannot be understood.
        Refused: a row cannot be read, and `reading` is strict.
    """
    layout: Layout | None = None
    build: Build | None = None
    found: Understood | None = None
    names: Sequence[str] | None = None
    book: BookRows | CarriedForwardRows | None = None
    market: OneMarket | None = None
    settled = False
    for block in blocks if reading.columns.header else _with_a_row(blocks):
        ticks: list[Any] = []
        if type(block) is CutLine:
            if names is None:
                raise ConfigurationError(f"{reading.name}: expected a header line, was {shown(bytes(block))}")
            reading.row += 1
            wrong = f"expected a line of at most {LONGEST_LINE} bytes"
            yield [reading.raw(reading.row, wrong, _line(block.decode("utf-8", "replace")))]
            continue
        # A cell with a byte that is no UTF-8 is for the market node to refuse, not for this place to stop at.
        text = block.decode("utf-8", "replace").replace("\r\n", "\n")
        lines = text.split("\n")
        if layout is None:
            if names is None:
                _expect_utf8(block.partition(b"\n")[0].rstrip(b"\r"), block, reading)
                delimiter = max(DELIMITERS, key=lines[0].count)
                names = _names(lines[0], delimiter, reading.name)
                if not reading.columns.header:
                    names = _without_ends(names, lines[1:], delimiter)
            behind = lines if reading.columns.header else lines[1:]
            found = of_table(reading.name, reading.columns, names, _cells(behind, delimiter, len(names)))
            header = _header(lines, names, found, delimiter, reading)
            layout = laid_out(header, found.columns, reading.name, _cells(lines, delimiter, len(header)))
            width, constants, where = layout.width, list(layout.constants), layout.where
        if build is None or not settled:
            first = _cells(lines, delimiter, width)
            widest = max(width + 1, _expect_width(lines, delimiter, width, reading))
            _expect_utf8_of_symbols(layout, first, block, reading)
            layout.settle(first, reading.name)
            build, settled = layout.builder(), bool(first)
            if found is not None and layout.of_book and found.format is not None and found.format.book is not None:
                build = book = BookRows(found.format.book, layout, reading.name)
            if found is not None and found.format is not None and found.format.carried:
                build = book = reading.carry(CarriedForwardRows(found.format.carried, layout))
            if settled and found is not None:
                if found.format is None and not found.columns.bars:
                    warn_of_bars(layout.header, first, layout, [*map(layout.time_of, first)])
                market = OneMarket(layout.header, layout, reading.name)
                market.begin(first)
                reading.take(found, layout, first)
        row = reading.row
        careful = '"' in text or max(map(len, lines), default=0) > LONGEST_CELL
        for line in lines:
            row += 1
            if careful and ('"' in line or len(line) > LONGEST_CELL):
                try:
                    cells = [*map(short, next(csv.reader([line], delimiter=delimiter), []))]
                except csv.Error as problem:
                    ticks.append(reading.raw(row, problem, _line(line)))
                    continue
            else:
                cells = line.split(delimiter)
            if (count := len(cells)) != width:
                if not width < count <= widest or any(map(str.strip, cells[width:])):
                    if line.strip():
                        wrong = f"expected {width} cells, was {count}"
                        ticks.append(reading.raw(row, wrong, _line(line), layout.fixed.get("symbol", "")))
                    continue
                del cells[width:]  # what stands after the last delimiter is empty
            cells += constants
            if where and not layout.is_wanted(cells):
                continue
            try:
                ticks.append(build(cells))
            except NO_TICK as problem:
                ticks.append(reading.raw_cells(row, problem, layout, cells))
        reading.row = row
        if market is not None and market.places:
            market.look(_cells(lines[-OF_A_BLOCK:], delimiter, width))
        yield ticks if book is None else flattened(ticks)
    if book is not None:
        yield book.rest()


def _expect_utf8(line: bytes, block: bytes, reading: FileReading) -> None:
    """Refuse a text whose first line is not UTF-8; the error names the encodings that can read it."""
    if not (ways := likely_encodings(line)) or not reading.columns.checked:
        return
    lines = block.decode(ways[0], "replace").replace("\r\n", "\n").split("\n")
    delimiter = max(DELIMITERS, key=lines[0].count)
    names = _names(lines[0], delimiter, reading.name)
    columns, more = reading.columns, ""
    if not columns.format and not columns.header and not looks_like_a_row(names):
        found = proposed(names, _cells(lines[1:], delimiter, len(names)), columns)
        more = f"; then {found}" if found.options else ""
    raise ConfigurationError(f"{reading.name}: {other_encoding(line)}{more}")


def _expect_utf8_of_symbols(layout: Layout, rows: Sequence[Sequence[str]], block: bytes, reading: FileReading) -> None:
    """Refuse a text in which more than a few symbols are not UTF-8, since each of these ticks would be refused."""
    at = layout.place.get("symbol")
    wrong = 0 if at is None else sum("\ufffd" in row[at] for row in rows)
    if wrong >= FEW and 2 * wrong > len(rows):
        for line in block.split(b"\n"):
            _expect_utf8(line, block, reading)


def _with_a_row(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Pass on the blocks, joining the first ones until a row follows the header, which a pipe may send alone."""
    rest = iter(blocks)
    for first in rest:
        if type(first) is not CutLine and b"\n" not in first.strip():
            behind = next(rest, None)
            if behind is not None and type(behind) is not CutLine:
                yield first.rstrip(b"\r\n") + b"\n" + behind
            else:
                yield from (first,) if behind is None else (first, behind)
        else:
            yield first
        break
    yield from rest


def _line(line: str) -> bytes:
    return encode({"line": line[:LONGEST_REST]})


def _header(
    lines: list[str], names: Sequence[str], found: Understood, delimiter: str, reading: FileReading
) -> Sequence[str]:
    """Names of the columns; the header line, if there is one, is removed from `lines`."""
    if found.columns.header:
        return found.columns.header
    lines.pop(0)
    reading.row += 1
    if looks_like_a_row(names):
        raise ConfigurationError(
            f"{reading.name}: expected the names of the columns in the first line, was {shown(delimiter.join(names))}; "
            "fix: --columns NAME,NAME,... where the file has no header, for example "
            + named_by_cells([list(names), *_cells(lines, delimiter, len(names))])
            + "".join(f", or --format {each}" for each in like(names)[:3])
        )
    return names


def _names(header: str, delimiter: str, name: str) -> Sequence[str]:
    """Names of the columns; a line is always one row, so a stray quotation mark cannot swallow the rows after it."""
    try:
        names = [each.strip() for each in next(csv.reader([header], delimiter=delimiter), [])]
    except csv.Error as error:
        raise ConfigurationError(f"{name}: expected a header line, was {shown(header)} ({error})") from None
    return names


def _cells(lines: Sequence[str], delimiter: str, width: int) -> list[list[str]]:
    """Cells of the first rows that have enough cells."""
    rows = []
    for line in lines[:LOOKED_AT]:
        try:
            cells = next(csv.reader([line], delimiter=delimiter), [])
        except csv.Error:
            continue
        if len(cells) == width or (len(cells) > width and not any(map(str.strip, cells[width:]))):
            rows.append(cells)
    return rows


def _counts(lines: Sequence[str], delimiter: str) -> list[int]:
    """How many cells the first rows have."""
    counts = []
    for line in lines[:LOOKED_AT]:
        if line.strip():
            with suppress(csv.Error):
                counts.append(len(next(csv.reader([line], delimiter=delimiter), [])))
    return counts


def _without_ends(names: Sequence[str], lines: Sequence[str], delimiter: str) -> Sequence[str]:
    """Names of columns, without empty names at the end for which no row has a cell."""
    widest = max(_counts(lines, delimiter), default=len(names))
    while len(names) > widest and not names[-1]:
        names = names[:-1]
    return names


def _expect_width(lines: Sequence[str], delimiter: str, width: int, reading: FileReading) -> int:
    """Refuse a file in which no row has as many cells as there are names, since cells would be read as other columns.

    Returns:
        How many cells most of its rows have, with those that are empty after the last name.

    Raises:
        ConfigurationError: with the likely cause.
    """
    counts = _counts(lines, delimiter)
    count = max(counts, key=counts.count, default=width)
    if len(counts) < FEW or _cells(lines, delimiter, width) or not reading.columns.checked:
        return count
    comma = " (decimal commas without quotation marks?)" if delimiter == "," and count > width else ""
    raise ConfigurationError(
        f"{reading.name}: expected {width} cells in a row, as there are names, was {count}{comma}; fix: a name for "
        "each column in the first line, or by --columns"
    )
