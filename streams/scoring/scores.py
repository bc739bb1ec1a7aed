"""Scores of forecasts of moves."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from streams.scoring.block_bootstrap import Column


def losses(probabilities: Column, up: NDArray[np.bool_]) -> Column:
    """Negative log of the probability given to what happened, nats.

    >>> losses(np.array([0.8, 0.8]), np.array([True, False])).round(3).tolist()
    [0.223, 1.609]
    """
    loss: Column = -np.log(np.where(up, probabilities, 1.0 - probabilities))
    return loss


def hits(probabilities: Column, up: NDArray[np.bool_]) -> Column:
    """1 for a called side that came, 0 for one that did not, one half where none was called.

    >>> hits(np.array([0.8, 0.8, 0.5]), np.array([True, False, True])).tolist()
    [1.0, 0.0, 0.5]
    """
    return np.where(probabilities == 0.5, 0.5, (probabilities > 0.5) == up)


def independent(made: Iterable[int], horizon_ns: int) -> int:
    """How many outcomes of one symbol at most do not overlap in time: the effective number.

    >>> independent([0, 40, 99, 100, 150, 230], horizon_ns=100)
    3
    """
    count, free_from = 0, None
    for ts in made:
        if free_from is None or ts >= free_from:
            count += 1
            free_from = ts + horizon_ns
    return count
