"""How much goes through the topics: end offsets at successive moments, and what they say together."""

from collections import deque
from collections.abc import Mapping
from typing import NamedTuple

SPAN_S = 5.0
MINUTE_S = 60.0


class Ends(NamedTuple):
    """Ends of the topics at one moment.

    Attributes:
        at: seconds of the clock.
        records: end offset summed over partitions, by topic.
        lags: ticks that no checkpoint covers, by partition.
        committed: offset up to which checkpoints cover the ticks, by partition.
    """

    at: float
    records: Mapping[str, int]
    lags: Mapping[int, int]
    committed: Mapping[int, int]


class Rates:
    """The moments of the last minute.

    >>> rates = Rates()
    >>> for at, ticks in ((0.0, 0), (1.0, 400), (2.0, 1_000)):
    ...     rates.take(Ends(at, {"ticks": ticks, "predictions": ticks, "dead-letters": 0}, {0: 7}, {0: ticks}))
    >>> rates.per_second("ticks"), rates.lag, rates.count("ticks"), rates.checkpoint_age(5.0)
    (500.0, 7, 1000, 3.0)
    """

    def __init__(self) -> None:
        self._moments: deque[Ends] = deque()
        self._moved: dict[int, float] = {}
        """When the committed offset of each partition was seen to move."""

    @property
    def latest(self) -> Ends | None:
        """The last moment, None before the first one."""
        return self._moments[-1] if self._moments else None

    @property
    def lag(self) -> int:
        """Ticks that no checkpoint covers, over all partitions."""
        return sum(self.latest.lags.values()) if self.latest is not None else 0

    def take(self, ends: Ends) -> None:
        """Take a moment; those older than a minute go."""
        before = self.latest
        for partition, offset in ends.committed.items():
            if before is None or before.committed.get(partition) != offset:
                self._moved[partition] = ends.at
        for partition, lag in ends.lags.items():
            if lag == 0 or partition not in self._moved:
                # Nothing waits for a checkpoint: its age begins to count when something does.
                self._moved[partition] = ends.at
        self._moments.append(ends)
        while self._moments[0].at < ends.at - MINUTE_S:
            self._moments.popleft()

    def count(self, topic: str) -> int:
        """Records of a topic so far."""
        return self.latest.records.get(topic, 0) if self.latest is not None else 0

    def grown(self, topic: str, span_s: float = MINUTE_S) -> int:
        """Records that came to a topic in the last seconds."""
        before = self._before(span_s)
        return 0 if before is None else self.count(topic) - before.records.get(topic, 0)

    def per_second(self, topic: str) -> float:
        """Records a second over the last `SPAN_S`."""
        before, now = self._before(SPAN_S), self.latest
        if before is None or now is None or now.at <= before.at:
            return 0.0
        return max(0.0, self.count(topic) - before.records.get(topic, 0)) / (now.at - before.at)

    def checkpoint_age(self, now: float) -> float | None:
        """Seconds since the oldest checkpoint of a partition in which something waits for one; None: nothing waits."""
        latest = self.latest
        waiting = [now - self._moved[each] for each, lag in latest.lags.items() if lag] if latest is not None else []
        return max(waiting, default=None)

    @property
    def highest_lag(self) -> int:
        """The largest `lag` of the last minute."""
        return max((sum(each.lags.values()) for each in self._moments), default=0)

    def lag_before(self, span_s: float) -> int:
        """`lag` some seconds ago, or at the first moment since."""
        before = self._before(span_s)
        return sum(before.lags.values()) if before is not None else 0

    def _before(self, span_s: float) -> Ends | None:
        latest = self.latest
        if latest is None:
            return None
        found = next(each for each in self._moments if each.at >= latest.at - span_s)
        if found is latest and len(self._moments) > 1:
            return self._moments[-2]  # a broker that answers late is asked less often than the span is long
        return found
