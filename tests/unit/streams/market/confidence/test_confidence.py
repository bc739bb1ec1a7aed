from math import log
from random import Random

import pytest

from schemas.errors import ConfigurationError
from streams.market.confidence import CALIBRATORS, ConfidenceParameters, calibrator, register
from streams.market.confidence.bins import Bins, BinsState
from streams.market.confidence.conformal import Conformal
from streams.market.confidence.expected import ExpectedSkill
from streams.market.confidence.parameters import BinsParameters, ConformalParameters
from streams.scoring.logistic import probability
from streams.scoring.reliability import expected_calibration_error, reliability


def _calibrated(name: str, distorted: float, seed: int = 1) -> tuple[float, float]:
    """Calibration error before and after calibrating log-odds that are `distorted` times as large as the true ones."""
    random, calibrator = Random(seed), CALIBRATORS.build(name, ConfidenceParameters())
    state = calibrator.start()
    raw, calibrated, ups = [], [], []
    for number in range(12_000):
        truth = random.gauss(0.0, 1.2)
        up = random.random() < probability(truth)
        if number >= 4_000:
            raw.append(probability(distorted * truth))
            calibrated.append(calibrator.apply(state, distorted * truth))
            ups.append(up)
        calibrator.learn(state, distorted * truth, up)
    return (
        expected_calibration_error(reliability(raw, ups)),
        expected_calibration_error(reliability(calibrated, ups)),
    )


@pytest.mark.parametrize("name", CALIBRATORS)
@pytest.mark.parametrize("distorted", [0.5, 2.5])
def test_probabilities_come_to_mean_what_they_say(name: str, distorted: float) -> None:
    before, after = _calibrated(name, distorted)
    assert before > 0.05
    assert after < 0.02


@pytest.mark.parametrize("name", CALIBRATORS)
def test_opposite_log_odds_get_the_opposite_probability(name: str) -> None:
    random, calibrator = Random(2), CALIBRATORS.build(name, ConfidenceParameters())
    plain, mirrored = calibrator.start(), calibrator.start()
    for _ in range(2_000):
        score, up, uniqueness = random.gauss(0, 2), random.random() < 0.5, random.random()
        assert calibrator.apply(plain, score) == pytest.approx(1.0 - calibrator.apply(mirrored, -score))
        assert (calibrator.apply(plain, score) - 0.5) * score >= 0.0
        calibrator.learn(plain, score, up, uniqueness)
        calibrator.learn(mirrored, -score, not up, uniqueness)
    assert calibrator.apply(plain, 0.0) == 0.5


def test_a_bin_agrees_with_values_by_hand() -> None:
    bins = Bins(BinsParameters(bins=2, memory=4, prior=1.0))
    state = bins.start()
    bins.learn(state, log(9.0), up=True)  # 0.9 in the upper bin
    bins.learn(state, -log(1.5), up=True, uniqueness=0.5)  # 0.6 in the lower one, and wrong
    assert state.counts == pytest.approx([0.5, 1.0])
    assert state.errors == pytest.approx([-0.3, 0.1])
    bins.learn(state, log(9.0), up=False)
    assert state.counts[1] == pytest.approx(0.75 + 1.0)
    assert state.errors[1] == pytest.approx(0.75 * 0.1 - 0.9)
    assert bins.apply(state, log(9.0)) == pytest.approx(0.9 - 0.825 / 2.75)


def test_unknown_and_taken_names_of_calibrators_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="expected calibrators among temperature, bins, was oracle"):
        calibrator(ConfidenceParameters(calibrator="oracle"))
    with pytest.raises(ConfigurationError, match="expected a new name among calibrators, was 'bins'"):
        register("bins", lambda parameters: Bins(parameters.bins), BinsState)


@pytest.mark.parametrize("sharpness", [0.5, 2.0, 4.0])
def test_the_set_covers_what_it_promises(sharpness: float) -> None:
    random, conformal = Random(3), Conformal(ConformalParameters())
    state = conformal.start()
    for _ in range(8_000):
        truth = random.gauss(0.0, sharpness)
        up = random.random() < probability(truth)
        conformal.learn(state, probability(truth), state.threshold, up)
    assert state.covered / state.seen == pytest.approx(0.9, abs=1 / (0.02 * 8_000) + 0.005)


def test_the_set_covers_even_when_the_model_turns_wrong_and_labels_come_late() -> None:
    random, conformal = Random(4), Conformal(ConformalParameters())
    state = conformal.start()
    waiting: list[tuple[float, float, bool]] = []
    aside_before = aside_after = 0
    for number in range(8_000):
        truth = random.gauss(0.0, 3.0)
        said = probability(truth if number < 4_000 else -truth)
        if 2_000 <= number < 4_000:
            aside_before += conformal.stands_aside(state, said)
        if number >= 6_000:
            aside_after += conformal.stands_aside(state, said)
        waiting.append((said, state.threshold, random.random() < probability(truth)))
        if len(waiting) > 20:
            conformal.learn(state, *waiting.pop(0))
    assert state.covered / state.seen == pytest.approx(0.9, abs=0.02)
    assert aside_before < 0.4 * 2_000
    assert aside_after > 0.6 * 2_000


def test_a_side_is_called_where_the_other_one_can_be_excluded() -> None:
    conformal = Conformal(ConformalParameters())
    state = conformal.start()
    state.threshold = 0.3
    assert [conformal.stands_aside(state, p) for p in (0.1, 0.3, 0.31, 0.5, 0.69, 0.71)] == [
        False,
        False,
        True,
        True,
        True,
        False,
    ]
    state.threshold = 0.6  # both sides stay in
    assert [conformal.stands_aside(state, p) for p in (0.35, 0.5, 0.65)] == [False, True, False]


def test_expected_skill_is_that_of_probabilities_which_mean_what_they_say() -> None:
    random = Random(5)
    accuracy = entropy = hits = loss = 0.0
    for _ in range(20):
        expected = ExpectedSkill()
        for _ in range(500):
            p = probability(random.gauss(0.0, 1.5))
            up = random.random() < p
            expected.take(p)
            hits += ((p > 0.5) == up) / 10_000
            loss -= log(p if up else 1.0 - p) / 10_000
        accuracy += expected.accuracy / 20
        entropy += expected.log_loss / 20
    assert accuracy == pytest.approx(hits, abs=0.01)
    assert entropy == pytest.approx(loss, abs=0.01)


def test_without_predictions_the_calibration_error_is_zero() -> None:
    assert reliability([], []) == ()
    assert expected_calibration_error(()) == 0.0
    (row,) = reliability([0.5, 0.5], [True, False])
    assert (row.count, row.confidence, row.accuracy) == (2, 0.5, 0.5)
