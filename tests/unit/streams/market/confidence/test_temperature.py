from math import log
from random import Random

import pytest

from streams.market.confidence.parameters import TemperatureParameters
from streams.market.confidence.temperature import Temperature
from streams.scoring.logistic import probability


@pytest.mark.parametrize("true_slope", [0.4, 1.0, 1.8])
def test_the_true_slope_is_found(true_slope: float) -> None:
    random, calibration = Random(1), Temperature(TemperatureParameters())
    state = calibration.start()
    raw_loss = calibrated_loss = 0.0
    for number in range(6_000):
        log_odds = random.gauss(0.0, 1.5)
        up = random.random() < probability(true_slope * log_odds)
        if number >= 3_000:
            raw, calibrated = probability(log_odds), calibration.apply(state, log_odds)
            raw_loss -= log(raw if up else 1.0 - raw)
            calibrated_loss -= log(calibrated if up else 1.0 - calibrated)
        calibration.learn(state, log_odds, up)
    assert state.slope == pytest.approx(true_slope, abs=0.15)
    assert calibrated_loss <= raw_loss + 1.0


def test_calibration_never_changes_the_direction() -> None:
    calibration = Temperature(TemperatureParameters(prior=0.01))
    state = calibration.start()
    for _ in range(100):
        calibration.learn(state, 3.0, up=False)
    assert state.slope == TemperatureParameters().lowest
    assert calibration.apply(state, 3.0) > 0.5
    assert calibration.apply(state, 0.0) == 0.5


def test_one_step_of_learning_agrees_with_values_by_hand() -> None:
    calibration = Temperature(TemperatureParameters(prior=25.0, memory=5_000))
    state = calibration.start()
    calibration.learn(state, 2.0, up=True)
    information = 25.0 + 0.8807970779778823 * 0.11920292202211769 * 4.0
    assert state.information == pytest.approx(information)
    assert state.slope == pytest.approx(1.0 + 0.11920292202211769 * 2.0 / information)


@pytest.mark.parametrize(("true_slope", "low", "high"), [(0.4, 0.9, 1.0), (1.0, 0.0, 0.2), (2.5, 0.9, 1.0)])
def test_a_slope_is_applied_as_far_as_it_proved_itself(true_slope: float, low: float, high: float) -> None:
    """Where slope 1 is right, the estimated slope differs from it by chance only, so little of it is applied."""
    random, calibration = Random(3), Temperature(TemperatureParameters())
    state = calibration.start()
    total = 0.0
    for label in range(2_000):
        log_odds = random.gauss(0.0, 1.5)
        calibration.learn(state, log_odds, random.random() < probability(true_slope * log_odds))
        total += state.trust * (label >= 1_000)
    assert low < total / 1_000 < high
