"""Conversion between probabilities and log-odds; log-odds are limited to -13.8 to 13.8, so that they stay finite."""

from math import exp, log
from typing import Final

LIMIT: Final = 13.8
"""Largest magnitude of log-odds; the probability there is one in a million."""

LOWEST: Final = 1.0 / (1.0 + exp(LIMIT))
HIGHEST: Final = 1.0 - LOWEST


def probability(log_odds: float) -> float:
    """Probability that has the given log-odds, at least 1e-6 and at most 1 - 1e-6.

    >>> probability(0.0), round(probability(1.0), 4), round(probability(-1e9), 7)
    (0.5, 0.7311, 1e-06)
    """
    if log_odds > LIMIT:
        return HIGHEST
    if log_odds < -LIMIT:
        return LOWEST
    return 1.0 / (1.0 + exp(-log_odds))


def log_odds(probability: float) -> float:
    """Log-odds of a probability, limited to -13.8 to 13.8.

    >>> log_odds(0.5), round(log_odds(0.75), 4), round(log_odds(1.0), 1)
    (0.0, 1.0986, 13.8)
    """
    if probability >= HIGHEST:
        return LIMIT
    if probability <= LOWEST:
        return -LIMIT
    return log(probability / (1.0 - probability))
