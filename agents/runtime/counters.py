"""What a node has done since its worker started: plain numbers that cost a turn of records next to nothing.

They are written by the worker's loop and read by another thread, which may see one turn half added.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence

STEP_S = (2e-5, 3e-5, 5e-5, 7.5e-5, 1e-4, 1.5e-4, 2e-4, 3e-4, 5e-4, 1e-3, 5e-3, 5e-2)
WAIT_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0)
CHECKPOINT_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class Distribution:
    """How many values lay at or below each bound, and their sum.

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
        """Count a value."""
        self.counts[bisect_left(self.bounds, value)] += times
        self.total += value * times


class Counters:
    """Counts of one node of one worker; they outlive assignments.

    Attributes:
        applied: records of the source that took effect or were refused, by partition.
        repeated: records that were passed over because they had been applied before, by partition.
        lost: offsets of the source that were deleted before they were read, by partition.
        sent: records handed to the producer, by topic on the broker; snapshots among them.
        refused: dead letters, by reason.
        step_s: decode, step and encode of a record, seconds: the mean of a turn, once for each of its records; of every
            fourth turn.
        wait_s: from the broker's time of a record until it is applied, seconds: that of the last record of such a turn.
        checkpoint_s: how long checkpoints that had something to write took, seconds.
        snapshot_bytes: written as snapshots.
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
