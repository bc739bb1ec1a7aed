"""A component that fails is replaced by a harmless value and named in the prediction; the stream goes on."""

from collections.abc import Callable, Sequence
from math import inf, nan
from typing import Any

import pytest

from schemas.codec import encode
from schemas.outcomes import OutcomeMatured
from schemas.predictions import Prediction
from schemas.ticks import Directive, Quote, Trade
from streams.engine.registry import RegisteredPart
from streams.market import confidence, strategies
from streams.market.features import registry
from streams.market.features.family import Feature, Moment, NoState
from streams.market.node import MarketNode
from streams.market.regime import DETECTORS, Regime
from streams.market.sizing import RULES
from streams.market.sizing.protocol import Case
from streams.market.strategies import StrategyParameters
from streams.parameters import load_parameters
from streams.scoring.logistic import probability
from tests.support.market_ticks import seeded_ticks

QUICK = {"horizon_ns": 2_000_000, "scored_per_horizon": 5, "warmup_ticks": 10, "costs": {"fee_bps": 0.0}}
TICKS: list[Any] = [tick for tick in seeded_ticks(1, 600, odd=0.0) if not isinstance(tick, Directive)]


class Broken:
    """A strategy that returns a given answer, or raises it if it is an exception."""

    needs = ("queue_imbalance",)

    def __init__(self, answer: Any) -> None:
        self._answer = answer

    def opinion(self, features: Sequence[float], regime: Regime) -> float:
        if isinstance(self._answer, Exception):
            raise self._answer
        answer: float = self._answer
        return answer


class BrokenFeature:
    features = (Feature("hunch", "none", False, "whatever"),)
    state = NoState

    def __init__(self, answer: Any) -> None:
        self._answer = answer

    def start(self, mid: float) -> NoState:
        return NoState()

    def advance(self, state: NoState, now: Moment) -> Any:
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer

    def trade(self, state: NoState, now: Moment) -> Any:
        return self.advance(state, now)


@pytest.fixture
def with_strategy(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], MarketNode]:
    def node(answer: Any) -> MarketNode:
        monkeypatch.setitem(strategies.STRATEGIES, "broken", RegisteredPart(Broken, lambda parameters: Broken(answer)))
        enabled = {"enabled": [*StrategyParameters().enabled, "broken"]}
        return MarketNode(load_parameters({"market": QUICK | {"strategies": enabled}}))

    return node


@pytest.fixture
def with_feature(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], MarketNode]:
    def node(answer: Any) -> MarketNode:
        family = RegisteredPart(BrokenFeature, lambda parameters: BrokenFeature(answer))
        monkeypatch.setitem(registry.FAMILIES, "hunches", family)
        return MarketNode(load_parameters({"market": QUICK | {"features": {"recorded": ["hunch"]}}}))

    return node


def _run(node: MarketNode) -> tuple[Any, list[Prediction], list[OutcomeMatured]]:
    state = node.open("X")
    records = [record for offset, tick in enumerate(TICKS) for record in node.step(state, tick, f"ticks:0:{offset}")]
    predictions = [record for record in records if isinstance(record, Prediction)]
    assert len(predictions) == len(TICKS)
    assert all(map(encode, records))
    return state, predictions, [record for record in records if isinstance(record, OutcomeMatured)]


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (ZeroDivisionError(), "ZeroDivisionError"),
        (RecursionError(), "RecursionError"),
        (nan, "no probability"),
        (inf, "no probability"),
        (1.5, "no probability"),
        (-0.1, "no probability"),
        (None, "TypeError"),
        ("up", "ValueError"),
        ([0.5], "TypeError"),
    ],
)
def test_a_strategy_that_fails_is_undecided(
    with_strategy: Callable[[Any], MarketNode], answer: Any, problem: str
) -> None:
    state, predictions, outcomes = _run(with_strategy(answer))
    assert state.faults.counts == {"strategy broken": len(TICKS)}
    assert predictions[-1].reason.endswith(f"; strategy broken ({problem}): one half in its place")
    assert {outcome.experts["broken"] for outcome in outcomes} == {0.5}


