"""Block bootstrap: confidence intervals of means over outcomes that overlap in time and so are not independent."""

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
    """Number of the time cell that each outcome falls into, counted from 0.

    A cell is a span of time of one symbol, as long as the horizon. Cells without an outcome get no number. The outcomes
    of a cell are resampled together, because they overlap.

    >>> horizons = np.array([100, 100, 100, 10])
    >>> cells(np.array(["A", "A", "A", "B"]), np.array([5, 99, 250, 5]), horizons).tolist()
    [0, 0, 1, 2]

    Args:
        symbols: symbol of each outcome; outcomes of one symbol are next to each other.
        made: event time of each prediction, ns, in order within each symbol.
        horizons_ns: horizon of each prediction, ns.
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
    """Means of columns over randomly drawn rows, where the draw is repeated `resamples` times.

    A cell is a group of rows that are drawn together, a block is a number of neighbouring cells. Each draw takes whole
    blocks; a block that reaches the last cell goes on at the first. Each draw takes the same blocks for every column,
    so that the means of different columns can be compared draw by draw. (`scipy.stats.bootstrap` would draw rows as if
    they were independent.)

    Args:
        columns: columns of equal length, in the order of time.
        cells: number of the cell of each row, from 0 on, never decreasing.
        resamples: number of draws, that is, of means for each column.
        seed: seed of the random numbers.
        block: number of cells in a block.

    Returns:
        For each column, an array of `resamples` means.

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
    """The 95 % interval of resampled means: 2.5 % of the means lie below its lower end, 2.5 % above its upper end.

    >>> tuple(round(end, 3) for end in interval(np.arange(1_001) / 1_000))
    (0.025, 0.975)

    References:
        Efron (1979), Bootstrap methods: another look at the jackknife.
    """
    low, high = np.quantile(means, ((1.0 - LEVEL) / 2.0, (1.0 + LEVEL) / 2.0))
    return float(low), float(high)


def _totals(column: Column, starts: NDArray[np.int64], block: int) -> Column:
    """Sums over as many cells as there are: over whole blocks that begin at `starts`, and a part of one more block."""
    sums = np.concatenate(([0.0], np.cumsum(np.concatenate((column, column[:block])))))
    whole, last, rest = starts[:, :-1], starts[:, -1], len(column) % block
    totals: Column = (sums[whole + block] - sums[whole]).sum(axis=1) + sums[last + rest] - sums[last]
    return totals
