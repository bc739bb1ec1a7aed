"""Figures about what a worker's computations have done, as plain numbers so that counting costs almost no time.

The worker's event loop writes the figures. Another thread reads them, and may see an update half done.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence

STEP_S = (2e-5, 3e-5, 5e-5, 7.5e-5, 1e-4, 1.5e-4, 2e-4, 3e-4, 5e-4, 1e-3, 5e-3, 5e-2)
WAIT_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0)
CHECKPOINT_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class Distribution:
    """Histogram of values, with one count for each upper bound and a last count for all higher values.

    A value is counted once, at the lowest bound that is not below it.

    Attributes:
        bounds: upper bounds, ascending.
        counts: number of values at each bound, in the order of `bounds`; then the number of values
            above the highest bound.
        total: sum of all values.

    >>> seconds = Distribution((0.1, 1.0))
    >>> seconds.add(0.1); seconds.add(0.5, times=3); seconds.add(7.0)
    >>> seconds.counts, round(seconds.total, 3)
    ([1, 3, 1], 8.6)
    """

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = tuple(bounds)
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def add(self, value: float, times: int = 1) -> None:
        """Add `value` to the histogram, as often as `times` says."""
        self.counts[bisect_left(self.bounds, value)] += times
        self.total += value * times


class Counters:
    """Figures about one node (a computation over one topic) since its worker started.

    They are kept when partitions are assigned anew.

    A batch here is a run of at most 50 records of one partition, applied without a pause. Every fourth batch is timed.

    Attributes:
        applied: records of the node's topic that were applied, refused ones included, by partition.
        repeated: records that were skipped because they had been applied before, by partition.
        lost: records of the topic that were deleted before the node read them, by partition.
        sent: records handed to the Kafka producer, snapshots included, by topic.
        refused: dead letters written, by reason.
        step_s: seconds to decode and apply a record and encode its outputs. The mean of each timed batch is counted
            once for each of its records.
        wait_s: seconds from the broker's timestamp of a record until it was applied. The value of the last record of
            each timed batch is counted once for each of its records.
        checkpoint_s: seconds that a checkpoint took; checkpoints with nothing to write are left out.
        snapshot_bytes: bytes written as snapshots.
    """

    def __init__(self) -> None:
        self.applied: Counter[int] = Counter()
        self.repeated: Counter[int] = Counter()
        self.lost: Counter[int] = Counter()
        self.sent: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.step_s = Distribution(STEP_S)
        self.wait_s = Distribution(WAIT_S)
        self.checkpoint_s = Distribution(CHECKPOINT_S)
        self.snapshot_bytes = 0
