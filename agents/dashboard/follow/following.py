"""Detects when the consumer that reads the topics for the page is stuck."""

from collections.abc import Mapping
from typing import NamedTuple

STILL_S = 10.0
"""Longest time without a round of the loop, or without fetching records that wait, seconds; beyond it there is a
problem."""

BEGIN_ANEW_S = 30.0
"""After this time without progress the consumers are replaced by new ones, seconds."""

Place = tuple[str, int]
"""Topic and partition."""


class PartitionSeen(NamedTuple):
    """Progress of the page's consumer in one partition.

    Attributes:
        position: offset of the next record to be fetched.
        since_s: wall time in seconds at which records began to wait at this position; None if none wait.
    """

    position: int
    since_s: float | None


class Following:
    """Tells whether the consumer that reads the topics for the page makes progress.

    It is stuck if its loop has not completed a round (`turned`) for 10 seconds, or if it has not
    fetched records that have waited for 10 seconds. A broker that does not answer is reported
    elsewhere. Times are wall time in seconds.

    In the example, records of partition 0 wait from 100 s on, because the position stays at 7. The last
    round is at 111 s, so at 130 s the loop itself has stood still for 19 s.

    >>> following = Following()
    >>> following.turned(now=100.0)
    >>> following.measured(positions={("ticks", 0): 7}, ends={("ticks", 0): 9}, now=100.0)
    >>> following.turned(now=111.0)
    >>> following.measured(positions={("ticks", 0): 7}, ends={("ticks", 0): 12}, now=111.0)
    >>> following.problem(now=111.0)
    'ticks 0 has records that were not fetched for 11 s'
    >>> following.problem(now=130.0)
    'it has not turned for 19 s'
    """

    def __init__(self) -> None:
        self._turned_s: float | None = None
        self._seen: dict[Place, PartitionSeen] = {}

    def turned(self, now: float) -> None:
        """Record that the loop of the page's consumer has completed a round at `now`, even if it fetched nothing."""
        self._turned_s = now

    def measured(self, positions: Mapping[Place, int], ends: Mapping[Place, int], now: float) -> None:
        """Take the position of the page's consumer in each partition, and the end of each partition, as of `now`.

        Args:
            positions: offset of the next record to fetch, by topic and partition.
            ends: offset behind the last readable record, by topic and partition; a missing partition counts as 0.
            now: wall clock, seconds.
        """
        before, self._seen = self._seen, {}
        for place, position in positions.items():
            waits = position < ends.get(place, 0)
            was = before.get(place)
            goes_on = was is not None and was.position == position and was.since_s is not None
            since = was.since_s if was is not None and goes_on else now
            self._seen[place] = PartitionSeen(position, since if waits else None)

    def anew(self, now: float) -> None:
        """Forget all progress of the page's consumer, because it begins a new session with the broker at `now`."""
        self._turned_s, self._seen = now, {}

    def still_s(self, now: float) -> tuple[float, str]:
        """Seconds for which the page's consumer has made no progress, and a sentence on what has stopped.

        The result is (0, "") before the consumer's first round. A few seconds are no fault.
        """
        if self._turned_s is None:
            return 0.0, ""
        silent = max(0.0, now - self._turned_s)
        waiting = [(now - seen.since_s, place) for place, seen in self._seen.items() if seen.since_s is not None]
        longest, (topic, partition) = max(waiting, default=(0.0, ("", 0)))
        if silent >= longest or silent > STILL_S:
            return silent, f"it has not turned for {silent:.0f} s"
        return longest, f"{topic} {partition} has records that were not fetched for {longest:.0f} s"

    def problem(self, now: float) -> str:
        """Sentence on how the page's consumer is stuck; empty if it has made progress within the last 10 seconds."""
        seconds, words = self.still_s(now)
        return words if seconds > STILL_S else ""
