"""Model versions with parameters of their own beside the live one: they keep them, and affect nobody else."""

import json
from contextlib import suppress
from math import isfinite
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import asdict, replace

from schemas.codec import encode
from schemas.dead_letters import DeadLetter
from schemas.errors import Refused
from schemas.outcomes import OutcomeMatured
from schemas.predictions import Prediction
from schemas.ticks import Directive, Quote, Tick, Trade
from streams.engine.partition import KeySnapshot, Partition
from streams.market.directives import MOST_ARMS
from streams.market.node import MarketNode
from streams.market.parameters import MarketParameters, MixtureParameters
from streams.parameters import load_parameters
from tests.support.market_ticks import START, promote_arm, quick_node, seeded_ticks, start_arm, stop_arm

QUICK = {"horizon_ns": 2_000_000, "scored_per_horizon": 5, "warmup_ticks": 10, "costs": {"fee_bps": 0.0}}
ONLY_IMBALANCE: dict[str, Any] = {
    "mixture": {"prior": {"momentum": 0, "mean_reversion": 0, "flat": 0, "signed_logistic": 0}},
    "correction": {"variance": 0},
}
EACH_TABLE: dict[str, Any] = {
    "model": {"learning_rate": 0.01, "scale_memory": 50},
    "mixture": {"rate": 0.1, "prior": {"flat": 0}},
    "correction": {"variance": 0.5},
    "confidence": {"calibrator": "bins", "bins": {"bins": 4}},
    "sizing": {"kelly_fraction": 0.9, "confidence_floor": 0.5, "enabled": ["kelly"]},
}


def variant(arm: str, overrides: dict[str, Any], from_live: bool = False) -> Directive:
    return Directive(
        f"start-{arm}",
        "X",
        START,
        "start_arm",
        arm,
        "test",
        overrides=overrides,
        from_live=from_live,
        version=f"{arm}-v1",
    )


def run(node: MarketNode, ticks: list[Tick]) -> list[Any]:
    """Apply ticks to a node and return its outputs; ids count market ticks only, and refused ticks are skipped."""
    state = node.open("X")
    records: list[Any] = []
    number = 0
    for tick in ticks:
        with suppress(Refused):
            records.extend(node.step(state, tick, f"ticks:0:{number}"))
        number += not isinstance(tick, Directive)
    return records


def outcomes(records: list[Any]) -> list[OutcomeMatured]:
    return [record for record in records if isinstance(record, OutcomeMatured)]


@pytest.mark.parametrize("table", [*EACH_TABLE, "only imbalance", "all"])
@pytest.mark.parametrize("promoted", [False, True])
def test_a_version_with_own_parameters_gives_what_the_symbol_gives_with_these_parameters(
    table: str, promoted: bool
) -> None:
    """A version that is started before the first tick gives the same outcomes as a symbol with its parameters."""
    overrides = {"only imbalance": ONLY_IMBALANCE, "all": EACH_TABLE}.get(table) or {table: EACH_TABLE[table]}
    ticks = seeded_ticks(8, 1_000, odd=0.0)
    whole = load_parameters({"market": QUICK, "symbols": {"X": {"market": overrides}}})
    if "prior" in overrides.get(
        "mixture", {}
    ):  # in a file a table replaces the default prior, on top of an arm's it merges
        prior = MixtureParameters().prior | overrides["mixture"]["prior"]
        changed = overrides | {"mixture": overrides["mixture"] | {"prior": prior}}
        whole = load_parameters({"market": QUICK, "symbols": {"X": {"market": changed}}})
    alone = outcomes(run(MarketNode(whole), ticks))
    directives = [variant("b", overrides), *([promote_arm("b")] if promoted else [])]
    beside = outcomes(run(quick_node(), [*directives, *ticks]))
    assert len(alone) == len(beside) > 200
    plain = outcomes(run(quick_node(), ticks))
    assert any(
        one.arms[0].probability != other.arms[0].probability for one, other in zip(alone, plain, strict=True)
    ) or (table == "sizing")
    assert any(one.arms[0] != other.arms[0] for one, other in zip(alone, plain, strict=True))
    for one, other in zip(alone, beside, strict=True):
        mine = other.arms[0 if promoted else 1]
        assert replace(mine, arm="live", model_version=one.arms[0].model_version) == one.arms[0]


