"""Matches settings for columns with the keys of the objects in a JSON file, and checks the size of a tick's numbers."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from schemas.ticks import Directive, Quote, Trade
from streams.engine.feed import Feed
from streams.sources.cells import MOST_BITS, shown
from streams.sources.columns import Columns
from streams.sources.formats.recognition import WITHOUT
from streams.sources.paths import at_path


def present(columns: Columns, names: Sequence[str]) -> Columns:
    """A copy of the settings, without the columns of optional fields that no object of a JSON file has.

    Optional fields are sizes, side, sequence number and symbol.

    Args:
        columns: settings for reading the file.
        names: keys, and paths to nested keys, that the objects have.
    """
    absent = [field for field in WITHOUT if field in columns.names and columns.names[field] not in (*names, "-")]
    kept = {field: name for field, name in columns.names.items() if field not in absent}
    if columns.bars and columns.names.get("size") not in (*names, "-"):
        kept["size"] = "-"
    return replace(columns, names=kept)


def chosen(named: Mapping[str, str | tuple[str, ...]], columns: Columns, rows: Sequence[Any]) -> Columns:
    """A copy of the settings in which one name is chosen for each field that has several names in the format.

    The chosen name is the first under which any of the objects has a value, or the first in the list if
    none has.

    Args:
        named: for each field, its name, or its possible names, in the file format.
        columns: settings for reading the file.
        rows: first objects of the file.
    """
    several = {field: choices for field, choices in named.items() if isinstance(choices, tuple)}
    there = {
        field: next((each for each in choices if any(at_path(row, each) is not None for row in rows)), choices[0])
        for field, choices in several.items()
        if columns.names.get(field) in choices
    }
    return replace(columns, names=columns.names | there) if there else columns


def bounded(tick: Quote | Trade | Directive) -> Feed:
    """The same tick, after a check that its time and its sequence number fit signed 64-bit numbers.

    Raises:
        ValueError: the time or the sequence number does not fit.
    """
    if tick.ts_event.bit_length() > MOST_BITS:
        raise ValueError(f"expected a time from 1677 to 2262, was {shown(tick.ts_event)}")
    if not isinstance(tick, Directive) and tick.seq is not None and tick.seq.bit_length() > MOST_BITS:
        raise ValueError(f"expected a 64-bit sequence number, was {shown(tick.seq)}")
    return tick
