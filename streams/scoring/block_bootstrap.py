"""Block bootstrap: intervals for means of outcomes that overlap in time."""

import numpy as np
from numpy.typing import NDArray

Column = NDArray[np.float64]

LEVEL = 0.95
BLOCK = 5
"""Neighbouring cells that make a block. A cell is one horizon of time in which something moved: a block spans at least
5 horizons, and outcomes further apart share no tick."""

DRAWN_TOGETHER = 50

FEWEST_BLOCKS = 10
"""Fewest blocks for an interval; with fewer none is given."""


def cells(symbols: NDArray[np.str_], made: NDArray[np.int64], horizons_ns: NDArray[np.int64]) -> NDArray[np.int64]:
    """Number of the cell of each outcome: equal symbol, equal horizon of time; empty cells are not counted.

    >>> horizons = np.array([100, 100, 100, 10])
    >>> cells(np.array(["A", "A", "A", "B"]), np.array([5, 99, 250, 5]), horizons).tolist()
    [0, 0, 1, 2]

    Args:
        symbols: of the outcomes, symbol after symbol.
        made: event time of their predictions, ns, in order within each symbol.
        horizons_ns: how far ahead each looked, ns; a cell is as long as that.
    """
    times = made // horizons_ns
    starts = np.arange(len(made)) == 0
    for column in (times, symbols, horizons_ns):
        starts[1:] |= column[1:] != column[:-1]
    numbers: NDArray[np.int64] = np.cumsum(starts) - 1
    return numbers


def resampled_means(
    columns: list[Column], cells: NDArray[np.int64], resamples: int, seed: int, block: int = BLOCK
) -> list[Column]:
    """Means of columns over circular blocks of cells drawn at random, the same for every column, so that they pair.

    `scipy.stats.bootstrap` draws outcome by outcome, as if they were independent, so it cannot stand here.

    Args:
        columns: of equal length, in the order of time.
        cells: number of the cell of each of their rows, from 0 on, never falling.
        resamples: how many.
        seed: seed of the draw.
        block: neighbouring cells that stay together.

    Returns:
        For each column `resamples` means.

    References:
        Politis and Romano (1992), A circular block-resampling procedure for stationary data.
    """
    counts = np.bincount(cells).astype(np.float64)
    block = min(block, len(counts))
    generator = np.random.default_rng(seed)
    totals = [np.bincount(cells, column).astype(np.float64) for column in columns]
    means: list[list[Column]] = [[] for _ in columns]
    # A part at a time: what is drawn is the same, and memory does not grow with the resamples.
    for first in range(0, resamples, DRAWN_TOGETHER):
        rows = min(DRAWN_TOGETHER, resamples - first)
        drawn = generator.integers(len(counts), size=(rows, len(counts) // block + 1))
        sizes = _totals(counts, drawn, block)
        for of_column, total in zip(means, totals, strict=True):
            of_column.append(_totals(total, drawn, block) / sizes)
    return [np.concatenate(of_column) for of_column in means]


def interval(means: Column) -> tuple[float, float]:
    """Percentile interval of `LEVEL`.

    >>> tuple(round(end, 3) for end in interval(np.arange(1_001) / 1_000))
    (0.025, 0.975)

    References:
        Efron (1979), Bootstrap methods: another look at the jackknife.
    """
    low, high = np.quantile(means, ((1.0 - LEVEL) / 2.0, (1.0 + LEVEL) / 2.0))
    return float(low), float(high)


def _totals(column: Column, starts: NDArray[np.int64], block: int) -> Column:
    """Sums over as many cells as there are: whole blocks, and what is left over of one more."""
    sums = np.concatenate(([0.0], np.cumsum(np.concatenate((column, column[:block])))))
    whole, last, rest = starts[:, :-1], starts[:, -1], len(column) % block
    totals: Column = (sums[whole + block] - sums[whole]).sum(axis=1) + sums[last + rest] - sums[last]
    return totals
