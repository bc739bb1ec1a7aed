"""Detects that the page's follower of the topics stands still, by what it fetches."""

from collections.abc import Mapping
from typing import NamedTuple

STILL_S = 10.0
"""After so long without a turn of the follower, or before records that it does not fetch, it stands still."""

BEGIN_ANEW_S = 30.0
"""After so long it is begun anew, with other consumers."""

Place = tuple[str, int]
"""Topic, partition."""


class PartitionSeen(NamedTuple):
    """The follower's progress in one partition.

    Attributes:
        position: offset of what is fetched next.
        since_s: since when it is there while records wait, seconds of wall time; None: nothing waits.
    """

    position: int
    since_s: float | None


class Following:
    """Turns of the follower, and how far it has got in what there is.

    A follower stands still in two ways: its loop does not turn any more, or it turns and fetches nothing of what lies
    there. A broker that does not answer is neither: nobody knows what lies there then, and the link says so.

    >>> following = Following()
    >>> following.turned(100.0)
    >>> following.measured({("ticks", 0): 7}, {("ticks", 0): 9}, 100.0)
    >>> following.turned(111.0)
    >>> following.measured({("ticks", 0): 7}, {("ticks", 0): 12}, 111.0)
    >>> following.problem(111.0)
    'ticks 0 has records that were not fetched for 11 s'
    >>> following.problem(130.0)
    'it has not turned for 19 s'
    """

    def __init__(self) -> None:
        self._turned_s: float | None = None
        self._seen: dict[Place, PartitionSeen] = {}

    def turned(self, now: float) -> None:
        """The follower took what was fetched, if only nothing, and goes on."""
        self._turned_s = now

    def measured(self, positions: Mapping[Place, int], ends: Mapping[Place, int], now: float) -> None:
        """Take where it is, and where what it may read ends, as of one moment."""
        before, self._seen = self._seen, {}
        for place, position in positions.items():
            waits = position < ends.get(place, 0)
            was = before.get(place)
            goes_on = was is not None and was.position == position and was.since_s is not None
            since = was.since_s if was is not None and goes_on else now
            self._seen[place] = PartitionSeen(position, since if waits else None)

    def anew(self, now: float) -> None:
        """Forget all progress, since a new session begins."""
        self._turned_s, self._seen = now, {}

    def still_s(self, now: float) -> tuple[float, str]:
        """For how long it has stood still, and in what; 0 before it has begun."""
        if self._turned_s is None:
            return 0.0, ""
        silent = max(0.0, now - self._turned_s)
        waiting = [(now - seen.since_s, place) for place, seen in self._seen.items() if seen.since_s is not None]
        longest, (topic, partition) = max(waiting, default=(0.0, ("", 0)))
        if silent >= longest or silent > STILL_S:
            return silent, f"it has not turned for {silent:.0f} s"
        return longest, f"{topic} {partition} has records that were not fetched for {longest:.0f} s"

    def problem(self, now: float) -> str:
        """How the follower stands still, for people; empty while it follows."""
        seconds, words = self.still_s(now)
        return words if seconds > STILL_S else ""
