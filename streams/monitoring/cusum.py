"""CUSUM: cumulative sums of block means, which detect that a model version has become worse than usual.

A block is a number of outcomes that are averaged to one observation.
"""

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
    """Cumulative sums of one statistic; a block is a number of outcomes that are averaged to one observation.

    Attributes:
        blocks: number of blocks taken.
        mean, variance: usual mean and usual variance of a block mean, in the unit of the statistic.
        sums: cumulative sums, one for each allowance of the detector, in standard deviations of a block
            mean.
        since: for each sum the event time at which the first block in it began, ns; 0 where the sum is 0.
        counts: for each sum the number of blocks in it.
        over: number of blocks in a row, up to the last one, after each of which at least one sum was at or
            above its limit.
    """

    blocks: int
    mean: float
    variance: float
    sums: list[float]
    since: list[int]
    counts: list[int]
    over: int = 0


def limit(allowance: float, run: float) -> float:
    """Limit at which a one-sided CUSUM of standard normal numbers gives a false alarm every `run` numbers on average.

    >>> round(limit(allowance=0.5, run=930.0), 1)  # exactly: 5
    5.0

    Args:
        allowance: amount subtracted from every number before it is added, standard deviations.
        run: numbers between two false alarms on average (average run length).

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
    """CUSUM detector of a rise: adds up block means in a `CusumState`, one sum for each allowance.

    A block counts with its distance above the usual mean (or above `centre`, if that is given), in usual standard
    deviations. Each sum subtracts its own allowance from every block: small allowances find small lasting changes,
    large ones find large changes soon. The usual mean and deviation are estimated from earlier blocks. These estimates
    have errors, which would shorten the average run length. Therefore one standard error of the estimated mean is
    subtracted from each block, and the deviation is taken one standard error larger.

    Args:
        allowances: amount subtracted from each block, one for each sum, standard deviations.
        run: blocks between two false alarms on average (average run length).
        warmup: number of first blocks from which only mean and deviation are estimated.
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
        """Add the mean of a block to `state`; returns its distance above the usual mean, or None during the warm-up.

        The distance is in usual standard deviations of a block mean, and counts from `centre` if that is given.

        Args:
            state: sums to which the block is added.
            value: mean of the block, in the unit of the statistic.
            ts: event time at which the block began, ns.
        """
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
        """Largest of the cumulative sums in `state`, each divided by its limit; 1 or more is an alarm."""
        return max(total / limit for total, limit in zip(state.sums, self._limits, strict=True))

    def since(self, state: CusumState) -> tuple[int, int]:
        """Page's estimate of when the change began, from the cumulative sum that is largest relative to its limit.

        Returns:
            Event time at which that sum began to rise, ns, and the number of blocks since then; both 0 if every sum is
            0.
        """
        levels = [total / limit for total, limit in zip(state.sums, self._limits, strict=True)]
        index = levels.index(max(levels))
        return state.since[index], state.counts[index]

    def begin_anew(self, state: CusumState) -> None:
        """Set all cumulative sums in `state` to 0; the usual mean and deviation are kept."""
        many = len(self._allowances)
        state.sums, state.since, state.counts, state.over = [0.0] * many, [0] * many, [0] * many, 0

    def clear(self, state: CusumState) -> None:
        """Reduce every cumulative sum in `state` to at most half its limit, after an alarm was reported.

        The sums do not start from 0, so that a change that lasts is found again soon.

        References:
            Lucas and Crosier (1982), Fast initial response for CUSUM quality-control schemes.
        """
        state.sums = [min(total, HALF * limit) for total, limit in zip(state.sums, self._limits, strict=True)]
        state.over = 0
