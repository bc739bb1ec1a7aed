"""Skill in successive blocks of event time, with a band that allows for overlapping labels."""

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray
from scipy.special import stdtrit

from streams.reports.track_record.equity import Column, Times

FEWEST_CELLS = 10
"""Cells with a move that a block needs to be given a band."""


class Block(Struct, frozen=True):
    """A block of event time.

    Attributes:
        start_ns, end_ns: of the block.
        count: outcomes that moved.
        cells: horizons of time in which something moved.
        skill: 1 - log-loss / log-loss of the reference.
        low, high: ends of the interval; none with too few cells.
    """

    start_ns: int
    end_ns: int
    count: int
    cells: int
    skill: float
    low: float | None
    high: float | None


def skill_over_time(
    made: Times, losses: Column, reference: Column, horizon_ns: int, edges: NDArray[np.int64], level: float = 0.95
) -> list[Block]:
    """Skill in each block between two edges that has an outcome.

    Within a block time is cut into cells of one horizon. `A_c` and `B_c` are the losses summed over cell c; with
    `r = sum A / sum B` the residuals `u_c = A_c - r B_c` give the variance of the ratio. Neighbouring cells share
    labels, so their covariance counts too, with Bartlett's weight 1/2: `(sum u_c^2 + sum u_c u_{c+1}) / (sum B)^2`.

    Args:
        made: event times of the predictions, ns, in order.
        losses: log-losses of the forecaster, nats.
        reference: log-losses of what it is compared with.
        horizon_ns: how far ahead they looked, ns; the longest where symbols differ: a shorter cell would share labels
            with more than its neighbours.
        edges: event times between the blocks, ns.
        level: of the interval.

    >>> made = np.arange(40) * 100
    >>> found = skill_over_time(made, np.tile([0.5, 0.7], 20), np.full(40, 0.8), 100, np.array([0, 2000, 4000]))
    >>> [(each.cells, round(each.skill, 3), round(each.low, 3), round(each.high, 3)) for each in found]
    [(20, 0.25, 0.237, 0.263), (20, 0.25, 0.237, 0.263)]

    References:
        Cochran (1977), Sampling techniques, equation 2.46, for the ratio; Newey and West (1987) for the neighbours.
    """
    places = np.searchsorted(made, edges, side="left")
    found = []
    for number, (start, end) in enumerate(zip(places[:-1].tolist(), places[1:].tolist(), strict=True)):
        if start == end:
            continue
        ours, theirs = losses[start:end], reference[start:end]
        whole = float(theirs.sum())
        ratio = float(ours.sum()) / whole
        _, cell = np.unique(made[start:end] // horizon_ns, return_inverse=True)
        residuals = np.bincount(cell, ours) - ratio * np.bincount(cell, theirs)
        cells = len(residuals)
        low = high = None
        if cells >= FEWEST_CELLS:
            squares = float(residuals @ residuals + residuals[1:] @ residuals[:-1]) * cells / (cells - 1)
            half = float(stdtrit(cells - 1, 0.5 + 0.5 * level)) * max(squares, 0.0) ** 0.5 / whole
            low, high = 1.0 - ratio - half, 1.0 - ratio + half
        found.append(Block(int(edges[number]), int(edges[number + 1]), end - start, cells, 1.0 - ratio, low, high))
    return found
