"""Input that is not a tick: it travels as the bytes it is, so that the market node can say what is wrong with it."""

from msgspec import Struct

from schemas.ticks import Directive, Quote, Trade


class RawTick(Struct, frozen=True):
    """A value for the `ticks` topic that is sent as it stands.

    Attributes:
        symbol: key of the record, as far as it is known; it decides the partition.
        value: payload.
        ts_event: its place among the other ticks, ns since the Unix epoch; None: right after the one before.
        problem: sentence on what is wrong with it.
    """

    symbol: str
    value: bytes
    ts_event: int | None = None
    problem: str = ""


Feed = Quote | Trade | Directive | RawTick
"""What a source of ticks yields."""
