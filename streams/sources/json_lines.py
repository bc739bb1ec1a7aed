"""Ticks of JSON lines: one object a line, the records of the topic `ticks` or anything with the same fields."""

from collections.abc import Iterable, Iterator
from typing import Any

from schemas.codec import decoder, encode
from schemas.errors import Refused
from schemas.ticks import Directive, Quote, Tick, Trade
from streams.sources.cells import END_OF_INTEGERS, shown
from streams.sources.columns import event_time, kind_of
from streams.sources.lines import LONGEST_LINE, CutLine
from streams.sources.raw import Feed
from streams.sources.reading import Reading

LOWEST, HIGHEST = -END_OF_INTEGERS, END_OF_INTEGERS - 1

_decode_tick = decoder(Tick)
_decode_object = decoder(dict[str, Any])


def json_ticks(blocks: Iterable[bytes], reading: Reading) -> Iterator[list[Feed]]:
    """Ticks of blocks of whole lines.

    Raises:
        Refused: a row makes no tick, with `strict`.
    """
    for block in blocks:
        row = reading.row
        ticks: list[Feed]
        if type(block) is CutLine:
            ticks = [reading.raw(row := row + 1, f"expected a line of at most {LONGEST_LINE} bytes", block)]
        else:
            ticks = []
            for line in block.split(b"\n"):
                row += 1
                if line and not line.isspace():
                    ticks.append(_tick(row, line, reading))
        reading.row = row
        yield ticks


def _tick(row: int, line: bytes, reading: Reading) -> Feed:
    value, fields = line, dict[str, Any]()
    try:
        if not reading.plain:
            columns = reading.columns
            found = _decode_object(line)
            names = {column: field for field, column in columns.names.items()}
            fields = {names.get(name, name): cell for name, cell in found.items()} | columns.constants()
            if "kind" not in fields and (kind := kind_of(fields)):
                fields["kind"] = kind
            value = encode(fields)
            fields["ts_event"] = event_time(fields.get("ts_event"), columns.time_unit)
            value = encode(fields)
        tick: Quote | Trade | Directive = _decode_tick(value)
        if not LOWEST <= tick.ts_event <= HIGHEST:
            raise ValueError(f"expected a time from 1677 to 2262, was {shown(tick.ts_event)}")
        if not isinstance(tick, Directive) and tick.seq is not None and not LOWEST <= tick.seq <= HIGHEST:
            raise ValueError(f"expected a 64-bit sequence number, was {shown(tick.seq)}")
    except (Refused, ValueError) as problem:  # msgspec's errors are ValueErrors
        return reading.raw(row, problem, value, fields.get("symbol", ""), fields.get("ts_event"))
    return tick