def test_a_version_with_the_imbalance_strategy_alone_gives_its_calibrated_opinion() -> None:
    found = outcomes(run(quick_node(), [variant("plain", ONLY_IMBALANCE), *seeded_ticks(8, 1_000, odd=0.0)]))
    assert {outcome.arms[1].strategy for outcome in found} == {"imbalance"}
    # Before the calibration has learned anything.
    assert found[0].arms[1].probability == pytest.approx(found[0].experts["imbalance"], abs=1e-9)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32), at=st.integers(0, 500))
def test_a_version_started_from_the_live_one_gives_the_same_opinions(seed: int, at: int) -> None:
    ticks = seeded_ticks(seed, 700, odd=0.0)
    found = outcomes(run(quick_node(), [*ticks[:at], variant("same", {}, from_live=True), *ticks[at:]]))
    pairs = [outcome.arms for outcome in found if len(outcome.arms) == 2]
    assert pairs
    for live, same in pairs:
        assert replace(same, arm=live.arm, model_version=live.model_version) == live


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32), points=st.tuples(*[st.integers(0, 500)] * 3).map(sorted))
def test_versions_that_run_beside_the_live_one_do_not_change_its_predictions(seed: int, points: list[int]) -> None:
    ticks: list[Tick] = list(seeded_ticks(seed, 500, odd=0.0))
    alone = [asdict(each) for each in run(quick_node(), ticks) if isinstance(each, Prediction)]
    directed = list(ticks)
    directed[points[2] : points[2]] = [stop_arm("a")]
    directed[points[1] : points[1]] = [variant("b", ONLY_IMBALANCE, from_live=True)]
    directed[points[0] : points[0]] = [variant("a", EACH_TABLE)]
    assert [asdict(each) for each in run(quick_node(), directed) if isinstance(each, Prediction)] == alone


def eventful(seed: int, count: int) -> list[Tick]:
    """Ticks with directives in between that start, promote and stop versions of all kinds."""
    ticks = seeded_ticks(seed, count)
    for part, directives in (
        (7, [stop_arm("all"), promote_arm("nobody")]),
        (6, [promote_arm("builtin", number=1)]),
        (5, [variant("late", {"model": {"learns": False}}, from_live=True)]),
        (4, [promote_arm("all")]),
        (3, [variant("plain", ONLY_IMBALANCE, from_live=True), start_arm("model")]),
        (2, [variant("all", EACH_TABLE), variant("wrong", {"admission": {"max_jump": 0.5}})]),
    ):
        ticks[part * count // 9 : part * count // 9] = directives
    return ticks


def written(node: MarketNode, ticks: list[Tick], restore_before: set[int]) -> tuple[list[bytes], dict[str, bytes]]:
    partition = Partition(node, 0)
    records: list[bytes] = []
    for offset, tick in enumerate(ticks):
        if offset in restore_before:
            stored = {name: partition.snapshot(name) for name in partition.keys}
            # Another node: nothing that was built for a variant is there any more.
            partition = Partition(quick_node(), 0, partition.offset)
            for name, snapshot in stored.items():
                partition.restore(name, msgspec.msgpack.decode(snapshot, type=KeySnapshot))
        records.extend(map(encode, partition.apply(offset, b"", encode(tick))))
    return records, {name: partition.snapshot(name) for name in partition.keys}


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32), at=st.sets(st.integers(0, 450), max_size=5))
def test_a_node_restored_at_any_event_with_several_versions_gives_the_same_bytes(seed: int, at: set[int]) -> None:
    ticks = eventful(seed, 450)
    assert written(quick_node(), ticks, at) == written(quick_node(), ticks, set())


