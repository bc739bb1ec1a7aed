"""CUSUM: cumulative sums of block means, which detect that a version has become worse than usual."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, sqrt
from typing import Final

LIMIT: Final = 4.0
"""Standard deviations to which a block is clipped, so that one block alone raises no alarm."""

MOST: Final = 2.0
"""Multiple of its limit to which a sum is capped, so that an alarm ends soon after a recovery."""

HALF: Final = 0.5
"""Fraction of the limit to which sums are reset when an alarm is reported."""

OVERSHOOT: Final = 1.166
"""Siegmund's correction of the limit for sums that grow in steps."""


@dataclass
class CusumState:
    """Sums of one statistic.

    Attributes:
        blocks: number of blocks taken.
        mean, variance: usual mean and variance of a block.
        sums: one for each allowance, standard deviations.
        since: event time of the first block of each sum, ns; 0 where the sum is 0.
        counts: blocks in each sum.
        over: blocks in a row with a sum above its limit.
    """

    blocks: int
    mean: float
    variance: float
    sums: list[float]
    since: list[int]
    counts: list[int]
    over: int = 0


def limit(allowance: float, run: float) -> float:
    """Limit at which a one-sided sum of standard normal numbers gives a false alarm every `run` numbers on average.

    >>> round(limit(0.5, 930.0), 1)  # exactly: 5
    5.0

    References:
        Page (1954), Continuous inspection schemes, for the sums.
        Siegmund (1985), Sequential Analysis, equation 2.56, for the mean run length.
    """
    low, high = 0.0, 1_000.0
    for _ in range(80):
        middle = 0.5 * (low + high)
        reach = 2.0 * allowance * (middle + OVERSHOOT)
        length = (exp(reach) - 1.0 - reach) / (2.0 * allowance * allowance) if reach < 700.0 else run
        low, high = (middle, high) if length < run else (low, middle)
    return 0.5 * (low + high)


class Cusum:
    """Advances a `CusumState`.

    A block enters in standard deviations above the usual mean (or above `centre`, if that is given), less an allowance
    for each sum: small ones find small lasting changes, large ones large changes soon. Mean and deviation are estimated
    from the blocks before it. To keep the average run length in spite of their errors, one standard error of the mean
    is subtracted from each block, and the deviation is taken one standard error larger.

    Args:
        allowances: of the sums, standard deviations.
        run: average run length, blocks between two false alarms.
        warmup: blocks before the first that enters a sum.
        memory: blocks over which mean and deviation decay.
        centre: fixed value that blocks are compared with; None: the usual mean.

    >>> cusum = Cusum((0.5,), run=10_000.0, warmup=10, memory=200)
    >>> state = cusum.start()
    >>> for block in range(40):
    ...     _ = cusum.update(state, 0.1 if block % 2 else -0.1, ts=block)
    >>> round(cusum.level(state), 2)
    0.04
    >>> for block in range(40, 50):
    ...     _ = cusum.update(state, 0.2, ts=block)
    >>> round(cusum.level(state), 2), cusum.since(state)
    (1.16, (39, 11))
    """

    def __init__(
        self, allowances: Sequence[float], run: float, warmup: int, memory: int, centre: float | None = None
    ) -> None:
        self._allowances = tuple(allowances)
        self._limits = tuple(limit(each, run * len(self._allowances)) for each in allowances)
        self._warmup = warmup
        self._memory = memory
        self._centre = centre

    def start(self) -> CusumState:
        """State before the first block."""
        many = len(self._allowances)
        return CusumState(0, 0.0, 0.0, [0.0] * many, [0] * many, [0] * many)

    def update(self, state: CusumState, value: float, ts: int) -> float | None:
        """Take the mean of a block that began at `ts` (ns); returns it standardised, or None during the warm-up."""
        standard = None
        if state.blocks >= self._warmup and state.variance > 0.0:
            known = min(state.blocks, self._memory)
            deviation = sqrt(state.variance) * (1.0 + sqrt(0.5 / known))
            # A centre that is given is no estimate.
            error = sqrt(1.0 / known) if self._centre is None else 0.0
            standard = (value - (state.mean if self._centre is None else self._centre)) / deviation
            standard = LIMIT if standard > LIMIT else -LIMIT if standard < -LIMIT else standard
            self._add(state, standard - error, ts)
        state.blocks += 1
        share = 1.0 / min(state.blocks, self._memory)
        difference = value - state.mean
        state.mean += share * difference
        state.variance = (1.0 - share) * (state.variance + share * difference * difference)
        return standard

    def _add(self, state: CusumState, standard: float, ts: int) -> None:
        over = False
        for index, allowance in enumerate(self._allowances):
            total = state.sums[index] + standard - allowance
            if total <= 0.0:
                state.sums[index], state.since[index], state.counts[index] = 0.0, 0, 0
                continue
            if state.counts[index] == 0:
                state.since[index] = ts
            state.counts[index] += 1
            limit = self._limits[index]
            state.sums[index] = min(total, MOST * limit)
            over = over or total >= limit
        state.over = state.over + 1 if over else 0

    def level(self, state: CusumState) -> float:
        """Largest sum divided by its limit; 1 or more is an alarm."""
        return max(total / limit for total, limit in zip(state.sums, self._limits, strict=True))

    def since(self, state: CusumState) -> tuple[int, int]:
        """Page's estimate of the change: event time (ns) at which the largest sum began to rise, and blocks since."""
        levels = [total / limit for total, limit in zip(state.sums, self._limits, strict=True)]
        index = levels.index(max(levels))
        return state.since[index], state.counts[index]

    def begin_anew(self, state: CusumState) -> None:
        """Set all sums to 0."""
        many = len(self._allowances)
        state.sums, state.since, state.counts, state.over = [0.0] * many, [0] * many, [0] * many, 0

    def clear(self, state: CusumState) -> None:
        """Reset sums after a report to at most half of the limit, so that a lasting change is found again soon.

        References:
            Lucas and Crosier (1982), Fast initial response for CUSUM quality-control schemes.
        """
        state.sums = [min(total, HALF * limit) for total, limit in zip(state.sums, self._limits, strict=True)]
        state.over = 0
