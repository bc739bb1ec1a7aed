"""Reads ticks from tables in memory: a pandas DataFrame, a NumPy array with named fields, or a mapping of arrays."""

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd
from msgspec.structs import replace
from numpy.typing import NDArray

from schemas.ticks import Quote, Trade
from streams.engine.feed import Feed
from streams.sources.book_rows import BookRows, Build, flattened
from streams.sources.carried_forward import CarriedForwardRows
from streams.sources.cells import LONGEST_CELL, short, shown
from streams.sources.columns import Columns
from streams.sources.formats.recognition import FIRST, of_table
from streams.sources.plausible import expect_plausible
from streams.sources.proposal import laid_out
from streams.sources.reading import LOOKED_AT, NO_TICK, FileReading
from streams.sources.sampled import OneMarket

Frame = pd.DataFrame | NDArray[Any] | Mapping[str, Any]

BLOCK_ROWS = 4096
PLAIN = Columns()


def frame_ticks(frame: Frame, columns: Columns = PLAIN) -> Iterator[Feed]:
    """Yield the ticks of a table in memory, in the order of its rows; a row that cannot be read becomes a `RawTick`.

    A `RawTick` holds the row as JSON and what is wrong with the row.

    Args:
        frame: the table, with columns as a file would have them. Times are numbers in the unit that `columns` gives, or
            dates. Dates that name no zone are in the zone that `columns` gives, or UTC. A missing cell is NaN, NaT or
            None.
        columns: settings for reading the table. A known file format is recognised by the names of the columns.

    Raises:
        ConfigurationError: a column that ticks need is missing, or times are not between 1990 and 2100 in the given
            unit.

    >>> frame = pd.DataFrame({"ts_event": [1_723_161_255_088_169_167], "bid": [1.5], "ask": [2.0]})
    >>> next(frame_ticks(frame, Columns(symbol="X"))).ask
    2.0
    """
    table = frame if isinstance(frame, pd.DataFrame) else pd.DataFrame(frame)
    header = [str(name) for name in table.columns]
    found = of_table("frame", columns, header, table.head(FIRST).to_numpy(object).tolist())
    columns = found.columns
    dates = columns.names.get("ts_event", "ts_event")
    if dates in table and table[dates].dtype.kind == "M":
        if columns.zone not in ("", "UTC") and getattr(table[dates].dtype, "tz", None) is None:
            table = table.assign(**{dates: table[dates].astype(str).where(table[dates].notna(), None)})
        else:
            instants = pd.to_datetime(table[dates], utc=True).dt.as_unit("ns")
            table = table.assign(**{dates: instants.astype("int64")})
            columns = replace(columns, time_unit="ns")
    sample = table.head(LOOKED_AT).to_numpy(object).tolist()
    layout = laid_out(header, columns, "", sample)
    constants = layout.constants
    form = found.format.book if found.format is not None and layout.of_book else None
    texts = {layout.place[field] for field in ("kind", "symbol", "side") if field in layout.place}
    if "ts_event" in layout.place and table.iloc[:, layout.place["ts_event"]].dtype == object:
        texts.add(layout.place["ts_event"])
    texts |= {layout.others[name] for name in layout.others if form is not None and name in form.words}
    reading = FileReading("frame", columns, strict=False)
    build: Build | None = None
    for start in range(0, len(table), BLOCK_ROWS):
        part = table.iloc[start : start + BLOCK_ROWS]
        cells = [_cells(part.iloc[:, at], at in texts) for at in range(layout.width)]
        rows = list(zip(*cells, strict=True))
        if build is None:
            layout.settle(rows[:LOOKED_AT], "frame")
            OneMarket(header, layout, "frame").begin(rows[:LOOKED_AT])
            build = layout.builder() if form is None else BookRows(form, layout, "frame")
            if found.format is not None and found.format.carried:
                build = CarriedForwardRows(found.format.carried, layout)
        ticks: list[Any] = []
        for row, values in enumerate(rows, start):
            if layout.where and not layout.is_wanted(values):
                continue
            try:
                ticks.append(build((*values, *constants)))
            except NO_TICK as problem:
                ticks.append(reading.raw_cells(row, problem, layout, values))
        ticks = flattened(ticks) if isinstance(build, BookRows | CarriedForwardRows) else ticks
        if start == 0 and columns.checked:
            expect_plausible("frame", [tick for tick in ticks if isinstance(tick, Quote | Trade)])
        yield from ticks
    if isinstance(build, BookRows):
        yield from build.rest()


def _cells(column: "pd.Series[Any]", text: bool) -> list[Any]:
    """Cells as Python values; a missing cell is the empty string, which no number equals."""
    values: list[Any] = column.tolist()
    missing = column.isna().to_numpy()
    if missing.any():
        values = ["" if gone else value for gone, value in zip(missing, values, strict=True)]
    if text:
        return [
            value if type(value) is str and value.isascii() and len(value) <= LONGEST_CELL else _text(value)
            for value in values
        ]
    return values if column.dtype.kind in "iufM" else [_plain(value) for value in values]


def _text(value: Any) -> str:
    """A cell as text that can be sent."""
    text = shown(value) if isinstance(value, int) and not isinstance(value, bool) else short(str(value))
    return str(text).encode(errors="replace").decode()


def _plain(value: Any) -> Any:
    """A cell of a column of objects as a type that is cheap to convert."""
    return value if isinstance(value, float) else _text(value)
