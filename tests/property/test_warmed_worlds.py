"""Arms that begin with the state of a world that was run over the last ticks of the log, instead of cold."""

from copy import deepcopy
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UNSET
from msgspec.structs import asdict, replace

from schemas.commands import StartVariant
from schemas.errors import ConfigurationError, Refused
from schemas.models import LARGEST_WORLD, WarmedWorld
from schemas.ticks import Directive, Quote, Tick, Trade
from streams.lifecycle.node import LifecycleNode
from streams.market.node import MarketNode
from streams.market.parameters import MarketParameters
from streams.market.warming import warmed
from streams.market.worlds import WorldState
from streams.parameters import load_parameters
from tests.property.test_worlds import OTHER, SAME, begun, outcomes, predictions, run, written
from tests.support.market_ticks import QUICK, START, promote_arm, quick_node, seeded_ticks

WINDOWS = 7, 20
"""Quotes of the order flow and trades of the trade flow that the arm `windowed` sums."""

WINDOWED: dict[str, Any] = {"features": {"order_flow_window": WINDOWS[0], "trade_window": WINDOWS[1]}}
BY_COUNT = ("return_1", "return_50", "return_200", "order_flow_imbalance", "trade_flow_imbalance", "spread")


def market_of(overrides: dict[str, Any]) -> MarketParameters:
    variants = quick_node()._pipeline._variants
    return variants[variants.overrides(overrides)].parameters


def numbered(ticks: list[Tick], begin: int = 0) -> list[tuple[str, Quote | Trade]]:
    """The quotes and trades, each with the id that `run` gives to it."""
    plain = [tick for tick in ticks if not isinstance(tick, Directive)]
    return [(f"ticks:0:{begin + number}", tick) for number, tick in enumerate(plain)]


def is_valid(tick: Tick) -> bool:
    """Whether a tick passes the checks of a tick by itself, which a partition makes before the node takes it."""
    try:
        quick_node().check(tick)
    except Refused:
        return False
    return True


def warm(arm: str, overrides: dict[str, Any], ticks: list[Tick], from_live: bool = False) -> Directive:
    return replace(begun(arm, overrides, from_live), world=warmed(market_of(overrides), numbered(ticks)))


def world_of(node: MarketNode, ticks: list[Tick], arm: str = "other") -> WorldState:
    state = node.open("X")
    run(node, ticks, state)
    found = next(each.world for each in state.arms.arms if each.version == f"{arm}-v1")
    assert found is not None
    return found


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32), at=st.integers(50, 300))
def test_an_arm_warmed_by_all_ticks_goes_on_as_one_that_ran_from_the_first_tick(seed: int, at: int) -> None:
    ticks = [tick for tick in seeded_ticks(seed, 600) if is_valid(tick)]
    always = world_of(quick_node(), [begun("other", OTHER), *ticks])
    found = world_of(quick_node(), [*ticks[:at], warm("other", OTHER, ticks[:at]), *ticks[at:]])
    assert found == always


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32), missed=st.integers(0, 15))
def test_windows_by_count_forget_the_ticks_that_came_between_reading_and_starting(seed: int, missed: int) -> None:
    """After as many further ticks as the longest window holds, its features are those of an arm that saw everything."""
    ticks: list[Tick] = list(seeded_ticks(seed, 600, odd=0.0))
    at = 200
    directive = warm("windowed", WINDOWED, ticks[: at - missed])
    node, other = quick_node(), quick_node()
    states = node.open("X"), other.open("X")
    run(node, [*ticks[:at], directive, *ticks[at:]], states[0])
    run(other, [begun("windowed", WINDOWED), *ticks], states[1])
    world = node._pipeline._variants[states[0].arms.arms[1].overrides].world
    assert world is not None
    found, always = (state.arms.arms[1].world for state in states)
    assert found is not None
    assert always is not None
    assert found.features is not None
    assert always.features is not None
    picked = [world.features.names.index(name) for name in BY_COUNT]
    assert [found.features.vector[each] for each in picked] == [always.features.vector[each] for each in picked]


