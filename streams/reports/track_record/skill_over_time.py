"""Skill in successive blocks of event time, with intervals that allow for forecasts that overlap in time."""

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray
from scipy.special import stdtrit

from streams.reports.track_record.equity import Column, Times

FEWEST_CELLS = 10
"""Cells with a move that a block needs to be given a band."""


class Block(Struct, frozen=True):
    """Skill of a forecaster in one block of event time.

    Attributes:
        start_ns, end_ns: event times of start and end of the block, ns.
        count: outcomes in the block whose price moved.
        cells: number of cells (stretches of event time as long as a horizon) in the block that have such an outcome.
        skill: 1 - log-loss / log-loss of the reference forecaster; above 0 the forecaster is better.
        low, high: ends of the confidence interval of `skill`; None with fewer than 10 cells.
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
    """Skill of a forecaster in each block of event time that has an outcome.

    Within a block, time is cut into cells of one horizon. `A_c` and `B_c` are the losses of forecaster and reference
    summed over cell c. With `r = sum A / sum B` the skill is `1 - r`. The residuals `u_c = A_c - r B_c` give the
    variance of r. Forecasts of neighbouring cells overlap, so the covariance of neighbours counts too, with Bartlett's
    weight 1/2: `(sum u_c^2 + sum u_c u_{c+1}) / (sum B)^2`.

    Args:
        made: event times of the predictions, ns, ascending.
        losses: log-losses of the forecaster, nats.
        reference: log-losses of the forecaster that it is compared with, nats.
        horizon_ns: how far ahead predictions look, ns. If the horizons of symbols differ, it must be the longest: in
            shorter cells, forecasts would overlap with those of cells further away than the neighbours.
        edges: event times between the blocks, ns, ascending.
        level: probability of the confidence interval, 0 to 1.

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
