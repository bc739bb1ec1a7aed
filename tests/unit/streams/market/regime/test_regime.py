from collections.abc import Sequence
from itertools import pairwise
from math import sqrt
from random import Random

import pytest
from msgspec import Struct

from schemas.errors import ConfigurationError
from schemas.predictions import Prediction
from schemas.ticks import Quote
from streams.market.node import MarketNode
from streams.market.regime import DETECTORS, REGIMES, Regime, RegimeParameters, detector, register
from streams.market.regime.ewma import Ewma
from streams.market.regime.parameters import EwmaParameters
from streams.parameters import load_parameters


def _labels(changes: list[float], dwell: int = 100) -> list[Regime]:
    """Regime after each return, given the volatility that the features would have."""
    ewma = Ewma(EwmaParameters(dwell=dwell))
    state = ewma.start()
    labels, variance = [], changes[0] ** 2
    for change in changes:
        variance += 0.03 * (change * change - variance)
        labels.append(ewma.advance(state, (change, sqrt(variance)))[0])
    return labels


def _switches(labels: list[Regime]) -> int:
    return sum(before is not after for before, after in pairwise(labels))


def test_the_name_of_a_regime_says_volatility_and_trend() -> None:
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


def test_the_scale_of_prices_makes_no_difference() -> None:
    random = Random(4)
    changes = [random.gauss(0.0, 1.0 + number // 500 % 2) for number in range(2_000)]
    assert _labels(changes) == _labels([1024 * change for change in changes])


def test_a_price_that_never_moves_is_calm() -> None:
    assert {label.name for label in _labels([0.0] * 500)} == {"calm-range"}


def test_an_unknown_detector_is_named_with_those_there_are() -> None:
    with pytest.raises(ConfigurationError, match=r"among ewma, hmm.*was oracle"):
        detector(RegimeParameters(detector="oracle"))


def test_the_node_runs_the_detector_that_its_parameters_name_and_says_how_sure_it_is() -> None:
    random = Random(5)
    ticks, mid = [], 10_000.0
    for number in range(3_000):
        mid += random.choice((-1, 1)) * (8 if number >= 2_000 else 1)
        ticks.append(Quote("X", 1_000_000 * (number + 1), (mid - 1) / 100, 1.0, (mid + 1) / 100, 1.0))
    for name in DETECTORS:
        node = MarketNode(load_parameters({"market": {"regime": {"detector": name}}}))
        state = node.open("X")
        for number, tick in enumerate(ticks):
            prediction = node.step(state, tick, f"ticks:0:{number}")[-1]
            assert isinstance(prediction, Prediction)
            if number == 1_900:
                assert prediction.regime.startswith("calm")
                assert 0.5 < prediction.regime_probability < 1.0
        assert isinstance(prediction, Prediction)
        assert prediction.regime.startswith("volatile")
        state = node.load(node.dump(state))
        assert type(state.regime) is detector(RegimeParameters(detector=name)).state


class Count(Struct, array_like=True):
    """State of a regime detector that a user registers."""

    quotes: int = 0


class EveryOther:
    """A regime detector of a user, which calls every other quote volatile."""

    needs = ("spread",)
    state = Count

    def start(self) -> Count:
        return Count()

    def current(self, state: Count) -> tuple[Regime, float]:
        return REGIMES[2 * (state.quotes % 2)], 0.75

    def advance(self, state: Count, features: Sequence[float]) -> tuple[Regime, float]:
        state.quotes += 1
        return self.current(state)


def test_a_detector_of_the_user_is_registered_by_name(request: pytest.FixtureRequest) -> None:
    register("every_other", EveryOther)
    request.addfinalizer(lambda: DETECTORS.pop("every_other"))
    with pytest.raises(ConfigurationError, match="'every_other'"):
        register("every_other", EveryOther)
    node = MarketNode(load_parameters({"market": {"regime": {"detector": "every_other"}}}))
    state = node.open("X")
    said = []
    for number in range(4):
        state = node.load(node.dump(state))
        prediction = node.step(state, Quote("X", number + 1, 99.0, 1.0, 101.0, 1.0), f"ticks:0:{number}")[-1]
        assert isinstance(prediction, Prediction)
        said.append((prediction.regime, prediction.regime_probability))
    assert said == [("volatile-range", 0.75), ("calm-range", 0.75)] * 2
