"""A note in place of a chart or a figure: there is not enough data for it yet."""

from msgspec import Struct


class NotEnough(Struct, frozen=True):
    """Says why a chart cannot be drawn yet. As text it is a sentence for people.

    Attributes:
        have: number of items that there are.
        need: number of items that the chart takes.
        of: what the items are, in the plural.

    >>> print(NotEnough(have=180, need=400, of="effective outcomes"))
    Not enough data yet: 180 of 400 effective outcomes.
    """

    have: int
    need: int
    of: str

    def __str__(self) -> str:
        return f"Not enough data yet: {self.have:,} of {self.need:,} {self.of}."
