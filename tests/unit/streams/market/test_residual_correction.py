from math import log
from random import Random

import numpy as np
import pytest

from streams.market.parameters import CorrectionParameters
from streams.market.residual_correction import ResidualCorrection
from streams.scoring.logistic import probability


def _features(random: Random) -> list[float]:
    return [random.gauss(0, 1) for _ in range(3)]


def test_the_correction_finds_what_the_experts_miss_and_is_applied() -> None:
    """The experts know the first feature only; the second matters as much, the third not at all."""
    random = Random(1)
    correction = ResidualCorrection(CorrectionParameters(), features=3)
    state = correction.start()
    with_it = without = 0.0
    for label in range(4_000):
        scaled = _features(random)
        offset = scaled[0]
        up = random.random() < probability(scaled[0] + scaled[1])
        corrected = correction.log_odds(state, scaled)
        if label >= 1_000:
            raw, better = probability(offset), probability(offset + state.trust * corrected)
            without -= log(raw if up else 1.0 - raw)
            with_it -= log(better if up else 1.0 - better)
        correction.learn(state, scaled, offset, corrected, up, uniqueness=1.0)
    assert state.weights == pytest.approx([0.0, 1.0, 0.0], abs=0.15)
    assert state.trust > 0.9
    assert with_it < 0.93 * without


def test_the_correction_leaves_good_experts_alone() -> None:
    random = Random(2)
    correction = ResidualCorrection(CorrectionParameters(), features=3)
    state = correction.start()
    for _ in range(4_000):
        scaled = _features(random)
        up = random.random() < probability(scaled[0])
        correction.learn(state, scaled, scaled[0], correction.log_odds(state, scaled), up, uniqueness=1.0)
    assert state.weights == pytest.approx([0.0, 0.0, 0.0], abs=0.15)


def test_the_belief_is_that_of_a_bayesian_regression() -> None:
    """With the expected probability fixed at 1/2 the regression is linear, with covariance (I / v + X' X / 4) ** -1."""
    random = Random(3)
    correction = ResidualCorrection(CorrectionParameters(variance=0.5), features=2)
    state = correction.start()
    rows = [[random.gauss(0, 1), random.gauss(0, 1)] for _ in range(50)]
    for row in rows:
        state.weights = [0.0, 0.0]
        correction.learn(state, row, 0.0, 0.0, up=True, uniqueness=1.0)
    x = np.array(rows)
    assert np.array(correction.covariance(state)) == pytest.approx(np.linalg.inv(np.eye(2) / 0.5 + x.T @ x / 4.0))


def test_a_mirrored_market_gives_the_mirrored_correction() -> None:
    random = Random(4)
    correction = ResidualCorrection(CorrectionParameters(), features=3)
    plain, mirrored = correction.start(), correction.start()
    for _ in range(200):
        scaled, up = _features(random), random.random() < 0.6
        opposite = [-value for value in scaled]
        offset = 0.3 * scaled[0]
        correction.learn(plain, scaled, offset, correction.log_odds(plain, scaled), up, 0.3)
        correction.learn(mirrored, opposite, -offset, correction.log_odds(mirrored, opposite), not up, 0.3)
    assert mirrored.weights == pytest.approx(plain.weights, rel=1e-9)
    assert mirrored.trust == pytest.approx(plain.trust, rel=1e-9)
    assert correction.log_odds(plain, scaled) == pytest.approx(-correction.log_odds(mirrored, opposite), rel=1e-9)


def test_belief_stays_finite_and_symmetric_for_long() -> None:
    random = Random(5)
    correction = ResidualCorrection(CorrectionParameters(variance=10.0), features=3)
    state = correction.start()
    for _ in range(20_000):
        scaled = [random.choice((-5.0, 5.0))] * 2 + [0.0]
        correction.learn(state, scaled, 13.8, correction.log_odds(state, scaled), random.random() < 0.5, 1.0)
    covariance = np.array(correction.covariance(state))
    assert np.isfinite(covariance).all()
    assert (covariance == covariance.T).all()
    assert np.linalg.eigvalsh(covariance).min() > -1e-9
    assert 0.0 < state.trust < 1.0


@pytest.mark.parametrize("broken", [float("nan"), float("inf"), -float("inf")])
def test_broken_features_teach_nothing(broken: float) -> None:
    correction = ResidualCorrection(CorrectionParameters(), features=2)
    state, untouched = correction.start(), correction.start()
    assert abs(correction.log_odds(state, [broken, 1.0])) <= 13.8
    correction.learn(state, [broken, 1.0], 0.0, 0.0, up=True, uniqueness=1.0)
    assert state == untouched


def test_the_correction_can_be_switched_off() -> None:
    correction = ResidualCorrection(CorrectionParameters(variance=0.0), features=2)
    state = correction.start()
    correction.learn(state, [1.0, 1.0], 0.0, 0.0, up=True, uniqueness=1.0)
    assert correction.log_odds(state, [1.0, 1.0]) == 0.0
    assert state == correction.start()
