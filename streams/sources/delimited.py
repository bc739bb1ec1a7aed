"""Ticks of CSV: comma, semicolon, tab or bar, told by the header line."""

import csv
from collections.abc import Iterable, Iterator, Sequence

from schemas.codec import encode
from schemas.errors import ConfigurationError
from streams.sources.cells import LONGEST_CELL, short, shown
from streams.sources.columns import Layout
from streams.sources.lines import LONGEST_LINE, CutLine
from streams.sources.raw import Feed
from streams.sources.reading import NO_TICK, Reading

DELIMITERS = ",;\t|"

LONGEST_REST = 4_096
"""Characters that are sent on of a line that cannot be taken apart."""


def csv_ticks(blocks: Iterable[bytes], reading: Reading) -> Iterator[list[Feed]]:
    """Ticks of blocks of whole lines, of which the first is the header.

    Raises:
        ConfigurationError: the header has not what ticks need.
        Refused: a row makes no tick, with `strict`.
    """
    layout: Layout | None = None
    for block in blocks:
        ticks: list[Feed] = []
        if type(block) is CutLine:
            if layout is None:
                raise ConfigurationError(f"{reading.name}: expected a header line, was {shown(bytes(block))}")
            reading.row += 1
            wrong = f"expected a line of at most {LONGEST_LINE} bytes"
            yield [reading.raw(reading.row, wrong, _line(block.decode("utf-8", "replace")))]
            continue
        # A cell with a byte that is no UTF-8 is for the market node to refuse, not for this place to stop at.
        text = block.decode("utf-8", "replace").replace("\r\n", "\n")
        lines = text.split("\n")
        if layout is None:
            header = lines.pop(0)
            delimiter = max(DELIMITERS, key=header.count)
            layout = Layout(_names(header, delimiter, reading.name), reading.columns, reading.name)
            build, width, constants = layout.builder(), layout.width, list(layout.constants)
            reading.row += 1
        row = reading.row
        careful = '"' in text or max(map(len, lines), default=0) > LONGEST_CELL
        for line in lines:
            row += 1
            odd = careful and ('"' in line or len(line) > LONGEST_CELL)
            try:
                cells = next(csv.reader([line], delimiter=delimiter), []) if odd else line.split(delimiter)
            except csv.Error as problem:
                ticks.append(reading.raw(row, problem, _line(line)))
                continue
            if len(cells) == width:
                cells = [*map(short, cells), *constants] if odd else cells + constants
                try:
                    ticks.append(build(cells))
                except NO_TICK as problem:
                    ticks.append(reading.raw_cells(row, problem, layout, cells))
            elif line.strip():
                wrong = f"expected {width} cells, was {len(cells)}"
                ticks.append(reading.raw(row, wrong, _line(line), layout.fixed.get("symbol", "")))
        reading.row = row
        yield ticks


def _line(line: str) -> bytes:
    return encode({"line": line[:LONGEST_REST]})


def _names(header: str, delimiter: str, name: str) -> Sequence[str]:
    """Names of the columns; a line is always one row, so a stray quotation mark cannot swallow the rows behind it."""
    try:
        return [each.strip() for each in next(csv.reader([header], delimiter=delimiter), [])]
    except csv.Error as error:
        raise ConfigurationError(f"{name}: expected a header line, was {shown(header)} ({error})") from None
