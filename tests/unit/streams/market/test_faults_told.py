"""Failing parts and models that reached their largest size are records, told once, then at every tenfold number."""

from collections.abc import Iterator
from typing import Any

import pytest
from msgspec import UNSET, json, msgpack

from schemas.faults import ComponentFailed
from schemas.outcomes import OutcomeMatured
from schemas.predictions import Prediction
from schemas.ticks import Directive
from streams.market.features import SIGNED
from streams.market.models import own
from streams.market.node import MarketNode
from streams.market.strategies import STRATEGIES
from streams.parameters import load_parameters
from streams.sources.synthetic import synthetic_market

SYMBOL = "CEDAR"
TICKS = list(synthetic_market(3, [SYMBOL], ticks=3_000))
GROWS = {
    "kind": "river",
    "model": "neighbors.KNNClassifier",
    "features": SIGNED[:5],
    "largest_bytes": 20_000,
    "parameters": {"engine": {"model": "neighbors.LazySearch", "parameters": {"window_size": 1_000}}},
}
"""A model of River that keeps every label, and so reaches its largest size."""

PLUGIN = "moody"


class Moody:
    """A model of a plug-in that grows, or fails from some label on."""

    state = list[float]
    fails_from = 10**9

    def start(self, features: Any) -> list[float]:
        return []

    def opinion(self, state: list[float], features: Any) -> float:
        if len(state) >= self.fails_from:
            raise ZeroDivisionError
        return 0.6

    def learn(self, state: list[float], features: Any, up: bool, uniqueness: float) -> None:
        state.append(0.1)


@pytest.fixture
def moody(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Moody]]:
    own.register(PLUGIN, Moody)
    yield Moody
    del own.MODELS[PLUGIN]


def _node(**tables: Any) -> MarketNode:
    return MarketNode(load_parameters({"market": tables}))


def _run(node: MarketNode, state: Any, events: list[Any], first: int = 0) -> list[Any]:
    return [each for at, event in enumerate(events, first) for each in node.step(state, event, f"ticks:0:{at}")]


def _told(records: list[Any]) -> list[ComponentFailed]:
    return [each for each in records if isinstance(each, ComponentFailed)]


def test_a_model_that_reaches_its_size_is_told_once_with_version_and_size_and_in_a_copy_again() -> None:
    node = _node(models={"near": GROWS})
    state = node.open(SYMBOL)
    (frozen,) = _told(_run(node, state, TICKS[:2_000]))
    live = state.arms.arms[0]
    assert (frozen.effect, frozen.component, frozen.arm, frozen.version) == (
        "frozen",
        "model near",
        "live",
        live.version,
    )
    assert 15_000 < frozen.size_bytes <= 30_000
    assert frozen.sentence == f"model near of {live.version} reached {frozen.size_bytes:,} bytes and learns no more"

    again = node.load(node.dump(state))
    assert not _told(_run(node, again, TICKS[2_000:2_300], 2_000))

    copy = Directive("d1", SYMBOL, TICKS[2_000].ts_event, "start_arm", "twin", "test", version="twin-1", from_live=True)
    node.step(state, copy, "ticks:0:1999:9")
    (told,) = _told(_run(node, state, TICKS[2_000:2_300], 2_000))
    assert (told.effect, told.version, told.arm) == ("frozen", "twin-1", "twin")
    assert told.sentence.endswith(" bytes and learns no more")
    assert 15_000 < told.size_bytes <= 30_000


def test_a_model_of_a_plug_in_that_starts_anew_is_told_at_every_tenfold(moody: type[Moody]) -> None:
    node = _node(models={"moody": {"kind": "own", "of": PLUGIN, "features": SIGNED[:2], "largest_bytes": 1_000}})
    told = _told(_run(node, node.open(SYMBOL), TICKS))
    assert [(each.effect, each.count) for each in told] == [("restarted", 1)]
    assert told[0].size_bytes > 1_000


def test_a_failing_model_is_told_at_every_tenfold_and_silent_in_the_outcomes(
    moody: type[Moody], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moody, "fails_from", 5)
    node = _node(models={"moody": {"kind": "own", "of": PLUGIN, "features": SIGNED[:2]}})
    state = node.open(SYMBOL)
    records = _run(node, state, TICKS)
    assert [each.count for each in _told(records)] == [1, 10, 100, 1_000]
    assert {(each.effect, each.problem, each.component) for each in _told(records)} == {
        ("failed", "ZeroDivisionError", "model moody")
    }
    outcomes = [each for each in records if isinstance(each, OutcomeMatured)]
    assert outcomes[0].silent is UNSET
    assert outcomes[-1].silent == ("moody",)
    assert node.failures["model moody"] == state.faults.counts["model moody"] > 1_000
    places = [each.id for each in records]
    assert len({*places}) == len(places) - sum(isinstance(each, Prediction) for each in records) + len(TICKS)


def test_a_shadow_arm_is_told_by_its_own_version_and_changes_no_prediction(
    moody: type[Moody], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moody, "fails_from", 0)
    plain, beside = _node(), _node()
    states = plain.open(SYMBOL), beside.open(SYMBOL)
    _run(plain, states[0], TICKS[:300])
    _run(beside, states[1], TICKS[:300])
    table = {"moody": {"kind": "own", "of": PLUGIN, "features": list(SIGNED[:2])}}
    start = Directive(
        "d1", SYMBOL, TICKS[300].ts_event, "start_arm", "x", "test", version="x-1", overrides={"models": table}
    )
    beside.step(states[1], start, "ticks:0:299:9")
    one, other = _run(plain, states[0], TICKS[300:600], 300), _run(beside, states[1], TICKS[300:600], 300)
    assert [each for each in one if isinstance(each, Prediction)] == [
        each for each in other if isinstance(each, Prediction)
    ]
    assert not _told(one)
    assert {(each.version, each.arm) for each in _told(other)} == {("x-1", "x")}
    assert not states[1].faults.of_arm(0)
    assert states[1].faults.of_arm(1)
    stop = Directive("d2", SYMBOL, TICKS[600].ts_event, "stop_arm", "x", "test")
    beside.step(states[1], stop, "ticks:0:599:9")
    assert states[1].faults.of_arms is UNSET


def test_a_failing_strategy_is_told_as_common_to_all_arms_and_nothing_else_changes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Rumour:
        needs = ("spread",)

        def opinion(self, features: Any, regime: Any) -> float:
            raise KeyError("gone")

    STRATEGIES.register("rumour", Rumour)
    try:
        node = _node(strategies={"enabled": ["imbalance", "rumour"]})
        told = _told(_run(node, node.open(SYMBOL), TICKS[:150]))
    finally:
        del STRATEGIES["rumour"]
    assert [(each.component, each.version, each.count) for each in told] == [
        ("strategy rumour", "", 1),
        ("strategy rumour", "", 10),
        ("strategy rumour", "", 100),
    ]


def test_without_faults_a_state_has_the_bytes_that_it_had() -> None:
    node = _node()
    state = node.open(SYMBOL)
    assert not _told(_run(node, state, TICKS[:500]))
    assert json.decode(json.encode(state.faults)) == {"counts": {}, "latest": []}
    stored = node.dump(state)
    # Fields that are left out must not leave a longer header of their table behind either.
    assert msgpack.encode(msgpack.decode(stored)) == stored
