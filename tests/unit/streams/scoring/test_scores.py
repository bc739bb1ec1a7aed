"""Scores of one forecast, of columns of forecasts, of the accumulator and of the reliability table agree."""

from random import Random

import numpy as np
import pytest
from scipy.stats import binomtest

from streams.scoring import score_arrays, scores, tally
from streams.scoring.reliability import expected_calibration_error, reliability
from streams.scoring.wilson import wilson_ends

RANDOM = Random(5)
PROBABILITIES = [0.0, 1.0, 0.5, *(RANDOM.random() for _ in range(500))]
LABELS = [RANDOM.choice((-1, 1)) for _ in PROBABILITIES]


def test_one_forecast_and_a_column_of_them_score_alike() -> None:
    column, up = np.array(PROBABILITIES), np.array(LABELS) > 0
    losses = list(map(scores.log_loss, PROBABILITIES, LABELS))
    assert score_arrays.log_losses(column, up).tolist() == pytest.approx(losses, rel=1e-14)
    assert score_arrays.hits(column, up).tolist() == list(map(scores.hit, PROBABILITIES, LABELS))
    assert max(losses) == pytest.approx(34.539, abs=1e-3)


def test_the_accumulator_holds_the_means_of_the_scores() -> None:
    state = tally.start()
    for probability, label in zip(PROBABILITIES, LABELS, strict=True):
        tally.update(state, probability, label, 0.0, 0.0)
    found = tally.figures(state, "some")
    # To the bit: results of retrains hold sums of the one, accuracy windows of the other.
    assert found.log_loss == scores.mean_log_loss(PROBABILITIES, LABELS)
    assert found.brier == sum(map(scores.brier, PROBABILITIES, LABELS)) / len(LABELS)
    assert found.accuracy == sum(map(scores.hit, PROBABILITIES, LABELS)) / len(LABELS)
    table = reliability(PROBABILITIES, [label > 0 for label in LABELS], tally.BINS)
    assert found.ece == pytest.approx(expected_calibration_error(table), abs=1e-12)


def test_the_entropy_is_the_expected_log_loss() -> None:
    for probability in PROBABILITIES:
        expected = sum(
            chance * scores.log_loss(probability, label)
            for chance, label in ((probability, 1), (1.0 - probability, -1))
        )
        assert scores.entropy(probability) == pytest.approx(expected, abs=1e-12)


def test_a_gain_is_a_difference_of_log_losses() -> None:
    for label in (-1, 1):
        difference = scores.log_loss(0.3, label) - scores.log_loss(0.9, label)
        assert scores.log_loss_gain(0.9, 0.3, label) == pytest.approx(difference)


@pytest.mark.parametrize(("wins", "trials"), [(0, 3), (3, 3), (1, 7), (240, 400)])
def test_the_interval_of_a_share_is_that_of_scipy(wins: int, trials: int) -> None:
    found = binomtest(wins, trials).proportion_ci(method="wilson")
    assert wilson_ends(wins / trials, trials) == pytest.approx((found.low, found.high), abs=1e-12)
