"""Honest intervals for means of outcomes that overlap."""

import numpy as np
from numpy.typing import NDArray

Column = NDArray[np.float64]

LEVEL = 0.95
BLOCK_HORIZONS = 5
"""Outcomes of so many horizons, on average, make a block."""

FEWEST_BLOCKS = 10
"""With fewer blocks an interval says nothing; then none is given."""


def resampled_means(columns: list[Column], block: int, resamples: int, seed: int) -> list[Column]:
    """Means of columns over circular blocks drawn at random, the same blocks for every column, so that they pair.

    Args:
        columns: of equal length, in the order of time.
        block: neighbours that stay together; those further apart should hardly depend on one another.
        resamples: how many.
        seed: of the draw.

    Returns:
        For each column `resamples` means.

    References:
        Politis and Romano (1992), A circular block-resampling procedure for stationary data.
    """
    length = len(columns[0])
    whole, rest = divmod(length, block)
    starts = np.random.default_rng(seed).integers(length, size=(resamples, whole + 1))
    return [_means(column, starts[:, :whole], starts[:, whole], block, rest) for column in columns]


def interval(means: Column) -> tuple[float, float]:
    """Percentile interval of `LEVEL`.

    >>> tuple(round(end, 3) for end in interval(np.arange(1_001) / 1_000))
    (0.025, 0.975)
    """
    low, high = np.quantile(means, ((1.0 - LEVEL) / 2.0, (1.0 + LEVEL) / 2.0))
    return float(low), float(high)


def _means(column: Column, starts: NDArray[np.int64], last: NDArray[np.int64], block: int, rest: int) -> Column:
    sums = np.concatenate(([0.0], np.cumsum(np.concatenate((column, column[:block])))))
    totals: Column = (sums[starts + block] - sums[starts]).sum(axis=1) + sums[last + rest] - sums[last]
    return totals / len(column)
