"""Bootstrap tests for Sharpe ratio and drawdown, whose standard errors have no simple formula.

They compare A (challenger) with B (champion) on the same predictions. The two results on one prediction are a pair;
neighbouring pairs may depend on each other.
"""

from math import sqrt

import numpy as np
from numpy.typing import NDArray

from streams.experiments.engines.dependence import long_run_variance
from streams.experiments.engines.fixed_horizon import Tested

Column = NDArray[np.float64]
Draw = NDArray[np.int64]

ROUNDING = 1e-12
"""Fraction of the largest value below which a deviation counts as rounding error of equal values."""


def stationary_draw(random: np.random.Generator, size: int, block: float, length: int | None = None) -> Draw:
    """Indices of one resample by the stationary bootstrap: blocks of random length, wrapped around at the end.

    >>> stationary_draw(np.random.default_rng(3), 12, block=4.0).tolist()
    [5, 5, 6, 7, 7, 8, 9, 7, 8, 2, 3, 4]

    Args:
        random: generator with a seed.
        size: number of rows of the data.
        block: mean length of a block, rows; lengths have a geometric distribution.
        length: number of indices to draw; None: `size`.

    References:
        Politis and Romano (1994), The stationary bootstrap, section 2.
    """
    length = length or size
    starts = random.random(length) < 1.0 / block
    starts[0] = True
    begun = np.flatnonzero(starts)
    of_block = np.cumsum(starts) - 1
    first = random.integers(size, size=len(begun))
    drawn: Draw = (first[of_block] + np.arange(length) - begun[of_block]) % size
    return drawn


def sharpe(returns: Column) -> float:
    """Mean of the returns / their standard deviation, per event; 0 if all returns are equal up to rounding.

    >>> round(sharpe(np.array([1.0, -1.0, 2.0, 0.0])), 4), sharpe(np.diff(np.cumsum(np.full(60, 0.1))))
    (0.4472, 0.0)
    """
    spread = float(np.std(returns))
    return float(np.mean(returns)) / spread if spread > ROUNDING * float(np.abs(returns).max(initial=0.0)) else 0.0


def drawdown(returns: Column) -> float:
    """Largest distance of the running sum of returns below its peak so far; the start, 0, counts as a peak.

    >>> drawdown(np.array([-1.0, 3.0, -2.0, 1.0, -4.0, 9.0]))
    5.0
    """
    equity = np.concatenate(([0.0], np.cumsum(returns)))
    return float(np.max(np.maximum.accumulate(equity) - equity))


def sharpe_test(a: Column, b: Column, block: int, resamples: int = 999, seed: int = 1) -> Tested:
    """Test whether the Sharpe ratios of A and B differ.

    It is Ledoit and Wolf's test by a studentised circular block bootstrap.

    A is the challenger and B the champion. The statistic is the difference divided by a HAC standard
    error, which is found by the delta method. In each resample the standard error is computed anew from
    the blocks drawn. If all returns of a version are equal, its Sharpe ratio is taken to be exactly 0.
    With fewer than two blocks of data, p is 1.

    >>> random = np.random.default_rng(1)
    >>> b = random.normal(size=2_000)
    >>> found = sharpe_test(0.7 * b + 0.7 * random.normal(size=2_000) + 0.1, b, block=5)
    >>> round(found.difference, 3), round(found.statistic, 1), found.p <= 0.002
    (0.101, 6.0, True)

    Args:
        a, b: returns of A and of B on the same predictions, in the order of time.
        block: length of a block, predictions.
        resamples: number of resamples.
        seed: seed of the bootstrap.

    References:
        Ledoit and Wolf (2008), Robust performance hypothesis testing with the Sharpe ratio, section
        3.2.2, eq. 9.
    """
    name = "Ledoit-Wolf bootstrap"
    difference = sharpe(a) - sharpe(b)
    if len(a) < 2 * block:
        return Tested(name, difference, 0.0, 1.0)
    error = sqrt(long_run_variance(_influence(a, b), 2 * block) / len(a))
    if error == 0.0:
        return Tested(name, difference, 0.0, 1.0)
    random = np.random.default_rng(seed)
    blocks, inner = len(a) // block, np.arange(block)
    beyond = 0
    for _ in range(resamples):
        drawn = ((random.integers(len(a), size=blocks)[:, None] + inner) % len(a)).ravel()
        one, other = a[drawn], b[drawn]
        totals = _influence(one, other).reshape(blocks, block).sum(axis=1) / sqrt(block)
        spread = sqrt(float(totals @ totals) / blocks / len(drawn))
        beyond += abs(sharpe(one) - sharpe(other) - difference) >= abs(difference) / error * spread
    return Tested(name, difference, difference / error, (beyond + 1) / (resamples + 1))


def drawdown_test(a: Column, b: Column, block: float, resamples: int = 999, seed: int = 1) -> Tested:
    """Test whether the drawdowns of A and B differ, by a stationary bootstrap of their pairs of returns.

    A is the challenger and B the champion; a pair is their returns on one prediction. The difference d
    is the drawdown of B less the drawdown of A; above 0, A is better. It is computed for the data and
    for each resample. The p-value is the fraction of resamples whose d differs from the mean d of all
    resamples by at least the magnitude of d for the data.

    >>> random = np.random.default_rng(1)
    >>> b = random.normal(size=2_000)
    >>> found = drawdown_test(0.3 * b, b, block=5.0)
    >>> found.difference > 30.0, found.p < 0.05
    (True, True)

    Args:
        a, b: returns of A and of B on the same predictions, in the order of time.
        block: mean length of a block, predictions.
        resamples: number of resamples.
        seed: seed of the bootstrap.

    References:
        Politis and Romano (1994); Efron and Tibshirani (1993), An Introduction to the Bootstrap,
        section 16.4.
    """
    random = np.random.default_rng(seed)
    difference = drawdown(b) - drawdown(a)
    found = np.empty(resamples)
    for at in range(resamples):
        drawn = stationary_draw(random, len(a), block)
        found[at] = drawdown(b[drawn]) - drawdown(a[drawn])
    spread = float(np.std(found))
    if spread == 0.0:
        return Tested("block bootstrap", difference, 0.0, 1.0)
    beyond = int(np.sum(np.abs(found - found.mean()) >= abs(difference)))
    return Tested("block bootstrap", difference, difference / spread, (beyond + 1) / (resamples + 1))


def _influence(a: Column, b: Column) -> Column:
    """Influence of each pair on the difference of the Sharpe ratios, by the delta method; mean 0."""
    one, other = _influence_of(a), _influence_of(b)
    influence: Column = one - other
    return influence


def _influence_of(returns: Column) -> Column:
    mean, spread = returns.mean(), returns.std()
    if spread == 0.0:
        return np.zeros(len(returns))
    standard = (returns - mean) / spread
    influence: Column = standard - 0.5 * mean / spread * (standard * standard - 1.0)
    return influence
