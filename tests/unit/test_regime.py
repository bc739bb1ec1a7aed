from itertools import pairwise
from math import sqrt
from random import Random

from streams.regime import REGIMES, Regime, RegimeDetector, RegimeParameters, RegimeState


def _labels(changes: list[float], **parameters: float) -> list[Regime]:
    """Labels after each return, with the volatility that the features would give."""
    detector, state = RegimeDetector(RegimeParameters(**parameters)), RegimeState()  # type: ignore[arg-type]
    labels, variance = [], changes[0] ** 2
    for change in changes:
        variance += 0.03 * (change * change - variance)
        labels.append(detector.advance(state, change, sqrt(variance)))
        assert detector.current(state) is labels[-1]
    return labels


def _switches(labels: list[Regime]) -> int:
    return sum(before is not after for before, after in pairwise(labels))


def test_names_say_what_they_are() -> None:
    assert [regime.name for regime in REGIMES] == ["calm-range", "calm-trend", "volatile-range", "volatile-trend"]
    for regime in REGIMES:
        assert regime.name.startswith("volatile") == regime.volatile
        assert regime.name.endswith("trend") == regime.trending


def test_a_burst_of_volatility_is_found_and_left_again() -> None:
    random = Random(1)
    sigmas = [1.0] * 3_000 + [3.0] * 500 + [1.0] * 1_500
    labels = _labels([random.gauss(0.0, sigma) for sigma in sigmas])
    assert sum(label.volatile for label in labels[:3_000]) < 300
    assert sum(label.volatile for label in labels[3_000:3_500]) > 450
    assert sum(label.volatile for label in labels[3_600:]) < 300


def test_a_drift_is_found_and_left_again() -> None:
    random = Random(2)
    drifts = [0.0] * 3_000 + [0.5] * 1_000 + [0.0] * 2_000
    labels = _labels([drift + random.gauss(0.0, 1.0) for drift in drifts])
    assert sum(label.trending for label in labels[:3_000]) < 450
    assert sum(label.trending for label in labels[3_000:4_000]) > 900
    assert sum(label.trending for label in labels[4_300:]) < 300


def test_a_label_stays_for_its_dwell() -> None:
    random = Random(3)
    changes = [random.gauss(0.0, random.choice((0.2, 4.0))) for _ in range(4_000)]
    restless, patient = _labels(changes, dwell=0), _labels(changes, dwell=100)
    assert _switches(restless) > _switches(patient) > 2
    kept = 0
    for before, after in pairwise(patient):
        kept += 1
        if before.volatile != after.volatile:
            assert kept >= 100
            kept = 0


def test_scale_makes_no_difference() -> None:
    random = Random(4)
    changes = [random.gauss(0.0, 1.0 + number // 500 % 2) for number in range(2_000)]
    assert _labels(changes) == _labels([1024 * change for change in changes])


def test_a_price_that_never_moves_is_calm() -> None:
    assert {label.name for label in _labels([0.0] * 500)} == {"calm-range"}
