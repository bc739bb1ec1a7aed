"""The kinds of items that a source of ticks yields: quotes, trades, directives, and input that could not be read.

Input that could not be read is kept as bytes. It is sent on, so that the market node refuses it with a dead letter.
"""

from msgspec import Struct

from schemas.codec import encode
from schemas.ticks import Directive, Quote, Trade


class RawTick(Struct, frozen=True):
    """A value that is not a valid tick; it is sent to the topic `ticks` unchanged, so that it ends as a dead letter.

    Attributes:
        symbol: key of the record, which determines its partition; empty if the symbol is not known.
        value: bytes of the record.
        ts_event: event time by which the value is sorted among ticks, ns since 1970, UTC; None puts it right after the
            item before it.
        problem: a sentence on what is wrong with the value; empty if nothing is known.
    """

    symbol: str
    value: bytes
    ts_event: int | None = None
    problem: str = ""


Feed = Quote | Trade | Directive | RawTick
"""What a source of ticks yields."""


def payload(item: Feed) -> bytes:
    """Bytes of a tick, directive or unreadable input, as they are published to the topic `ticks`.

    >>> payload(RawTick("X", b"no tick"))
    b'no tick'
    """
    return item.value if isinstance(item, RawTick) else encode(item)
