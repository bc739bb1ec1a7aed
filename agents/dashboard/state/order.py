"""Orders the records of a symbol by their positions in the log, since event time may go back or jump ahead."""

from msgspec import Struct

from schemas.positions import Position, along, position_of

MOST_REPEATS = 200
"""Of a symbol, looked at one after the other: more than a worker writes again after a crash. What goes on like that is
no repeat: the position that it is held against was none."""


class RecordOrder(Struct):
    """The newest record of one symbol on one topic.

    The position in ids only grows along a partition, and what a worker writes again after a crash has one that was
    there already. Ids without a position, and those of another partition, are new.

    >>> order = RecordOrder()
    >>> [order.is_new(f"ticks:0:{offset}") for offset in (7, 8, 7, 8, 9)]
    [True, True, False, False, True]
    >>> order.is_new("ticks:1:3")
    True
    """

    along: str = ""
    position: Position = ()
    repeats: int = 0

    def is_new(self, record_id: str) -> bool:
        """Whether this record comes after the newest one, which it then is."""
        line = along(record_id)
        try:
            position = position_of(record_id)
        except ValueError:
            position = ()
        if position and line == self.along and position <= self.position and self.repeats < MOST_REPEATS:
            self.repeats += 1
            return False
        self.along, self.position, self.repeats = line, position, 0
        return True
