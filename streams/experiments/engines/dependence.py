"""Autocorrelation of scores, and the batch size with which batch means are nearly independent."""

from math import ceil, inf

import numpy as np
from numpy.typing import NDArray

Column = NDArray[np.float64]


def autocorrelation_time(scores: Column) -> float:
    """Integrated autocorrelation time, events: long-run variance / variance; 1 for independent scores.

    It is the number of neighbouring scores that tell as much about the mean as one independent score.
    Autocorrelations are added up, two neighbouring lags at a time, until the sum of the two is no
    longer positive.

    The first scores of the example are moving sums of ten random numbers; the second are independent.

    >>> random = np.random.default_rng(1)
    >>> overlapping = np.convolve(random.normal(size=20_009), np.ones(10), mode="valid")
    >>> round(autocorrelation_time(overlapping), 1), round(autocorrelation_time(random.normal(size=20_000)), 1)
    (10.0, 1.0)

    References:
        Geyer (1992), Practical Markov chain Monte Carlo, section 3.3: initial positive sequence.
    """
    n = len(scores)
    centred = scores - scores.mean()
    spectrum = np.fft.rfft(centred, 2 * n)
    covariances = np.fft.irfft(spectrum * spectrum.conj())[:n] / n
    if covariances[0] <= 0.0:
        return 1.0
    correlations = covariances / covariances[0]
    pairs = correlations[: 2 * (n // 2)].reshape(-1, 2).sum(axis=1)
    below = np.flatnonzero(pairs <= 0.0)
    positive = pairs[: below[0]] if len(below) else pairs
    return max(1.0, float(2.0 * positive.sum() - 1.0))


def rarity(scores: Column) -> float:
    """How strongly the mean depends on a few large scores, as a ratio from 1 to n.

    The ratio is `n sum x^2 / (sum |x|)^2`. It is 1 if all n scores x have the same magnitude, and about
    1.6 for normal scores. It is 20 if one score in 20 is 1 and the others are 0. It is infinite if all
    scores are 0.

    >>> random = np.random.default_rng(1)
    >>> round(rarity(random.normal(size=20_000)), 1), round(rarity((random.random(20_000) < 0.05).astype(float)))
    (1.6, 20)

    References:
        Bell and Dean (1970), Atomic vibrations in vitreous silica: the participation ratio.
    """
    total = float(np.abs(scores).sum())
    return len(scores) * float(scores @ scores) / (total * total) if total > 0.0 else inf


def batch_for(scores: Column, horizon: int = 1) -> int:
    """Sufficient batch size, events, for batch means that are nearly independent and normal.

    It is 5 times the largest of `horizon`, `autocorrelation_time` and `rarity`.

    The means of shorter batches depend on each other. If large scores are rare, the means of shorter
    batches are not normal either. A version with rare large gains would then be called worse too often.

    The example has independent scores, so `horizon` decides: 5 times 20.

    >>> batch_for(np.random.default_rng(1).normal(size=5_000), horizon=20)
    100

    Args:
        scores: scores of a recorded history, in the order of time.
        horizon: number of neighbouring events whose predictions overlap in time.

    References:
        Schmeiser (1982), Batch size effects in the analysis of simulation output.
    """
    rare = rarity(scores)
    return ceil(5.0 * max(float(horizon), autocorrelation_time(scores), rare if rare < inf else 1.0))


def long_run_variance(scores: Column, lags: int) -> float:
    """Long-run variance of autocorrelated scores, by Newey and West's estimate.

    Divided by the number of scores, it is the variance of their mean. The estimate is
    `gamma_0 + 2 sum_l (1 - l / (lags + 1)) gamma_l`, where `gamma_l` is the autocovariance at lag l, up to `lags`.

    >>> round(long_run_variance(np.array([1.0, 2.0, 4.0, 3.0]), lags=1), 4)
    1.4375

    References:
        Newey and West (1987), A simple, positive semi-definite, heteroskedasticity and autocorrelation consistent
        covariance matrix, equation 5.
    """
    n = len(scores)
    centred = scores - scores.mean()
    total = float(centred @ centred)
    for lag in range(1, min(lags, n - 1) + 1):
        total += 2.0 * (1.0 - lag / (lags + 1.0)) * float(centred[lag:] @ centred[:-lag])
    return total / n
