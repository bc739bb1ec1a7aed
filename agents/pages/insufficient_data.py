"""A state in its own right: there is not enough data yet for what a panel shows."""

from msgspec import Struct


class NotEnough(Struct, frozen=True):
    """The reason why a panel shows nothing yet.

    Attributes:
        have, need: how many there are, and how many it takes.
        of: what is counted.

    >>> print(NotEnough(180, 400, "effective outcomes"))
    Not enough data yet: 180 of 400 effective outcomes.
    """

    have: int
    need: int
    of: str

    def __str__(self) -> str:
        return f"Not enough data yet: {self.have:,} of {self.need:,} {self.of}."
