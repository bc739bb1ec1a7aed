"""Scores of one forecast of a move: log-loss, Brier score, hit, and entropy (the expected log-loss).

These functions run at every outcome and are compiled for speed; `streams.scoring.score_arrays` scores whole columns.
"""

from collections.abc import Iterable
from math import log
from typing import Final

LEAST: Final = 1e-15
"""Least probability in a log-loss, so that one certain error does not make it infinite."""


def log_loss(probability: float, label: int) -> float:
    """Log-loss of one forecast: negative log of the probability given to what happened, nats; 0.693 for 0.5.

    Args:
        probability: forecast probability of an upward move, 0 to 1.
        label: sign of the move, not 0.

    >>> round(log_loss(0.8, label=1), 3), round(log_loss(0.8, label=-1), 3), round(log_loss(0.0, label=1), 1)
    (0.223, 1.609, 34.5)

    References:
        Good (1952), Rational decisions: the logarithmic score.
    """
    return -log(max(probability if label > 0 else 1.0 - probability, LEAST))


def entropy_term(probability: float) -> float:
    """One of the two terms of a forecast's entropy: `-p log p` in nats, where `p` is the probability of one direction.

    >>> round(entropy_term(0.8), 3), entropy_term(0.0)
    (0.179, 0.0)
    """
    return -probability * log(max(probability, LEAST))


def entropy(probability: float) -> float:
    """Entropy of a forecast, nats: the log-loss to be expected if the forecast probability is right.

    For a probability `p` it is `-p log p - (1 - p) log(1 - p)`.

    >>> round(entropy(0.5), 3), round(entropy(0.8), 3), entropy(1.0)
    (0.693, 0.5, 0.0)

    References:
        Shannon (1948), A mathematical theory of communication, section 6.
    """
    return entropy_term(probability) + entropy_term(1.0 - probability)


def brier(probability: float, label: int) -> float:
    """Brier score of one forecast: the squared error of the probability, 0 to 1; 0.25 for a probability of 0.5.

    Args:
        probability: forecast probability of an upward move, 0 to 1.
        label: sign of the move, not 0.

    >>> round(brier(0.8, label=1), 2), round(brier(0.8, label=-1), 2)
    (0.04, 0.64)

    References:
        Brier (1950), Verification of forecasts expressed in terms of probability, equation 2, of one of two classes.
    """
    missed = 1.0 - (probability if label > 0 else 1.0 - probability)
    return missed * missed


def hit(probability: float, label: int) -> float:
    """1 if the predicted direction was right, 0 if it was wrong, 0.5 if none was predicted (probability 0.5).

    Args:
        probability: forecast probability of an upward move, 0 to 1.
        label: sign of the move, not 0.

    >>> hit(0.8, label=1), hit(0.8, label=-1), hit(0.5, label=1)
    (1.0, 0.0, 0.5)
    """
    return 0.5 if probability == 0.5 else 1.0 if (probability > 0.5) == (label > 0) else 0.0


def log_loss_gain(probability: float, other: float, label: int) -> float:
    """By how much the log-loss of a forecast is lower than that of another forecast, nats; 0 if the mid did not move.

    The gain is computed as one logarithm of a ratio. This must not be changed, even in its rounding: experiments store
    sums of gains.

    Args:
        probability: forecast probability of an upward move, neither 0 nor 1.
        other: the other forecast's probability, neither 0 nor 1.
        label: sign of the move; 0 if the mid did not move.

    >>> [round(log_loss_gain(0.8, other=0.5, label=label), 2) for label in (1, -1, 0)]
    [0.47, -0.92, 0.0]
    """
    if label == 0:
        return 0.0
    if label > 0:
        return log(probability / other)
    return log((1.0 - probability) / (1.0 - other))


def mean_log_loss(probabilities: Iterable[float], labels: Iterable[int]) -> float:
    """Mean log-loss of one or more forecasts, nats.

    Args:
        probabilities: forecast probabilities of an upward move.
        labels: sign of each move, not 0.

    >>> round(mean_log_loss([0.8, 0.6], [1, -1]), 4)
    0.5697

    Raises:
        ZeroDivisionError: there is no forecast.
    """
    total, count = 0.0, 0
    for probability, label in zip(probabilities, labels, strict=True):
        total += log_loss(probability, label)
        count += 1
    return total / count
