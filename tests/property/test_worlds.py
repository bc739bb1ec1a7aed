"""Arms with a world of their own: other features, regime, strategies or costs than the symbol, tested beside it."""

from dataclasses import replace as changed
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import asdict, replace

from schemas.codec import encode
from schemas.errors import Refused
from schemas.outcomes import OutcomeMatured
from schemas.predictions import Prediction
from schemas.ticks import Directive, Quote, Tick
from streams.engine.partition import KeySnapshot, Partition
from streams.market.node import MarketNode
from streams.market.strategies import STRATEGIES
from streams.market.symbol_state import SymbolState
from tests.support.market_ticks import QUICK, START, promote_arm, quick_node, seeded_ticks, start_arm

OTHER: dict[str, Any] = {
    "features": {
        "order_flow_window": 7,
        "trade_window": "3ms",
        "recorded": ["return_5ms", "quote_rate_2ms"],
        "oscillators": {"macd_fast": 5},
    },
    "regime": {"detector": "hmm", "hmm": {"warmup": 20}},
    "strategies": {"enabled": ["momentum", "imbalance"], "imbalance": {"slope": 3.5}},
    "costs": {"fee_bps": 0.01},
    "mixture": {"rate": 0.2},
    "sizing": {"kelly_fraction": 0.5},
}
"""An arm that differs from the symbol in everything that an arm may differ in."""

SAME: dict[str, Any] = {"regime": {"detector": "ewma"}}
"""An arm that computes everything by itself, with the symbol's own parameters."""


class Empty(msgspec.Struct):
    """State of a strategy that remembers nothing."""


def begun(arm: str, overrides: dict[str, Any], from_live: bool = False) -> Directive:
    return Directive(
        id=f"start-{arm}",
        symbol="X",
        ts_event=START,
        action="start_arm",
        arm=arm,
        cause="test",
        overrides=overrides,
        from_live=from_live,
        version=f"{arm}-v1",
    )


def run(node: MarketNode, ticks: list[Tick], state: SymbolState | None = None) -> list[Any]:
    """Apply ticks to a node and return its outputs; ids count market ticks only, and refused ticks are skipped."""
    state = state or node.open("X")
    records: list[Any] = []
    number = 0
    for tick in ticks:
        record_id = f"ticks:0:{number}"
        if not isinstance(tick, Directive):
            number += 1
        try:
            records.extend(node.step(state, tick, record_id))
        except Refused:
            continue
    return records


def predictions(records: list[Any]) -> list[Prediction]:
    return [each for each in records if isinstance(each, Prediction)]


def outcomes(records: list[Any]) -> list[OutcomeMatured]:
    return [each for each in records if isinstance(each, OutcomeMatured)]


def without_names(prediction: Prediction) -> dict[str, Any]:
    return asdict(replace(prediction, model_version=""))


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_an_arm_with_the_symbols_own_parameters_in_a_world_of_its_own_gives_the_live_arms_opinions(seed: int) -> None:
    ticks = seeded_ticks(seed, 600)
    found = outcomes(run(quick_node(), [begun("twin", SAME), *ticks]))
    assert found
    for outcome in found:
        live, twin = outcome.arms
        assert replace(twin, arm=live.arm, model_version=live.model_version) == live


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_a_world_that_is_live_predicts_as_a_node_that_was_configured_so(seed: int) -> None:
    ticks = seeded_ticks(seed, 600)
    configured = {name: QUICK.get(name, {}) | table for name, table in OTHER.items()}
    expected = predictions(run(quick_node(**configured), ticks))
    found = predictions(run(quick_node(), [begun("other", OTHER), promote_arm("other"), *ticks]))
    assert [without_names(each) for each in found] == [without_names(each) for each in expected]
    assert {each.model_version for each in found} == {"other-v1"}


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32), at=st.integers(0, 300))
def test_a_world_beside_the_live_arm_does_not_change_its_predictions_nor_the_way_back(seed: int, at: int) -> None:
    ticks: list[Tick] = list(seeded_ticks(seed, 600, odd=0.0))
    alone = [asdict(each) for each in predictions(run(quick_node(), ticks))]
    directed = [*ticks[:at], begun("other", OTHER), *ticks[at : at + 100], promote_arm("other"), *ticks[at + 100 :]]
    directed[at + 252 : at + 252] = [promote_arm("builtin", number=1)]
    found = [asdict(each) for each in predictions(run(quick_node(), directed))]
    assert found[: at + 100] == alone[: at + 100]
    assert found[at + 250 :] == alone[at + 250 :]
    assert {each["model_version"] for each in found[at + 100 : at + 250]} == {"other-v1"}


