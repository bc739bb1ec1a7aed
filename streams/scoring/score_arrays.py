"""Scores of whole columns of forecasts of moves: what `scores` says of one of them, to rounding."""

import numpy as np
from numpy.typing import NDArray

from streams.scoring.block_bootstrap import Column
from streams.scoring.scores import LEAST


def log_losses(probabilities: Column, up: NDArray[np.bool_]) -> Column:
    """Log-loss of each forecast, nats; see `scores.log_loss`.

    Args:
        probabilities: of an upward move.
        up: whether it moved up.

    >>> log_losses(np.array([0.8, 0.8]), np.array([True, False])).round(3).tolist()
    [0.223, 1.609]
    """
    loss: Column = -np.log(np.maximum(np.where(up, probabilities, 1.0 - probabilities), LEAST))
    return loss


def hits(probabilities: Column, up: NDArray[np.bool_]) -> Column:
    """1 for a called side that came, 0 for one that did not, one half where none was called; see `scores.hit`.

    >>> hits(np.array([0.8, 0.8, 0.5]), np.array([True, False, True])).tolist()
    [1.0, 0.0, 0.5]
    """
    return np.where(probabilities == 0.5, 0.5, (probabilities > 0.5) == up)
