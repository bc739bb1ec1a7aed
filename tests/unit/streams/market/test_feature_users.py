"""Only features that something uses are computed, once, and each user gets them in the order that it asked for."""

from collections.abc import Iterator
from typing import Any

import pytest
from msgspec import Struct

from schemas.codec import encode
from schemas.errors import ConfigurationError, StateError
from schemas.predictions import Prediction
from schemas.ticks import Directive
from streams.market import strategies
from streams.market.features import FEATURES, SIGNED, FeatureParameters, Features
from streams.market.features import registry as features
from streams.market.features.family import Feature, Moment, NoState
from streams.market.node import MarketNode
from streams.market.regime import Regime
from streams.market.strategies import StrategyParameters
from streams.parameters import load_parameters
from streams.scoring.logistic import probability
from tests.support.market_ticks import seeded_ticks

QUICK = {"horizon_ns": 2_000_000, "scored_per_horizon": 5, "warmup_ticks": 10, "costs": {"fee_bps": 0.0}}
TICKS: list[Any] = [tick for tick in seeded_ticks(1, 800, odd=0.0) if not isinstance(tick, Directive)]


def _node(**market: Any) -> MarketNode:
    return MarketNode(load_parameters({"market": QUICK | market}))


def _predictions(node: MarketNode, restart_every: int = 0) -> list[Prediction]:
    state, predictions = node.open("X"), []
    for offset, tick in enumerate(TICKS):
        if restart_every and offset % restart_every == 0:
            state = node.load(node.dump(state))
        records = node.step(state, tick, f"ticks:0:{offset}")
        predictions += [record for record in records if isinstance(record, Prediction)]
    return predictions


def test_a_feature_that_nothing_needs_is_not_computed() -> None:
    (default, *_) = _predictions(_node())
    assert set(FEATURES) - set(default.features) == {"autocorrelation", "realised_volatility", "mid_age"}
    few = _node(strategies={"enabled": ["flat"]}, model={"features": ["queue_imbalance"]})
    (first, *_) = _predictions(few)
    untouched = {"rsi", "macd", "trade_flow_imbalance", "vwap_deviation"}
    assert not untouched & set(first.features)
    assert first.features_hash != default.features_hash


def test_a_feature_that_is_recorded_is_computed() -> None:
    (first, *_) = _predictions(_node(features={"recorded": ["mid_age", "realised_volatility", "autocorrelation"]}))
    assert first.features == FEATURES


def test_the_order_in_which_the_model_names_its_features_makes_no_difference() -> None:
    forward, backward = _node(), _node(model={"features": list(reversed(SIGNED))})
    for one, other in zip(_predictions(forward), _predictions(backward), strict=True):
        assert one.probability == pytest.approx(other.probability, abs=1e-9)


def test_a_view_is_in_the_order_of_those_who_need_it() -> None:
    computed = Features(FeatureParameters(), FEATURES)
    vector = [float(number) for number in range(len(FEATURES))]
    for needs in ((), ("spread",), ("spread", "return_1"), ("zscore", "rsi", "zscore")):
        assert list(computed.view(needs)(vector)) == [float(FEATURES.index(name)) for name in needs]


@pytest.mark.parametrize(
    ("market", "sentence"),
    [
        ({"model": {"features": ["spread"]}}, "spread keeps its sign when the market is mirrored"),
        ({"model": {"features": ["rsi", "rsi"]}}, "expected signed features, each once"),
        ({"model": {"features": ["rumour"]}}, r"\[market.model\]: expected features among .*, was rumour"),
        ({"features": {"recorded": ["rumour"]}}, r"\[market.features\]: .* was rumour"),
        ({"strategies": {"enabled": ["rumour"]}}, r"or name the module that registers it in \[plugins\]"),
    ],
)
def test_unknown_names_of_features_are_refused(market: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigurationError, match=sentence):
        _node(**market)


class Tilt:
    """A user's signed feature with a parameter: distance of the last trade from the mid."""

    features = (Feature("tilt", "bps", True, "price of the last trade / mid - 1, times a factor"),)
    state = NoState

    class Parameters(Struct, frozen=True, forbid_unknown_fields=True):
        factor: float = 1.0

    def __init__(self, parameters: Parameters) -> None:
        self._factor = parameters.factor

    def start(self, mid: float) -> NoState:
        return NoState()

    def advance(self, state: NoState, now: Moment) -> tuple[float]:
        return (self._factor * (now.price / now.mid - 1.0) * 1e4 if now.price else 0.0,)


class Slope(Struct, array_like=True):
    slope: float = 0.0
    labels: int = 0


class Follower:
    """A user's strategy that learns how far to follow the feature `tilt`."""

    needs = ("tilt",)
    state = Slope

    def opinion(self, features: Any, regime: Regime, state: Slope) -> float:
        return probability(state.slope * features[0])

    def learn(self, state: Slope, features: Any, up: bool) -> None:
        state.slope += 0.05 * (up - probability(state.slope * features[0])) * features[0]
        state.labels += 1


@pytest.fixture
def _own() -> Iterator[None]:
    features.register("tilts", Tilt)
    strategies.register("follower", Follower)
    yield
    del features.FAMILIES["tilts"], strategies.STRATEGIES["follower"]


OWN = {
    "strategies": {"enabled": [*StrategyParameters().enabled, "follower"]},
    "model": {"features": [*SIGNED, "tilt"]},
    "features": {"own": {"tilts": {"factor": 0.5}}},
}


@pytest.mark.usefixtures("_own")
class TestComponentsOfTheUser:
    def test_a_feature_and_a_strategy_of_the_user_are_computed_and_restored(self) -> None:
        node = _node(**OWN)
        predictions = _predictions(node)
        assert predictions[-1].features[-1] == "tilt"
        assert [encode(each) for each in _predictions(node, restart_every=37)] == [encode(each) for each in predictions]

    def test_a_strategy_of_the_user_learns_each_label_once(self) -> None:
        node = _node(**OWN)
        state = node.open("X")
        moved = 0
        for offset, tick in enumerate(TICKS):
            records = node.step(state, tick, f"ticks:0:{offset}")
            moved += sum(bool(getattr(record, "label", 0)) for record in records)
        assert state.strategies[0].labels == state.arms.arms[0].model.n_seen == moved > 50
        assert len(state.arms.arms[0].model.weights) == len(SIGNED) + 1
        assert state.arms.arms[0].model.weights[-1] != 0.0
        assert state.faults.counts == {}

    def test_a_feature_of_the_user_gets_its_own_parameters(self) -> None:
        half, whole = _node(**OWN), _node(**OWN | {"features": {}})
        assert half.open("X").made_with != whole.open("X").made_with
        with pytest.raises(ConfigurationError, match=r"\[market.features.own.tilts\]: .* was also faktor; fix: factor"):
            _node(**OWN | {"features": {"own": {"tilts": {"faktor": 1.0}}}})
        with pytest.raises(ConfigurationError, match=r"\[market.strategies.own.follower\]: expected no parameters"):
            _node(strategies={"enabled": ["follower"], "own": {"follower": {"slope": 1.0}}})

    def test_a_name_is_given_once(self) -> None:
        with pytest.raises(ConfigurationError, match="expected a new name among strategies, was 'follower'"):
            strategies.register("follower", Follower)
        with pytest.raises(ConfigurationError, match="expected new names of features, was family 'others' of tilt"):
            features.register("others", Tilt)

    def test_a_snapshot_of_other_states_is_an_error(self) -> None:
        node = _node(**OWN)
        state = node.open("X")
        state.strategies = []
        with pytest.raises(StateError, match="expected the states of the components"):
            node.load(node.dump(state))