def eventful(seed: int, count: int) -> list[Tick]:
    """Ticks with directives in between that start and promote arms with worlds of their own."""
    ticks = seeded_ticks(seed, count)
    for part, directives in (
        (7, [promote_arm("builtin", number=1)]),
        (6, [begun("plain", {"sizing": {"kelly_fraction": 0.2}}, from_live=True)]),
        (5, [begun("child", OTHER | {"costs": {"fee_bps": 0.5}}, from_live=True)]),
        (4, [promote_arm("other")]),
        (3, [start_arm("model"), begun("warm", SAME, from_live=True)]),
        (2, [begun("other", OTHER)]),
    ):
        ticks[part * count // 9 : part * count // 9] = directives
    return ticks


def written(ticks: list[Tick], restore_before: set[int]) -> tuple[list[bytes], dict[str, bytes]]:
    partition = Partition(quick_node(), 0)
    records: list[bytes] = []
    for offset, tick in enumerate(ticks):
        if offset in restore_before:
            stored = {name: partition.snapshot(name) for name in partition.keys}
            partition = Partition(quick_node(), 0, partition.offset)
            for name, snapshot in stored.items():
                partition.restore(name, msgspec.msgpack.decode(snapshot, type=KeySnapshot))
        records.extend(map(encode, partition.apply(offset, b"", encode(tick))))
    return records, {name: partition.snapshot(name) for name in partition.keys}


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32), at=st.sets(st.integers(0, 450), max_size=5))
def test_a_node_with_worlds_restored_at_any_event_gives_the_same_bytes(seed: int, at: set[int]) -> None:
    ticks = eventful(seed, 450)
    assert written(ticks, at) == written(ticks, set())


def test_all_arms_of_the_eventful_ticks_run_and_are_scored() -> None:
    node = quick_node()
    state = node.open("X")
    found = outcomes(run(node, eventful(3, 900), state))
    assert [(arm.name, arm.world is not None) for arm in state.arms.arms] == [
        ("live", False),
        ("other-v1", True),
        ("model", False),
        ("warm", True),
        ("child", True),
        ("plain", False),
    ]
    assert {arm.arm for arm in found[-1].arms} == {"live", "other-v1", "warm", "model", "child", "plain"}
    # Of the live arm's experts an outcome has all, and those of the symbol besides.
    middle = next(each for each in found if each.arms[0].model_version == "other-v1")
    assert list(middle.experts) == ["imbalance", "momentum", "mean_reversion", "flat", "signed_logistic"]
    assert list(middle.weights) == ["momentum", "imbalance", "signed_logistic"]
    assert middle.regime


def test_a_world_that_starts_cold_is_scored_after_its_warm_up_and_one_that_inherits_at_once() -> None:
    ticks = seeded_ticks(5, 400, odd=0.0)
    cold = outcomes(run(quick_node(), [*ticks[:200], begun("arm", SAME), *ticks[200:]]))
    node = quick_node()
    state = node.open("X")
    warm = outcomes(run(node, [*ticks[:200], begun("arm", SAME, from_live=True), *ticks[200:]], state))
    first = [next(n for n, each in enumerate(found) if len(each.arms) == 2) for found in (cold, warm)]
    assert first[0] > first[1]
    world = state.arms.arms[1].world
    assert world is not None
    assert (world.features, world.regime) == (state.features, state.regime)


