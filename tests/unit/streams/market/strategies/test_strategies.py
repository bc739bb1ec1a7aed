from typing import Any

import pytest

from schemas.errors import ConfigurationError
from streams.market.features import FEATURES, SIGNED
from streams.market.regime import REGIMES, Regime
from streams.market.strategies import STRATEGIES, StrategyParameters, strategies
from streams.scoring.logistic import HIGHEST, LOWEST, log_odds, probability

CALM_RANGE, CALM_TREND = REGIMES[0], REGIMES[1]


def _opinion(name: str, regime: Regime = CALM_RANGE, **features: float) -> float:
    strategy: Any = STRATEGIES.build(name, StrategyParameters())
    opinion: float = strategy.opinion([features.get(feature, 0.0) for feature in strategy.needs], regime)
    return opinion


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


@pytest.mark.parametrize("name", StrategyParameters().enabled)
@pytest.mark.parametrize("regime", REGIMES, ids=lambda regime: regime.name)
def test_a_mirrored_market_gives_the_mirrored_opinion(name: str, regime: Regime) -> None:
    values = {feature: 0.3 * (index + 1) for index, feature in enumerate(FEATURES)}
    mirrored = {feature: -value if feature in SIGNED else value for feature, value in values.items()}
    assert _opinion(name, regime, **values) == pytest.approx(1.0 - _opinion(name, regime, **mirrored))
    assert name == "flat" or _opinion(name, regime, **values) != 0.5


@pytest.mark.parametrize(
    ("enabled", "sentence"), [(("rumour",), "expected strategies among"), (("flat", "flat"), "expected each of")]
)
def test_unknown_names_of_strategies_are_refused(enabled: tuple[str, ...], sentence: str) -> None:
    with pytest.raises(ConfigurationError, match=f"{sentence} imbalance, momentum, mean_reversion, flat"):
        strategies(StrategyParameters(enabled=enabled))


@pytest.mark.parametrize("value", [-1e300, -20.0, -1.0, 0.0, 0.25, 3.0, 20.0, 1e300])
def test_probabilities_never_reach_certainty(value: float) -> None:
    assert 0.0 < LOWEST <= probability(value) <= HIGHEST < 1.0
    assert log_odds(probability(value)) == pytest.approx(max(-13.8, min(13.8, value)))