@pytest.mark.parametrize("answer", [0.0, 1.0, True, 0, 1])
def test_a_strategy_may_be_as_sure_as_it_likes(with_strategy: Callable[[Any], MarketNode], answer: Any) -> None:
    """A certain answer is taken as an error of one in a million, so that the log-loss stays finite if it is wrong."""
    state, _, outcomes = _run(with_strategy(answer))
    assert state.faults.counts == {}
    (said,) = {outcome.experts["broken"] for outcome in outcomes}
    assert said == pytest.approx(float(answer), abs=2e-6)
    assert 0.0 < said < 1.0


@pytest.mark.parametrize(
    ("answer", "component", "problem"),
    [
        (KeyError("x"), "features hunches", "KeyError"),
        ((1.0, 2.0), "features hunches", "number of values"),
        (3.0, "features hunches", "TypeError"),
        ((nan,), "feature hunch", "not finite"),
        ((-inf,), "feature hunch", "not finite"),
    ],
)
def test_a_feature_that_fails_is_zero(
    with_feature: Callable[[Any], MarketNode], answer: Any, component: str, problem: str
) -> None:
    state, predictions, outcomes = _run(with_feature(answer))
    of_nothing = sum(isinstance(tick, Trade) and not tick.size for tick in TICKS)
    assert state.faults.counts[component] >= len(TICKS) - of_nothing
    assert of_nothing < 10
    assert f"{component} ({problem}): 0 in" in predictions[-1].reason
    assert {outcome.features["hunch"] for outcome in outcomes} == {0.0}


def test_a_component_that_fails_leaves_the_others_as_they_were(with_feature: Callable[[Any], MarketNode]) -> None:
    _, _, healthy = _run(with_feature((7.0,)))
    _, _, failing = _run(with_feature(OSError()))
    for one, other in zip(healthy, failing, strict=True):
        assert one.experts == other.experts
        assert one.features == other.features | {"hunch": 7.0}


class BrokenDetector:
    needs = ("return_1",)
    state = NoState

    def start(self) -> NoState:
        return NoState()

    def current(self, state: NoState) -> tuple[Regime, float]:
        raise OverflowError

    def advance(self, state: NoState, features: Sequence[float]) -> tuple[Regime, float]:
        raise OverflowError


class BrokenRule:
    def limit(self, case: Case) -> float:
        raise OverflowError


def _said_last(component: str, predictions: list[Prediction]) -> str:
    return next(each.reason for each in reversed(predictions) if component in each.reason)


