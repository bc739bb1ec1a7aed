"""Recognises repeated records by remembering which positions were seen, instead of only the highest one.

A record's id contains its position: the offset of the input that the record was computed from. A worker
that resumes after a crash writes again, in order, the records that came after its last stored state. To
drop these repeats, it would be enough to remember the highest position and drop every record that is
not above it. But anybody who may write to a topic can invent a record with a huge position, and every
later record would then be dropped.
"""

from collections import deque
from collections.abc import Hashable

from schemas.positions import Position

MOST_REMEMBERED = 16_384
"""Newest positions that are remembered one by one, of all places together."""

MOST_DROPPED = 100_000
"""Records in a row whose position may be too old to be remembered; no worker repeats more, so after that many the
remembered positions count as invented."""

MOST_PLACES = 10_000
"""Most places that are tracked; there are more only where node names are invented."""


class Repeats:
    """Tells new records from repeats, separately for each sequence of records.

    A record's id contains a position: the offset of the input that the record was computed from. In a sequence, for
    example the outcomes of one partition, positions only grow, except for repeats. A position is a repeat if it was
    seen before, or if it is lower than all positions that are remembered. An invented position may be far too high;
    lower positions that follow it still count as new.

    >>> repeats = Repeats()
    >>> [repeats.is_new(place="outcomes", position=(offset,)) for offset in (7, 8, 7, 8, 9)]
    [True, True, False, False, True]
    >>> [repeats.is_new(place="outcomes", position=(offset,)) for offset in (10**17, 10, 11, 10**17, 6)]
    [True, True, True, False, False]
    """

    def __init__(self) -> None:
        self._forget()

    def is_new(self, place: Hashable, position: Position) -> bool:
        """Return whether this position was not seen before, and remember it.

        Args:
            place: the sequence that the record belongs to, for example its partition and the node that wrote it.
            position: numbers in the record's id, which grow along the sequence.
        """
        seen = place, position
        if seen in self._seen:
            return False
        floor = self._floors.get(place)
        if floor is None:
            if len(self._floors) >= MOST_PLACES:
                self._forget()
            self._floors[place] = position
        elif position <= floor:
            dropped = self._dropped.get(place, 0) + 1
            if dropped <= MOST_DROPPED:
                self._dropped[place] = dropped
                return False
            self._floors[place] = position
        self._dropped.pop(place, None)
        self._newest[place] = position
        self._seen.add(seen)
        self._remembered.append(seen)
        if len(self._remembered) > MOST_REMEMBERED:
            self._forget_oldest()
        return True

    def _forget_oldest(self) -> None:
        place, position = oldest = self._remembered.popleft()
        self._seen.discard(oldest)
        # One that lies beyond what came after it was made up, and says nothing about what lies before it.
        if self._floors[place] < position <= self._newest[place]:
            self._floors[place] = position

    def _forget(self) -> None:
        self._seen: set[tuple[Hashable, Position]] = set()
        self._remembered: deque[tuple[Hashable, Position]] = deque()
        self._floors: dict[Hashable, Position] = {}
        """Of each place: this and what lies before it counts as seen."""
        self._newest: dict[Hashable, Position] = {}
        self._dropped: dict[Hashable, int] = {}
