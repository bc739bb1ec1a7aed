"""Scores of one forecast of a move: log-loss, Brier score, hit, and entropy (the expected log-loss).

They are asked at every label and compiled together with their callers; `score_arrays` scores whole columns.
"""

from collections.abc import Iterable
from math import log
from typing import Final

LEAST: Final = 1e-15
"""Least probability in a log-loss, so that one certain error does not make it infinite."""


def log_loss(probability: float, label: int) -> float:
    """Negative log of the probability of what happened, nats; 0.693 for a probability of 0.5.

    Args:
        probability: forecast probability of an upward move, 0 to 1.
        label: sign of the move, not 0.

    >>> round(log_loss(0.8, 1), 3), round(log_loss(0.8, -1), 3), round(log_loss(0.0, 1), 1)
    (0.223, 1.609, 34.5)

    References:
        Good (1952), Rational decisions: the logarithmic score.
    """
    return -log(max(probability if label > 0 else 1.0 - probability, LEAST))


def entropy_term(probability: float) -> float:
    """Term of the entropy for one of two outcomes, nats: `-p log p`.

    >>> round(entropy_term(0.8), 3), entropy_term(0.0)
    (0.179, 0.0)
    """
    return -probability * log(max(probability, LEAST))


def entropy(probability: float) -> float:
    """Entropy of a probability, its expected log-loss, nats: `-p log p - (1 - p) log(1 - p)`.

    >>> round(entropy(0.5), 3), round(entropy(0.8), 3), entropy(1.0)
    (0.693, 0.5, 0.0)

    References:
        Shannon (1948), A mathematical theory of communication, section 6.
    """
    return entropy_term(probability) + entropy_term(1.0 - probability)


def brier(probability: float, label: int) -> float:
    """Squared error of the probability, 0 to 1; 0.25 for a probability of 0.5.

    >>> round(brier(0.8, 1), 2), round(brier(0.8, -1), 2)
    (0.04, 0.64)

    References:
        Brier (1950), Verification of forecasts expressed in terms of probability, equation 2, of one of two classes.
    """
    missed = 1.0 - (probability if label > 0 else 1.0 - probability)
    return missed * missed


def hit(probability: float, label: int) -> float:
    """1 if the called side came, 0 if not, one half if none was called (probability 0.5).

    >>> hit(0.8, 1), hit(0.8, -1), hit(0.5, 1)
    (1.0, 0.0, 0.5)
    """
    return 0.5 if probability == 0.5 else 1.0 if (probability > 0.5) == (label > 0) else 0.0


def log_loss_gain(probability: float, other: float, label: int) -> float:
    """Log-loss of another forecast less the log-loss of this one, nats, in one logarithm; 0 if nothing moved.

    Records of experiments hold sums of it, so it stays one logarithm of a ratio instead of two log-losses.

    Args:
        probability, other: forecast probabilities of an upward move, neither 0 nor 1.
        label: sign of the move.

    >>> round(log_loss_gain(0.8, 0.5, 1), 2), round(log_loss_gain(0.8, 0.5, -1), 2), log_loss_gain(0.8, 0.5, 0)
    (0.47, -0.92, 0.0)
    """
    if label == 0:
        return 0.0
    if label > 0:
        return log(probability / other)
    return log((1.0 - probability) / (1.0 - other))


def mean_log_loss(probabilities: Iterable[float], labels: Iterable[int]) -> float:
    """Mean log-loss of at least one forecast of a move, nats.

    >>> round(mean_log_loss([0.8, 0.6], [1, -1]), 4)
    0.5697
    """
    total, count = 0.0, 0
    for probability, label in zip(probabilities, labels, strict=True):
        total += log_loss(probability, label)
        count += 1
    return total / count