def test_a_version_keeps_its_parameters_when_promoted_and_taken_back() -> None:
    node = quick_node()
    state = node.open("X")
    for offset, tick in enumerate(eventful(3, 900)):
        try:
            node.step(state, tick, f"ticks:0:{offset}")
        except Refused:
            continue
        if isinstance(tick, Directive) and tick.action == "promote_arm":
            bold = next(arm for arm in state.arms.arms if arm.version == "all-v1")
            assert msgspec.json.decode(bold.overrides) == EACH_TABLE
    assert [(arm.name, bool(arm.overrides)) for arm in state.arms.arms] == [
        ("live", False),
        ("all-v1", True),
        ("plain", True),
        ("model", False),
        ("late", True),
    ]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"overrides": {"admission": {"max_jump": 0.5}}}, "expected tables among model, models"),
        ({"overrides": {"model": {"features": ["zscore"]}}}, "expected what is an arm's own, was features"),
        ({"overrides": {"sizing": {"memory": 5}}}, "expected what is an arm's own, was memory"),
        ({"overrides": {"model": {"learning_rate": -1}}}, r"overrides.model: Expected `float` > 0.0"),
        ({"overrides": {"model": {"speed": 1}}}, "unknown field `speed`"),
        ({"overrides": {"mixture": {"prior": {"nobody": 1}}}}, "expected experts among imbalance, .*, was 'nobody'"),
        ({"overrides": {"mixture": {"prior": 1}}}, "overrides.mixture: Expected `object`"),
        ({"overrides": {"confidence": {"calibrator": "astrology"}}}, "expected calibrators among"),
        ({"overrides": {"sizing": {"enabled": ["kelly", "kelly"]}}}, "at most once"),
        ({"overrides": {"sizing": {"regime_caps": {"sunny": 1.0}}}}, "sunny"),
        ({"overrides": {"sizing": {"regime_caps": {f"{n}{'x' * 150}": 1.0 for n in range(60)}}}}, "at most 8000 bytes"),
        (
            {
                "overrides": {
                    "mixture": {
                        "prior": dict.fromkeys(
                            ("imbalance", "momentum", "mean_reversion", "flat", "signed_logistic"), 0
                        )
                    }
                }
            },
            "expected a prior above 0",
        ),
        ({"overrides": {"model": {"prior": {"zscore": 1.0}}}, "from_live": True}, "or one that has learned, was both"),
        ({"version": ""}, "expected a model or the name of a version"),
        ({"version": "builtin"}, "expected new names"),
        ({"arm": "builtin"}, "expected new names"),
    ],
)
def test_impossible_parameters_are_refused_with_a_sentence_and_change_nothing(
    changes: dict[str, Any], sentence: str
) -> None:
    node = quick_node()
    state = node.open("X")
    before = node.dump(state)
    directive = node.decode(encode(replace(variant("b", {}), **changes)))
    with pytest.raises(Refused, match=sentence) as refused:
        node.step(state, directive, "ticks:0:0")
    assert refused.value.reason == "bad_directive"
    assert node.dump(state) == before


def test_the_state_is_bounded_with_the_largest_number_of_versions() -> None:
    arms = [variant(f"arm{number}", EACH_TABLE, from_live=True) for number in range(MOST_ARMS)]
    records, snapshots = written(quick_node(), [*seeded_ticks(2, 200), *arms, *seeded_ticks(3, 2_000)], set())
    assert sum(b'"bad_directive"' in record for record in records) >= 1
    assert 5_000 < len(snapshots["X"]) < 40_000


