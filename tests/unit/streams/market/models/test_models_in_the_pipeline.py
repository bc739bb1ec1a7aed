"""Models of every kind within the market node: restores at any tick, arms with them, promotions, room."""

from collections.abc import Iterator
from typing import Any

import pytest
from msgspec import json

from schemas.errors import ConfigurationError, Refused
from schemas.models import ExpertModel, ModelState
from schemas.ticks import Directive, Quote, Trade
from streams.market.models import own
from streams.market.node import MarketNode
from streams.market.symbol_state import SymbolState
from streams.parameters import load_parameters
from streams.sources.synthetic import synthetic_market
from tests.support.expert_models import COMES_TRAINED, PLUGIN, TABLES, register, trained

SYMBOL = "CEDAR"
TICKS = list(synthetic_market(3, [SYMBOL], ticks=1_000))
START, PROMOTE, BACK, STOP = 250, 500, 700, 850
"""Ticks before which a directive stands that starts an arm, promotes it, makes the first one live again, stops it."""


@pytest.fixture(scope="module", autouse=True)
def _plugin() -> Iterator[None]:
    register()
    yield
    del own.MODELS[PLUGIN]


@pytest.fixture(params=list(TABLES))
def name(request: pytest.FixtureRequest) -> str:
    if request.param == "onnx":
        pytest.importorskip("onnxruntime")
        pytest.importorskip("skl2onnx")
    return str(request.param)


def _node(**tables: Any) -> MarketNode:
    return MarketNode(load_parameters({"market": tables}))


def _directive(number: int, action: Any, arm: str, **more: Any) -> Directive:
    return Directive(f"d{number}", SYMBOL, TICKS[number].ts_event, action, arm, "test", **more)


def _start(name: str, from_live: bool) -> Directive:
    """Start an arm with a model: one that comes trained brings it, another one is declared by the overrides."""
    if name in COMES_TRAINED:
        state = ModelState("challenger-1", None, expert=ExpertModel("brought", trained(name)))
        return _directive(START, "start_arm", "challenger", model=state, from_live=from_live)
    overrides = {"models": {"brought": TABLES[name]}}
    return _directive(
        START, "start_arm", "challenger", version="challenger-1", overrides=overrides, from_live=from_live
    )


def _events(name: str, from_live: bool) -> list[Quote | Trade | Directive]:
    asked = {
        START: _start(name, from_live),
        PROMOTE: _directive(PROMOTE, "promote_arm", "challenger"),
        BACK: _directive(BACK, "promote_arm", "builtin"),
        STOP: _directive(STOP, "stop_arm", "challenger-1"),
    }
    events: list[Quote | Trade | Directive] = []
    for number, tick in enumerate(TICKS):
        events += [asked[number]] if number in asked else []
        events.append(tick)
    return events


def _stepped(node: MarketNode, state: SymbolState, events: list[Any], first: int = 0) -> list[bytes]:
    return [json.encode(node.step(state, event, f"ticks:0:{first + at}")) for at, event in enumerate(events)]


def test_a_declared_model_goes_on_in_another_node_from_any_tick(name: str) -> None:
    tables = {"models": {"expert": TABLES[name]}}
    node = _node(**tables)
    state, written, snapshots = node.open(SYMBOL), list[bytes](), dict[int, bytes]()
    for at, tick in enumerate(TICKS):
        if at in (0, 211, 813):
            snapshots[at] = node.dump(state)
        written += _stepped(node, state, [tick], at)
    assert not state.faults.counts
    assert state.arms.arms[0].weights[-1] > 0.0
    for at, snapshot in snapshots.items():
        other = _node(**tables)
        revived = other.load(snapshot)
        assert other.dump(revived) == snapshot
        assert _stepped(other, revived, TICKS[at:], at) == written[at:]
        assert other.dump(revived) == node.dump(state)


@pytest.mark.parametrize("from_live", [True, False], ids=["from_live", "cold"])
def test_an_arm_with_a_model_lives_its_whole_life_and_goes_on_from_any_tick(name: str, from_live: bool) -> None:
    events = _events(name, from_live)
    node = _node()
    state, written, snapshots = node.open(SYMBOL), list[bytes](), dict[int, bytes]()
    for at, event in enumerate(events):
        if at in (START + 57, PROMOTE + 5, BACK + 9):
            snapshots[at] = node.dump(state)
        written += _stepped(node, state, [event], at)
    assert not state.faults.counts
    assert [arm.number for arm in state.arms.arms] == [0]
    for at, snapshot in snapshots.items():
        other = _node()
        revived = other.load(snapshot)
        assert other.dump(revived) == snapshot
        assert _stepped(other, revived, events[at:], at) == written[at:]


def test_an_arm_in_shadow_changes_no_prediction(name: str) -> None:
    plain, beside = _node(), _node()
    state, shadowed = plain.open(SYMBOL), beside.open(SYMBOL)
    assert _stepped(plain, state, TICKS[:START]) == _stepped(beside, shadowed, TICKS[:START])
    beside.step(shadowed, _start(name, True), "ticks:0:d")
    for at, tick in enumerate(TICKS[START:PROMOTE], START):
        (*_, one), (*_, other) = plain.step(state, tick, f"ticks:0:{at}"), beside.step(shadowed, tick, f"ticks:0:{at}")
        assert one == other


def test_models_that_could_outgrow_the_state_of_a_symbol_are_refused() -> None:
    large = TABLES["linear"] | {"largest_bytes": 1_000_000}
    with pytest.raises(ConfigurationError, match="fewer models, or smaller largest_bytes"):
        _node(models={f"large{number}": large for number in range(3)})
    node = _node(models={"large": large})
    state = node.open(SYMBOL)
    _stepped(node, state, TICKS[:50])
    before = node.dump(state)
    start = _directive(50, "start_arm", "more", version="v1", overrides={"models": {"another": large}})
    with pytest.raises(Refused, match="stop an arm, or a smaller largest_bytes"):
        node.step(state, start, "ticks:0:50")
    assert node.dump(state) == before


def test_more_models_than_an_arm_may_have_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="at most 6 models"):
        _node(models={f"model{number}": TABLES["trees"] for number in range(7)})
