"""Which fields the objects of a JSON file have, and the bounds of their numbers."""

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
    """The same columns, without optional ones that no object has."""
    absent = [field for field in WITHOUT if field in columns.names and columns.names[field] not in (*names, "-")]
    kept = {field: name for field, name in columns.names.items() if field not in absent}
    if columns.bars and columns.names.get("size") not in (*names, "-"):
        kept["size"] = "-"
    return replace(columns, names=kept)


def chosen(named: Mapping[str, str | tuple[str, ...]], columns: Columns, rows: Sequence[Any]) -> Columns:
    """The same columns; where a format lists several names for a field, the one that the objects use."""
    several = {field: choices for field, choices in named.items() if isinstance(choices, tuple)}
    there = {
        field: next((each for each in choices if any(at_path(row, each) is not None for row in rows)), choices[0])
        for field, choices in several.items()
        if columns.names.get(field) in choices
    }
    return replace(columns, names=columns.names | there) if there else columns


def bounded(tick: Quote | Trade | Directive) -> Feed:
    """The same tick, once its time and sequence number are known to fit 64 bits.

    Raises:
        ValueError: one of them does not.
    """
    if tick.ts_event.bit_length() > MOST_BITS:
        raise ValueError(f"expected a time from 1677 to 2262, was {shown(tick.ts_event)}")
    if not isinstance(tick, Directive) and tick.seq is not None and tick.seq.bit_length() > MOST_BITS:
        raise ValueError(f"expected a 64-bit sequence number, was {shown(tick.seq)}")
    return tick
