"""Scores of whole columns of forecasts; `streams.scoring.scores` computes the same scores for a single forecast."""

import numpy as np
from numpy.typing import NDArray

from streams.scoring.block_bootstrap import Column
from streams.scoring.scores import LEAST


def log_losses(probabilities: Column, up: NDArray[np.bool_]) -> Column:
    """Log-loss of each forecast: the negative log of the probability that it gave to what happened, nats.

    Args:
        probabilities: forecast probabilities of an upward move.
        up: whether the mid moved up, for each forecast.

    >>> log_losses(np.array([0.8, 0.8]), np.array([True, False])).round(3).tolist()
    [0.223, 1.609]
    """
    loss: Column = -np.log(np.maximum(np.where(up, probabilities, 1.0 - probabilities), LEAST))
    return loss


def hits(probabilities: Column, up: NDArray[np.bool_]) -> Column:
    """For each forecast: 1 if the predicted direction was right, 0 if not, 0.5 if the probability was 0.5.

    Args:
        probabilities: forecast probabilities of an upward move.
        up: whether the mid moved up, for each forecast.

    >>> hits(np.array([0.8, 0.8, 0.5]), np.array([True, False, True])).tolist()
    [1.0, 0.0, 0.5]
    """
    return np.where(probabilities == 0.5, 0.5, (probabilities > 0.5) == up)