def test_a_break_of_the_clock_begins_every_world_anew() -> None:
    node = quick_node()
    state = node.open("X")
    ticks = seeded_ticks(6, 200, odd=0.0)
    run(node, [begun("other", OTHER), *ticks], state)
    world = state.arms.arms[1].world
    assert world is not None
    assert world.ticks == QUICK["warmup_ticks"]
    later = START + 10**18
    for number in range(30):
        quote = Quote("X", later + number * 1_000_000, 500.0, 1.0, 500.1, 1.0)
        try:
            node.step(state, quote, f"ticks:0:{1_000 + number}")
        except Refused:
            continue
    assert state.admission.generation == 1
    assert world.features is not None
    assert world.features.now.mid == pytest.approx(500.05)
    assert world.ticks < 30


def test_what_a_world_may_not_be_is_refused_with_a_sentence_and_changes_nothing() -> None:
    node = quick_node()
    state = node.open("X")
    run(node, seeded_ticks(7, 50), state)
    before = node.dump(state)
    for overrides, sentence in (
        ({"strategies": {"enabled": ["momentun"]}}, "expected strategies among"),
        ({"regime": {"detector": "weather"}}, "expected detectors among"),
        ({"features": {"order_flow_window": 0}}, "overrides.features"),
        ({"costs": {"fee_bps": -1.0}}, "overrides.costs"),
        ({"admission": {"max_jump": 0.5}}, "expected tables among"),
        ({"strategies": {"enabled": ["flat"]}, "mixture": {"prior": {"momentum": 1.0}}}, "expected experts among"),
    ):
        with pytest.raises(Refused, match=sentence):
            node.step(state, begun("wrong", overrides), "ticks:0:99")
        assert node.dump(state) == before


def test_a_world_that_finds_no_room_in_the_state_is_refused() -> None:
    node = quick_node()
    state = node.open("X")
    node._pipeline.give_models(100_000)
    large = {"features": {"order_flow_window": 10_000, "trade_window": 10_000}}
    with pytest.raises(Refused, match="expected models and own features of at most 100,000 bytes"):
        node.step(state, begun("large", large), "ticks:0:0")
    node.step(state, begun("small", OTHER), "ticks:0:1")
    assert len(state.arms.arms) == 2


def test_failures_of_an_arm_in_shadow_are_not_told_in_the_predictions_of_the_live_one() -> None:
    class Failing:
        needs = ("queue_imbalance",)
        state = Empty

        def opinion(self, features: Any, regime: Any, state: Any) -> float:
            raise ZeroDivisionError

        def learn(self, state: Any, features: Any, up: bool) -> None:
            raise ZeroDivisionError

    STRATEGIES.register("failing", Failing)
    try:
        ticks = seeded_ticks(9, 400, odd=0.0)
        node = quick_node()
        state = node.open("X")
        added = {"strategies": {"enabled": ["imbalance", "failing"]}}
        beside = predictions(run(node, [begun("added", added), *ticks], state))
        assert state.faults.counts["strategy failing"] > 400
        assert [asdict(each) for each in beside] == [asdict(each) for each in predictions(run(quick_node(), ticks))]
    finally:
        del STRATEGIES["failing"]


def test_a_strategy_with_a_world_learns_from_its_own_features_only() -> None:
    """A strategy that learns counts its labels; in a world of its own it has a state of its own."""

    class Counted(msgspec.Struct):
        labels: int = 0

    class Counting:
        needs = ("queue_imbalance",)
        state = Counted

        def opinion(self, features: Any, regime: Any, state: Counted) -> float:
            return 0.5 + 0.4 * features[0] if state.labels > 5 else 0.5

        def learn(self, state: Counted, features: Any, up: bool) -> None:
            state.labels += 1

    STRATEGIES.register("counting", Counting)
    try:
        node = quick_node()
        state = node.open("X")
        ticks = seeded_ticks(8, 500, odd=0.0)
        added = {"strategies": {"enabled": ["imbalance", "counting"]}}
        found = outcomes(run(node, [*ticks[:100], begun("added", added, from_live=True), *ticks[100:]], state))
        world = state.arms.arms[1].world
        assert world is not None
        moved = [each for each in found if each.label and len(each.arms) == 2]
        assert world.strategies == [Counted(len(moved))]
        assert state.strategies == []
        again = node.load(node.dump(state))
        assert again.arms.arms[1].world == changed(world, features=again.arms.arms[1].world.features)  # type: ignore[union-attr]
    finally:
        del STRATEGIES["counting"]