def test_an_arm_that_was_warmed_is_scored_at_once_and_a_cold_one_after_its_warm_up() -> None:
    ticks: list[Tick] = list(seeded_ticks(5, 400, odd=0.0))
    firsts = []
    for directive in (
        begun("other", OTHER),
        warm("other", OTHER, ticks[100:195]),
        warm("other", OTHER, ticks[193:195]),
    ):
        found = outcomes(run(quick_node(), [*ticks[:200], directive, *ticks[200:]]))
        firsts.append(next(number for number, each in enumerate(found) if len(each.arms) == 2))
    cold, warm_first, by_two = firsts
    assert warm_first < by_two < cold


def test_parts_that_the_live_arm_has_too_come_from_the_live_arm_and_the_others_from_the_brought_state() -> None:
    ticks: list[Tick] = list(seeded_ticks(11, 300, odd=0.0))
    overrides = {"regime": {"detector": "hmm", "hmm": {"warmup": 20}}}
    directive = warm("other", overrides, ticks[100:295], from_live=True)
    node = quick_node()
    state = node.open("X")
    run(node, [*ticks, directive], state)
    world = state.arms.arms[1].world
    assert isinstance(directive.world, WarmedWorld)
    brought = msgspec.msgpack.decode(directive.world.state)
    assert world is not None
    assert world.features == state.features
    assert msgspec.msgpack.encode(world.regime) == msgspec.msgpack.encode(brought["regime"])
    cold = quick_node()._pipeline._variants[state.arms.arms[1].overrides].world
    assert cold is not None
    assert world.regime != cold.start_regime()


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32), at=st.sets(st.integers(0, 453), max_size=5))
def test_a_node_with_a_warmed_arm_restored_at_any_event_gives_the_same_bytes(seed: int, at: set[int]) -> None:
    ticks = seeded_ticks(seed, 450)
    directives = [warm("other", OTHER, ticks[20:195]), warm("same", SAME, ticks[:195], from_live=True)]
    told = [*ticks[:200], *directives, *ticks[200:300], promote_arm("other"), *ticks[300:]]
    assert written(told, at) == written(told, set())


def test_the_live_arm_says_the_same_beside_a_warmed_arm() -> None:
    ticks: list[Tick] = list(seeded_ticks(13, 500, odd=0.0))
    directive = warm("other", OTHER, ticks[:190])
    beside = predictions(run(quick_node(), [*ticks[:200], directive, *ticks[200:]]))
    assert [asdict(each) for each in beside] == [asdict(each) for each in predictions(run(quick_node(), ticks))]


def other(tick: Tick, change: str) -> Tick:
    """The tick at a later time, or at another price."""
    if change == "later":
        return replace(tick, ts_event=tick.ts_event + 10**12)
    if isinstance(tick, Quote):
        return replace(tick, bid=3 * tick.bid, ask=3 * tick.ask)
    assert isinstance(tick, Trade)
    return replace(tick, price=3 * tick.price)


@pytest.mark.parametrize("change", ["later", "elsewhere"])
def test_a_state_of_another_time_or_price_lets_features_and_regime_start_cold(change: str) -> None:
    """The market node starts the arm as the lifecycle node said; a price or a clock it cannot have seen is no start."""
    ticks: list[Tick] = list(seeded_ticks(14, 300, odd=0.0))
    moved = [other(tick, change) for tick in ticks[:200]]
    found = world_of(quick_node(), [*ticks[:200], warm("other", OTHER, moved)])
    fresh = world_of(quick_node(), [*ticks[:200], begun("other", OTHER)])
    assert found == fresh


def altered(world: WarmedWorld, change: str) -> WarmedWorld:
    """A state with one thing wrong."""
    state = msgspec.msgpack.decode(world.state)
    features = state["features"]
    if change == "other parameters":
        return replace(world, made_with="0" * 64)
    if change == "no MessagePack":
        return replace(world, state=b"\xc1")
    if change == "nested":
        return replace(world, state=b"\x91" * 4_000)
    if change == "too large":
        return replace(world, state=world.state + b"\x00" * LARGEST_WORLD)
    if change == "not a number":
        features["vector"][0] = float("nan")
    elif change == "beyond 64 bits":
        state["ticks"] = 2**64 - 1
    elif change == "no tick":
        state["features"] = None
    elif change == "another type":
        features["now"]["mid"] = "much"
    elif change == "price of nothing":
        features["now"]["mid"] = -1.0
    elif change == "a family less":
        del features["families"][0]
    elif change == "a number less":
        del features["vector"][0]
    elif change == "a window of nothing":
        for family in features["families"]:
            for window in family.values() if isinstance(family, dict) else ():
                if isinstance(window, dict) and "values" in window:
                    window["values"] = []
    elif change == "regime of another kind":
        state["regime"]["activity"] = "rain"
    elif change == "a strategy more":
        state["strategies"].append({})
    return replace(world, state=msgspec.msgpack.encode(state))


