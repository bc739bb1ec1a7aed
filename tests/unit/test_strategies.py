from collections.abc import Sequence

import pytest

from schemas.errors import ConfigurationError
from streams.features import FEATURES, SIGNED
from streams.logistic import HIGHEST, LOWEST, log_odds, probability
from streams.regime import REGIMES, Regime
from streams.strategies import STRATEGIES, StrategyParameters, strategies

CALM_RANGE, CALM_TREND = REGIMES[0], REGIMES[1]


def _opinion(name: str, regime: Regime = CALM_RANGE, **features: float) -> float:
    vector = [features.get(feature, 0.0) for feature in FEATURES]
    return STRATEGIES[name](StrategyParameters()).opinion(vector, regime)


def test_imbalance_follows_the_heavier_side() -> None:
    assert _opinion("imbalance", queue_imbalance=0.5) == pytest.approx(0.7310585786)
    assert _opinion("imbalance", queue_imbalance=-0.5) == pytest.approx(1 - 0.7310585786)


def test_momentum_follows_the_move_and_more_so_in_a_trend() -> None:
    move = {"return_50": 14.142135623730951, "ewma_volatility": 1.0}  # two standard deviations
    assert _opinion("momentum", CALM_TREND, **move) == pytest.approx(probability(0.6))
    assert _opinion("momentum", CALM_RANGE, **move) == pytest.approx(probability(0.3))
    assert _opinion("momentum", CALM_RANGE, return_50=5.0) == 0.5
    assert _opinion("momentum", CALM_TREND, return_50=1e9, ewma_volatility=1.0) == pytest.approx(probability(1.2))


def test_mean_reversion_goes_against_the_distance_and_less_so_in_a_trend() -> None:
    assert _opinion("mean_reversion", CALM_RANGE, zscore=2.0) == pytest.approx(probability(-0.4))
    assert _opinion("mean_reversion", CALM_TREND, zscore=2.0) == pytest.approx(probability(-0.1))
    assert _opinion("mean_reversion", CALM_RANGE, zscore=-1e9) == pytest.approx(probability(0.8))


@pytest.mark.parametrize("name", STRATEGIES)
@pytest.mark.parametrize("regime", REGIMES, ids=lambda regime: regime.name)
def test_a_mirrored_market_gives_the_mirrored_opinion(name: str, regime: Regime) -> None:
    vector = [0.3 * (index + 1) for index in range(len(FEATURES))]
    mirrored = [-value if feature in SIGNED else value for feature, value in zip(FEATURES, vector, strict=True)]
    opinion = STRATEGIES[name](StrategyParameters()).opinion
    assert opinion(vector, regime) == pytest.approx(1.0 - opinion(mirrored, regime))
    assert name == "flat" or opinion(vector, regime) != 0.5


@pytest.mark.parametrize("enabled", [("rumour",), ("flat", "flat")])
def test_names_that_make_no_sense(enabled: tuple[str, ...]) -> None:
    with pytest.raises(ConfigurationError, match="expected each of imbalance, momentum, mean_reversion, flat"):
        strategies(StrategyParameters(enabled=enabled))


@pytest.mark.parametrize("value", [-1e300, -20.0, -1.0, 0.0, 0.25, 3.0, 20.0, 1e300])
def test_probabilities_never_reach_certainty(value: float) -> None:
    assert 0.0 < LOWEST <= probability(value) <= HIGHEST < 1.0
    assert log_odds(probability(value)) == pytest.approx(max(-13.8, min(13.8, value)))


def test_a_strategy_of_ones_own_is_any_object_with_an_opinion() -> None:
    class Contrarian:
        def opinion(self, features: Sequence[float], regime: Regime) -> float:
            return 1.0 - _opinion("imbalance", regime, queue_imbalance=features[FEATURES.index("queue_imbalance")])

    vector = [0.5] * len(FEATURES)
    assert Contrarian().opinion(vector, CALM_RANGE) == pytest.approx(1 - 0.7310585786)