def fields_of(table: Any) -> st.SearchStrategy[dict[str, Any]]:
    """Strategy for up to three fields of a table of parameters or its sub-tables, with extreme or wrong values."""
    nasty = st.sampled_from(
        [
            0,
            1,
            -1,
            2,
            10**18,
            2**64 - 1,
            10**30,
            10**400,
            0.0,
            0.5,
            1e-308,
            1e308,
            -1e308,
            5e-324,
            True,
            None,
            "",
            "bins",
        ]
    ) | st.floats(0.0, 1.0)
    inner = {
        name: (fields_of(value) if isinstance(value, dict) and value else nasty | st.just({"imbalance": 1e-300}))
        for name, value in table.items()
    }
    return st.dictionaries(st.sampled_from(list(inner)), st.none(), min_size=1, max_size=3).flatmap(
        lambda names: st.fixed_dictionaries({name: inner[name] for name in names})
    )


ALL_TABLES = {
    name: fields_of(msgspec.to_builtins(getattr(MarketParameters(), name)))
    for name in ("model", "mixture", "correction", "confidence", "sizing")
}


@settings(max_examples=150, deadline=None)
@given(data=st.data(), name=st.sampled_from(list(ALL_TABLES)), from_live=st.booleans())
def test_no_parameters_of_a_version_stop_a_stream(data: st.DataObject, name: str, from_live: bool) -> None:
    """The overrides are refused with a reason, or the version runs with finite sizes; no exception leaves the node."""
    overrides = {name: data.draw(ALL_TABLES[name])}
    value = json.dumps(msgspec.to_builtins(variant("b", {}, from_live)) | {"overrides": overrides}).encode()
    ticks = [encode(tick) for tick in seeded_ticks(8, 240, odd=0.0)]
    partition = Partition(quick_node(), 0)
    values = [*ticks[:80], value, *ticks[80:160], encode(promote_arm("b")), *ticks[160:]]
    for offset, each in enumerate(values):
        for record in partition.apply(offset, b"X", each):
            if isinstance(record, Prediction):
                assert 0.0 < record.probability < 1.0
                assert isfinite(record.position_size)
            elif isinstance(record, DeadLetter):
                assert record.reason in ("bad_directive", "malformed", "not_json")
    partition.node.load(partition.node.dump(partition.keys["X"].state))


def mirrored(tick: Tick) -> Tick:
    """The tick with each price p replaced by 10,000 / p, and with bid and ask, or buy and sell, exchanged."""
    if isinstance(tick, Quote):
        return replace(tick, bid=1e4 / tick.ask, ask=1e4 / tick.bid, bid_size=tick.ask_size, ask_size=tick.bid_size)
    if isinstance(tick, Trade):
        side = {"buy": "sell", "sell": "buy"}.get(tick.side, tick.side)
        return replace(tick, price=1e4 / tick.price, side=side)
    return tick


@pytest.mark.parametrize("overrides", [ONLY_IMBALANCE, {name: EACH_TABLE[name] for name in ("mixture", "sizing")}])
def test_versions_with_own_parameters_hold_the_opposite_opinion_in_a_mirrored_market(overrides: dict[str, Any]) -> None:
    """Inverted prices change the sign of small returns, up to terms of second order: hence the tolerance of 0.02."""
    ticks: list[Tick] = [variant("b", overrides), *seeded_ticks(21, 800, odd=0.0)]
    plain, other = (outcomes(run(quick_node(), each)) for each in (ticks, [mirrored(tick) for tick in ticks]))
    assert len(plain) == len(other) > 150
    for one, its_mirror in zip(plain, other, strict=True):
        assert one.arms[1].probability == pytest.approx(1.0 - its_mirror.arms[1].probability, abs=0.02)
        assert one.label == -its_mirror.label


def test_a_repeated_directive_is_applied_once() -> None:
    ticks = eventful(5, 450)
    twice = [tick for tick in ticks for _ in range(1 + isinstance(tick, Directive))]
    assert run(quick_node(), twice) == run(quick_node(), ticks)
