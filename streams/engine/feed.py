"""Items of a feed: ticks, directives, and input that could not be read, kept as bytes for the market node to refuse."""

from msgspec import Struct

from schemas.codec import encode
from schemas.ticks import Directive, Quote, Trade


class RawTick(Struct, frozen=True):
    """A value for the topic `ticks` that is sent unchanged, as it is not a valid tick.

    Attributes:
        symbol: key of the record as far as it is known; it determines the partition.
        value: payload.
        ts_event: event time for sorting, ns since 1970, UTC; None: right after the item before it.
        problem: sentence on what is wrong with it.
    """

    symbol: str
    value: bytes
    ts_event: int | None = None
    problem: str = ""


Feed = Quote | Trade | Directive | RawTick
"""What a source of ticks yields."""


def payload(item: Feed) -> bytes:
    """Value of an item of a feed as it lies on the topic `ticks`.

    >>> payload(RawTick("X", b"no tick"))
    b'no tick'
    """
    return item.value if isinstance(item, RawTick) else encode(item)
