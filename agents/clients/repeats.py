"""Repeats among records whose ids name a place in a log, told by what was seen, and not by the highest id seen.

A worker that goes on after a crash writes again, in order, what it had written since its last checkpoint. Whoever may
write to a topic can also make up an id of any height; a reader that drops whatever is not beyond the highest one would
drop everything that comes after that.
"""

from collections import deque
from collections.abc import Hashable

from schemas.positions import Position

MOST_REMEMBERED = 16_384
"""Positions that are remembered one by one, of all places together, the newest."""

MOST_DROPPED = 100_000
"""Records in a row that one place may have too far back to be remembered. More than that no worker writes again: the
position that they are held against was none."""

MOST_PLACES = 10_000
"""Places that repeats are told by; more there are only where somebody makes nodes up."""


class Repeats:
    """Tells what is new at each of several places; along one place positions only grow, except for repeats.

    A position is a repeat if it was seen, or lies before all that are remembered. One that lies far ahead of what
    comes after it hides nothing, and is forgotten like any other.

    >>> repeats = Repeats()
    >>> [repeats.is_new("outcomes", (offset,)) for offset in (7, 8, 7, 8, 9)]
    [True, True, False, False, True]
    >>> [repeats.is_new("outcomes", (offset,)) for offset in (10**17, 10, 11, 10**17, 6)]
    [True, True, True, False, False]
    """

    def __init__(self) -> None:
        self._forget()

    def is_new(self, place: Hashable, position: Position) -> bool:
        """Whether this position was not at this place before; it then was."""
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