def test_a_detector_that_fails_says_calm_and_ranging(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(DETECTORS, "ewma", RegisteredPart(BrokenDetector, lambda parameters: BrokenDetector()))
    state, predictions, _ = _run(MarketNode(load_parameters({"market": QUICK})))
    assert state.faults.counts == {"regime": len(TICKS)}
    assert "regime (OverflowError): calm-range" in _said_last("regime", predictions)
    assert {each.regime for each in predictions} == {"calm-range"}


def test_a_sizing_rule_that_fails_gives_no_position(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(RULES, "stand_aside", RegisteredPart(BrokenRule, lambda parameters, horizon_ns: BrokenRule()))
    costless = QUICK | {"costs": {"enabled": []}}
    state, predictions, _ = _run(MarketNode(load_parameters({"market": costless})))
    assert state.faults.counts["sizing"] > 100
    assert "sizing (OverflowError): no position" in _said_last("sizing", predictions)
    assert {each.position_size for each in predictions} == {0.0}


@pytest.mark.parametrize("answer", [nan, inf, -1.0, None])
def test_an_unknown_cost_is_prohibitive(monkeypatch: pytest.MonkeyPatch, answer: Any) -> None:
    node = MarketNode(load_parameters({"market": QUICK}))
    monkeypatch.setattr(node._pipeline._world._costs, "round_trip_bps", lambda spread: answer)
    state, predictions, outcomes = _run(node)
    assert state.faults.counts == {"costs": len(TICKS)}
    assert {each.position_size for each in predictions} == {0.0}
    assert {each.arms[0].net_bps for each in outcomes} == {0.0}


class BrokenCalibrator:
    def __init__(self, answer: Any) -> None:
        self._answer = answer

    def start(self) -> NoState:
        return NoState()

    def apply(self, state: NoState, log_odds: float) -> Any:
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer

    def learn(self, state: NoState, log_odds: float, up: bool, uniqueness: float = 1.0) -> None:
        self.apply(state, log_odds)


@pytest.mark.parametrize(
    ("answer", "problem"),
    [(ArithmeticError(), "ArithmeticError"), (nan, "no probability"), (2.0, "no probability"), (None, "TypeError")],
)
def test_a_calibrator_that_fails_is_the_identity(monkeypatch: pytest.MonkeyPatch, answer: Any, problem: str) -> None:
    broken = RegisteredPart(BrokenCalibrator, lambda parameters: BrokenCalibrator(answer))
    monkeypatch.setitem(confidence.CALIBRATORS, "broken", broken)
    node = MarketNode(load_parameters({"market": QUICK | {"confidence": {"calibrator": "broken"}}}))
    state, predictions, outcomes = _run(node)
    assert state.faults.counts["calibrator"] >= len(TICKS)
    assert f"calibrator ({problem}): log-odds as they are" in predictions[-1].reason
    assert len({outcome.arms[0].probability for outcome in outcomes}) > 50, "the mixture is still heard"
    for entry in state.pending:
        assert entry.stances[0].opinion.probability == probability(entry.stances[0].opinion.log_odds)


def test_a_model_that_is_broken_is_undecided() -> None:
    node = MarketNode(load_parameters({"market": QUICK}))
    state = node.open("X")
    state.arms.arms[0].model.weights[3] = nan
    for offset, tick in enumerate(TICKS):
        records: Sequence[Any] = node.step(state, tick, f"ticks:0:{offset}")
        assert all(map(encode, records))
        assert "model signed_logistic (not finite): one half in its place" in records[-1].reason
    assert state.faults.counts["model signed_logistic"] == len(TICKS)


def test_an_order_to_stop_is_no_fault(with_strategy: Callable[[Any], MarketNode]) -> None:
    node = with_strategy(0.5)

    def interrupted(*arguments: Any) -> Any:
        raise KeyboardInterrupt

    node._pipeline._world.panel._members[0] = ("imbalance", lambda vector: (), interrupted, -1)
    with pytest.raises(KeyboardInterrupt):
        node.step(node.open("X"), Quote("X", 1, 99.0, 1.0, 101.0, 1.0), "ticks:0:0")


def test_faults_survive_a_restart(with_strategy: Callable[[Any], MarketNode]) -> None:
    node = with_strategy(ValueError())
    state = node.open("X")
    node.step(state, Trade("X", 1, 100.0, 1.0, "buy"), "ticks:0:0")
    restored = node.load(node.dump(state))
    node.step(restored, Trade("X", 2, 100.0, 1.0, "buy"), "ticks:0:1")
    assert restored.faults.counts == {"strategy broken": 2}


def _spoil_mixture(arm: Any, number: float) -> None:
    arm.weights[:] = [number] * len(arm.weights)


def _spoil_correction(arm: Any, number: float) -> None:
    arm.correction.covariance[:] = [number] * len(arm.correction.covariance)


def _spoil_recall(arm: Any, number: float) -> None:
    arm.recall.beliefs[:] = [number] * len(arm.recall.beliefs)


@pytest.mark.parametrize("number", [0.0, -1.0, 1e300, inf, nan])
@pytest.mark.parametrize("spoil", [_spoil_mixture, _spoil_correction, _spoil_recall])
def test_numbers_that_left_their_range_are_noted_and_learned_anew(
    spoil: Callable[[Any, float], None], number: float
) -> None:
    table = {"market": QUICK | {"recall": {"every": 20}}}
    node = MarketNode(load_parameters(table))
    state = node.open("X")
    records: list[Any] = []
    for place, tick in enumerate(TICKS):
        if place == len(TICKS) // 2:
            spoil(state.arms.arms[0], number)
            before = dict(state.faults.counts)
        records += node.step(state, tick, f"ticks:0:{place}")
    arm = state.arms.arms[0]
    assert all(0.0 < each.probability < 1.0 for each in records if isinstance(each, Prediction))
    assert all(0.0 <= weight <= 1.0 for weight in arm.weights)
    assert abs(sum(arm.weights) - 1.0) < 1e-6
    assert all(abs(weight) < 1e9 for weight in (*arm.correction.weights, *arm.correction.covariance))
    assert 0.0 <= arm.correction.trust <= 1.0
    assert abs(sum(arm.recall.beliefs) - 1.0) < 1e-6
    noted = {name for name, count in state.faults.counts.items() if count > before.get(name, 0)}
    assert noted <= {"mixture", "correction"}
    if (spoil is _spoil_mixture and number != 0.0) or (spoil is _spoil_correction and abs(number) > 1e100):
        assert noted, "what was stood in for is said"
