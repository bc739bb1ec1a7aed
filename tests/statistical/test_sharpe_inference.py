"""Intervals and probabilities of Sharpe ratios have their stated coverage on seeded random returns."""

import numpy as np
import pytest
from scipy.stats import binomtest, kstest

from streams.reports.track_record.deflated import deflated_sharpe, expected_best
from streams.reports.track_record.probabilistic import moments, probabilistic_sharpe
from streams.reports.track_record.sharpe import robust_standard_error, sharpe, standard_error

DRAWS, RETURNS = 2_000, 500
TRUE = 0.1


def covered(returns: np.ndarray, true: float, error: str) -> float:
    """Fraction of the samples whose 95 % interval contains the true ratio.

    Args:
        returns: samples, a row each.
        true: true Sharpe ratio.
        error: name of the standard error that the interval uses.
    """
    hits = 0
    for row in returns:
        ratio = sharpe(row)
        spread = standard_error(ratio, len(row)) if error == "iid" else robust_standard_error(row)
        hits += abs(ratio - true) <= 1.96 * spread
    return hits / len(returns)


@pytest.mark.parametrize("error", ["iid", "robust"])
def test_intervals_of_independent_normal_returns_cover(error: str) -> None:
    returns = np.random.default_rng(1).normal(TRUE, 1.0, (DRAWS, RETURNS))
    assert 0.93 < covered(returns, TRUE, error) < 0.97


def test_with_autocorrelation_only_the_robust_interval_covers() -> None:
    """With an autoregression of 0.3 the variance of the mean is (1 + 0.3) / (1 - 0.3) = 1.86 times as large."""
    random = np.random.default_rng(2)
    noise = random.normal(size=(DRAWS, RETURNS + 50))
    returns = noise.copy()
    for at in range(1, noise.shape[1]):
        returns[:, at] = 0.3 * returns[:, at - 1] + noise[:, at]
    returns = returns[:, 50:] * np.sqrt(1.0 - 0.3**2) + TRUE
    assert covered(returns, TRUE, "iid") < 0.88
    assert covered(returns, TRUE, "robust") > 0.91


def test_the_probabilistic_ratio_is_uniform_without_skill() -> None:
    returns = np.random.default_rng(3).normal(0.0, 1.0, (DRAWS, RETURNS))
    found = [probabilistic_sharpe(moments(row)) for row in returns]
    assert kstest(found, "uniform").pvalue > 0.01


def test_the_probabilistic_ratio_is_uniform_with_skew_and_fat_tails_too() -> None:
    returns = np.random.default_rng(4).exponential(1.0, (DRAWS, 2 * RETURNS)) - 0.9
    found = [probabilistic_sharpe(moments(row), benchmark=TRUE) for row in returns]
    above = sum(value > 0.95 for value in found)
    assert binomtest(above, DRAWS, 0.05).pvalue > 0.001


def test_the_best_of_many_without_skill_is_as_good_as_expected_and_deflated() -> None:
    trials = 50
    returns = np.random.default_rng(5).normal(0.0, 1.0, (600, trials, 200))
    ratios = returns.mean(axis=2) / returns.std(axis=2, ddof=1)
    assert ratios.max(axis=1).mean() == pytest.approx(expected_best(trials, 1.0 / 200), rel=0.05)
    best = returns[np.arange(600), ratios.argmax(axis=1)]
    undeflated = np.mean([probabilistic_sharpe(moments(row)) > 0.95 for row in best])
    deflated = np.mean([deflated_sharpe(moments(row), trials) > 0.95 for row in best])
    assert undeflated > 0.9, "the negative control: the best of many looks good by itself"
    assert deflated < 0.05