HOSTILE = {
    "other parameters": "expected a state computed with the parameters that the arm has here",
    "no MessagePack": "MessagePack",
    "nested": "expected",
    "too large": "expected a state of at most",
    "not a number": "was nan",
    "beyond 64 bits": "was 18446744073709551615",
    "no tick": "was one that has seen none",
    "another type": "fits the components of the arm",
    "price of nothing": "expected price, time and number of ticks",
    "a family less": "fits the components of the arm",
    "a number less": "expected the values of",
    "a window of nothing": "goes on at the next tick",
    "regime of another kind": "fits the components of the arm",
    "a strategy more": "fits the components of the arm",
}


@pytest.mark.parametrize("change", HOSTILE)
def test_a_state_that_cannot_be_one_is_refused_with_a_sentence_by_both_nodes_and_changes_nothing(change: str) -> None:
    ticks: list[Tick] = list(seeded_ticks(15, 100, odd=0.0))
    good = warm("other", OTHER, ticks)
    assert isinstance(good.world, WarmedWorld)
    wrong = altered(good.world, change)
    node = quick_node()
    state = node.open("X")
    run(node, ticks, state)
    before = node.dump(state)
    with pytest.raises(Refused, match=HOSTILE[change]) as refused:
        node.step(state, replace(good, world=wrong), "ticks:0:99")
    assert refused.value.reason == "bad_directive"
    assert node.dump(state) == before
    lifecycle = LifecycleNode(load_parameters({"market": QUICK}))
    arms = lifecycle.open("X")
    command = StartVariant("c1", "X", 5, "other", "test", OTHER, world=wrong)
    with pytest.raises(Refused, match=HOSTILE[change]):
        lifecycle.step(arms, command, "commands:0:0")
    directive, *_ = lifecycle.step(arms, replace(command, world=good.world), "commands:0:1")
    assert isinstance(directive, Directive)
    assert directive.world == good.world


def test_a_state_for_an_arm_that_computes_nothing_by_itself_is_refused() -> None:
    ticks: list[Tick] = list(seeded_ticks(16, 100, odd=0.0))
    node = quick_node()
    directive = replace(warm("other", OTHER, ticks), overrides={"sizing": {"kelly_fraction": 0.1}})
    with pytest.raises(Refused, match="expected overrides of features, regime, strategies, costs, were none"):
        node.step(node.open("X"), directive, "ticks:0:0")


def test_a_directive_without_a_state_is_written_as_before() -> None:
    assert b"world" not in msgspec.json.encode(begun("other", OTHER))
    assert begun("other", OTHER).world is UNSET


def test_warming_says_what_it_cannot_do() -> None:
    late = Quote("X", START, 100.0, 1.0, 100.1, 1.0)
    with pytest.raises(ConfigurationError, match="found none that is accepted"):
        warmed(market_of(OTHER), [("ticks:0:0", replace(late, bid=200.0))])
    large = {"features": {"order_flow_window": 10_000, "trade_window": 10_000}}
    with pytest.raises(ConfigurationError, match=r"takes at most 184,320 bytes, was .*; fix: smaller windows"):
        warmed(market_of(large), [("ticks:0:0", late)])


def test_a_brought_state_is_not_shared_with_the_record_that_brought_it() -> None:
    ticks: list[Tick] = list(seeded_ticks(17, 300, odd=0.0))
    directive = warm("other", OTHER, ticks[:200])
    kept = deepcopy(directive)
    first = run(quick_node(), [*ticks[:200], directive, *ticks[200:]])
    assert directive == kept
    assert first == run(quick_node(), [*ticks[:200], directive, *ticks[200:]])
