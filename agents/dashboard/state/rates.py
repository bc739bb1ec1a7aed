"""Rates, lag and age of checkpoints, from the end offsets and committed offsets of the last minute."""

from collections import deque
from collections.abc import Mapping
from typing import NamedTuple

SPAN_S = 5.0
MINUTE_S = 60.0


class Ends(NamedTuple):
    """End offsets of the topics and progress of the workers' checkpoints, at one moment.

    Attributes:
        at: the moment, wall clock in seconds.
        records: end offsets summed over partitions, by topic.
        lags: number of ticks that no checkpoint covers yet, by partition.
        committed: offset up to which checkpoints cover the ticks, by partition.
    """

    at: float
    records: Mapping[str, int]
    lags: Mapping[int, int]
    committed: Mapping[int, int]


class Rates:
    """Rates, lag and age of checkpoints, from offsets measured over the last minute.

    In the example, 1,000 ticks were written in two seconds. The committed offset last moved at 2 s, so
    at 5 s the checkpoint is 3 s old.

    >>> rates = Rates()
    >>> for at, ticks in ((0.0, 0), (1.0, 400), (2.0, 1_000)):
    ...     rates.take(Ends(at, records={"ticks": ticks}, lags={0: 7}, committed={0: ticks}))
    >>> rates.per_second("ticks"), rates.lag, rates.count("ticks"), rates.checkpoint_age(now=5.0)
    (500.0, 7, 1000, 3.0)
    """

    def __init__(self) -> None:
        self._moments: deque[Ends] = deque()
        self._moved: dict[int, float] = {}
        """By partition: when its committed offset was last seen to have changed, or when nothing waited."""

    @property
    def latest(self) -> Ends | None:
        """The offsets that the last call of `take` added; None before the first call."""
        return self._moments[-1] if self._moments else None

    @property
    def lag(self) -> int:
        """Number of ticks that no checkpoint covers yet, over all partitions; 0 before the first call of `take`."""
        return sum(self.latest.lags.values()) if self.latest is not None else 0

    def take(self, ends: Ends) -> None:
        """Add the offsets measured at one moment, and drop those measured more than a minute earlier."""
        before = self.latest
        for partition, offset in ends.committed.items():
            if before is None or before.committed.get(partition) != offset:
                self._moved[partition] = ends.at
        for partition, lag in ends.lags.items():
            if lag == 0 or partition not in self._moved:
                # No tick waits for a checkpoint: the checkpoint's age counts from when one does.
                self._moved[partition] = ends.at
        self._moments.append(ends)
        while self._moments[0].at < ends.at - MINUTE_S:
            self._moments.popleft()

    def count(self, topic: str) -> int:
        """Number of records ever written to a topic: the sum of the end offsets of its partitions."""
        return self.latest.records.get(topic, 0) if self.latest is not None else 0

    def grown(self, topic: str, span_s: float = MINUTE_S) -> int:
        """Number of records written to a topic in the last `span_s` seconds; `span_s` is at most 60."""
        before = self._before(span_s)
        return 0 if before is None else self.count(topic) - before.records.get(topic, 0)

    def per_second(self, topic: str) -> float:
        """Records written to a topic in one second, as the mean over the last 5 seconds; 0 if too little is known."""
        before, now = self._before(SPAN_S), self.latest
        if before is None or now is None or now.at <= before.at:
            return 0.0
        return max(0.0, self.count(topic) - before.records.get(topic, 0)) / (now.at - before.at)

    def checkpoint_age(self, now: float) -> float | None:
        """Seconds since the last checkpoint of the partition that has waited longest for one.

        Only partitions in which ticks wait for a checkpoint are considered; None if there is no such
        partition. The age counts from the later of the last checkpoint and the moment at which ticks
        began to wait.

        Args:
            now: wall clock, in seconds like `Ends.at`.
        """
        latest = self.latest
        waiting = [now - self._moved[each] for each, lag in latest.lags.items() if lag] if latest is not None else []
        return max(waiting, default=None)

    @property
    def highest_lag(self) -> int:
        """Largest number of ticks without a checkpoint in all partitions together, at any moment of the last
        minute.
        """
        return max((sum(each.lags.values()) for each in self._moments), default=0)

    def lag_before(self, span_s: float) -> int:
        """Number of ticks that no checkpoint covered `span_s` seconds ago, over all partitions.

        If nothing was measured at that time, the first later measurement counts; 0 before the first
        call of `take`.
        """
        before = self._before(span_s)
        return sum(before.lags.values()) if before is not None else 0

    def _before(self, span_s: float) -> Ends | None:
        latest = self.latest
        if latest is None:
            return None
        found = next(each for each in self._moments if each.at >= latest.at - span_s)
        if found is latest and len(self._moments) > 1:
            return self._moments[-2]  # a slow broker may have answered only once within the span
        return found
