"""Recognises records that a worker wrote again after a crash, by the log position in their ids.

Event times would not do, since they may go back or jump ahead.
"""

from msgspec import Struct

from schemas.positions import Position, along, position_of

MOST_REPEATS = 200
"""Most records in a row that are taken for repeats; a worker writes fewer records again after a crash. A longer row
shows that the position compared with was wrong."""


class RecordOrder(Struct):
    """Log position of the newest record of one symbol on one topic, by which repeated records are recognised.

    The position is part of a record's id and only grows along a partition. A record at or before the
    position stored here is a repeat. After 200 repeats in a row the stored position is taken to be
    wrong, and the next record counts as new.

    Attributes:
        along: topic and partition in the id of the newest record; positions are only compared if these are
            the same.
        position: offset and indices in the id of the newest record; empty before the first record, or
            if the id has none.
        repeats: number of repeats seen since the newest record.

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
        """Remember a record's position if it is new, and return whether it is.

        An id without a position, or with another topic or partition than `along`, counts as new.
        """
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
