"""Symbols that an experiment decides on together get the same verdict, however their partitions interleave."""

from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UNSET
from msgspec.structs import replace

from schemas.codec import decoder, encode
from schemas.commands import PromoteVariant, StopVariant
from schemas.dead_letters import DeadLetter
from schemas.errors import ConfigurationError, StateError
from schemas.experiments import ExperimentPartial, PooledDecided, PooledMoved
from schemas.limits import LARGEST_FIGURE
from schemas.outcomes import OutcomeMatured
from streams.engine.partition import Partition
from streams.engine.signing import UNSIGNED, Key, Signing
from streams.experiments.node import ExperimentsNode
from streams.experiments.pooling_node import PoolingNode, PoolState
from tests.support.pooled_partials import (
    SECOND,
    SIGNING,
    SYMBOLS,
    TEST,
    TOGETHER,
    decided,
    interleaved,
    outcomes,
    records,
    told,
)

Streams = list[list[ExperimentPartial]]


def streams(edge: float, count: int = 900) -> Streams:
    return [
        told(outcomes(symbol, partition, count, edge, seed=partition + 1))
        for partition, symbol in enumerate(SYMBOLS, start=2)
    ]


@pytest.fixture(scope="module")
def better() -> Streams:
    return streams(0.35)


@pytest.fixture(scope="module")
def expected(better: Streams) -> list[bytes]:
    return decided([partial for stream in better for partial in stream])


def test_a_better_challenger_wins_on_all_symbols_at_once(expected: list[bytes]) -> None:
    (found,) = records(expected, PooledDecided)
    assert isinstance(found, PooledDecided)
    assert (found.verdict, found.symbol, found.symbols, found.applied) == ("winner", "*", SYMBOLS, True)
    promotions = records(expected, PromoteVariant)
    assert [(each.symbol, each.arm, each.id.split(":")[1]) for each in promotions] == [  # type: ignore[attr-defined]
        (symbol, "calmer", str(partition)) for partition, symbol in enumerate(SYMBOLS, start=2)
    ]
    assert all(each.automatic for each in promotions), "no person asks for them"  # type: ignore[attr-defined]
    for partition, each in enumerate(promotions, start=2):
        place = SIGNING.admit(each, f"commands:{partition}:0")
        assert place is not None
        assert (place.topic, place.partition) == ("ticks", partition), "signed for where it goes"
    kinds = [b"pooled_moved" in value for value in expected]
    assert kinds == sorted(kinds, reverse=True), "the verdict comes after where it stands, the commands after it"
    assert len(records(expected, PooledMoved)) >= TEST.minimum_batches


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32), repeats=st.sampled_from([0.0, 0.2]), restores=st.sets(st.integers(0, 900), max_size=5)
)
def test_interleaving_repeats_and_restores_change_nothing(
    better: Streams, expected: list[bytes], seed: int, repeats: float, restores: set[int]
) -> None:
    mixed = interleaved(better, Random(seed), repeats)
    assert decided(mixed, restores=sorted(restores)) == expected


def test_a_late_symbol_delays_the_verdict_and_does_not_change_it(better: Streams, expected: list[bytes]) -> None:
    first, second, third = better
    assert decided([*first, *second]) == [], "nobody knows yet what the third one says"
    assert decided([*first, *second, *third]) == expected
    assert decided([*third, *second, *first]) == expected


def test_batches_are_those_of_the_windows_and_hold_every_pair_once(better: Streams, expected: list[bytes]) -> None:
    moves = records(expected, PooledMoved)
    assert [each.batches for each in moves] == list(range(1, len(moves) + 1))  # type: ignore[attr-defined]
    for each in moves:
        assert isinstance(each, PooledMoved)
        window = int(each.id.split(":")[2])
        begun = max(stream[0].window for stream in better)
        scored = 0
        for stream in better:
            before = [partial.scored for partial in stream if partial.window < begun]
            until = [partial.scored for partial in stream if partial.window <= window]
            scored += max(until, default=0) - max(before, default=0)
        assert each.scored == scored
        assert each.ts_event == (window + 1) * SECOND


def test_a_worse_challenger_is_stopped_everywhere_and_an_equal_one_does_not_win() -> None:
    worse = decided([partial for stream in streams(-0.35) for partial in stream])
    (found,) = records(worse, PooledDecided)
    assert isinstance(found, PooledDecided)
    assert found.verdict == "harm"
    assert [each.symbol for each in records(worse, StopVariant)] == list(SYMBOLS)  # type: ignore[attr-defined]
    assert all(each.automatic for each in records(worse, StopVariant))  # type: ignore[attr-defined]
    equal = decided([partial for stream in streams(0.0, 2_500) for partial in stream])
    (found,) = records(equal, PooledDecided)
    assert isinstance(found, PooledDecided)
    assert found.verdict != "winner"


def test_a_recommendation_leads_to_no_command(better: Streams) -> None:
    recommended = replace(TOGETHER, apply="recommend")
    written = decided([partial for stream in better for partial in stream], recommended)
    (found,) = records(written, PooledDecided)
    assert isinstance(found, PooledDecided)
    assert not found.applied
    assert records(written, PromoteVariant) == []


@pytest.mark.parametrize("how", ["stopped", "another version went live"])
@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_a_symbol_on_which_the_test_ends_ends_it_for_all_at_the_same_window(how: str, seed: int) -> None:
    random = Random(seed)
    found = [outcomes(symbol, partition, 600, 0.1, partition) for partition, symbol in enumerate(SYMBOLS)]
    found[1][300:] = [ended(each, how) for each in found[1][300:]]
    parts = [told(each) for each in found]
    written = decided(interleaved(parts, random, 0.1))
    (end,) = records(written, PooledDecided)
    assert isinstance(end, PooledDecided)
    assert end.verdict == "stopped"
    assert "ELM" in end.reason
    assert [each.symbol for each in records(written, StopVariant)] == ["ASH", "OAK"]  # type: ignore[attr-defined]
    assert written == decided([partial for part in parts for partial in part])


def ended(outcome: OutcomeMatured, how: str) -> OutcomeMatured:
    live, challenger = outcome.arms
    if how == "stopped":
        return replace(outcome, arms=(live,))
    return replace(outcome, arms=(replace(live, model_version="v9"), challenger))


def test_one_symbol_by_itself_only_collects_evidence_and_is_watched_once_the_challenger_is_live() -> None:
    node = Partition(ExperimentsNode({"calmer": TOGETHER}), 0)
    alike = outcomes("ASH", 0, 3_000, 1.0, 1)
    live = [
        replace(
            each,
            arms=(
                replace(each.arms[1], arm="live", net_bps=each.arms[0].net_bps - 3.0),
                replace(each.arms[0], arm="v1"),
            ),
        )
        for each in alike[600:]
    ]
    written: list[Any] = [
        record for offset, each in enumerate([*alike[:600], *live]) for record in node.receive(offset, each)
    ]
    verdicts = [record.verdict for record in written if hasattr(record, "verdict")]
    assert verdicts == ["rolled_back"]
    partials = [record for record in written if isinstance(record, ExperimentPartial)]
    assert [each.ended for each in partials if each.ended] == ["v2 went live."]
    assert partials[-1].ended


def test_records_of_a_symbol_outside_the_experiment_are_refused_and_change_nothing(
    better: Streams, expected: list[bytes]
) -> None:
    strangers = [replace(partial, symbol="YEW", id=f"ticks:7:{n}:0") for n, partial in enumerate(better[0])]
    written = decided([*strangers, *(partial for stream in better for partial in stream)])
    assert [value for value in written if b"unknown_symbol" not in value] == expected
    assert len(written) == len(strangers) + len(expected)


def test_a_record_of_another_plan_is_refused(better: Streams) -> None:
    (letter,) = Partition(PoolingNode({"calmer": TOGETHER}), 0).receive(0, replace(better[0][0], plan="another"))
    assert isinstance(letter, DeadLetter)
    assert letter.reason == "other_plan"


ODD = [
    ({"id": "ticks:a:b"}, "malformed"),
    ({"id": "a:b"}, "malformed"),
    ({"id": ""}, "malformed"),
    ({"id": "ticks:-1:7:0:0"}, "malformed"),
    ({"id": "ticks:1234567:7:0:0"}, "malformed"),
    ({"id": "ticks: 1:7"}, "malformed"),
    ({"id": "ticks:1_0:7"}, "malformed"),
    ({"id": "ticks:\u0661:7"}, "malformed"),
    ({"id": "outcomes:1:7:0"}, "malformed"),
    ({"id": "ticks:1:7\n"}, "malformed"),
    ({"id": "ticks:1:" + "9" * 100_000}, "malformed"),
    ({"experiment": "x" * 600_000}, "malformed"),
    ({"experiment": "nobody declared it"}, "unknown_experiment"),
    ({"symbol": "YEW"}, "unknown_symbol"),
    ({"symbol": "Y" * 600_000}, "malformed"),
    ({"challenger": "x" * 600_000}, "malformed"),
    ({"ended": "x" * 600_000}, "malformed"),
    ({"plan": "x" * 600_000}, "malformed"),
    ({"sums": ()}, "other_plan"),
    ({"sums": (0.0,) * 100_000}, "malformed"),
    ({"sums": (1e101,) * 5}, "malformed"),
    ({"window": 10**30, "passed": 10**30}, "malformed"),
    ({"window": -1}, "malformed"),
    ({"window": 6, "passed": 5}, "bad_window"),
    ({"window": 2**63 - 1, "passed": 2**63 - 1}, "bad_window"),
    ({"passed": 2**63 // SECOND}, "bad_window"),
    ({"pairs": 1, "scored": 2}, "bad_counts"),
    ({"scored": -1}, "malformed"),
    ({"only_a": 10**9}, "bad_counts"),
    ({"rejected": 10**9}, "bad_counts"),
    ({"pairs": 10**30}, "malformed"),
    ({"ts_event": 10**30}, "malformed"),
    ({"ts_event": -1}, "malformed"),
]
"""Fields that no node writes, and the reason why a record with them is refused."""


@pytest.mark.parametrize(("fields", "reason"), ODD)
def test_a_partial_of_odd_shape_is_refused_opens_nothing_and_changes_nothing(
    better: Streams, fields: dict[str, Any], reason: str
) -> None:
    node = Partition(PoolingNode({"calmer": TOGETHER}), 0)
    odd = encode(replace(better[0][5], **fields))
    (letter,) = node.apply(0, b"calmer", odd)
    assert isinstance(letter, DeadLetter)
    assert letter.reason == reason
    assert node.keys == {}
    for stream in better:
        node.receive(node.offset + 1, stream[0])
    before = node.node.dump(node.keys["calmer"].state)
    (again,) = node.apply(node.offset + 1, b"calmer", odd)
    assert isinstance(again, DeadLetter)
    assert node.node.dump(node.keys["calmer"].state) == before


@pytest.mark.parametrize("name", ["pairs", "scored", "rejected", "only_a", "only_b"])
def test_records_whose_counts_fall_or_whose_windows_go_back_are_refused(better: Streams, name: str) -> None:
    node = Partition(PoolingNode({"calmer": TOGETHER}), 0)
    first, later = (replace(each, pairs=each.pairs + 3, rejected=1, only_a=1, only_b=1) for each in better[0][40:60:10])
    node.receive(0, first)
    fewer = {"only_a": 0, "only_b": 0, name: getattr(first, name) - 1}
    if name == "pairs":
        fewer |= {"scored": 0, "rejected": 0}
    (letter,) = node.receive(1, replace(later, **fewer))
    assert isinstance(letter, DeadLetter)
    assert (letter.reason, letter.detail.split(",")[0]) == ("bad_counts", "expected no count to fall")
    (letter,) = node.receive(2, replace(later, window=first.passed))
    assert isinstance(letter, DeadLetter)
    assert letter.reason == "bad_window"
    assert node.receive(3, later) == []


@pytest.mark.parametrize("size", [LARGEST_FIGURE, 1e60, 1.0, 1e-150, 1e-300, 0.0])
def test_sums_of_any_size_end_no_pool(better: Streams, size: float) -> None:
    """All records that result are within bounds, and the node goes on."""
    written = list[Any]()
    for seed in range(5):
        random, node = Random(seed), Partition(PoolingNode({"calmer": TOGETHER}), 0)
        for place in range(60):
            for stream in better:
                sums = tuple(random.choice((size, -size, 0.0, size * random.random())) for _ in stream[0].sums)
                last, window, more = stream[-1], 9_000 + place, 20 * place
                counts = {"pairs": last.pairs + more, "scored": last.scored + more}
                written += node.receive(
                    node.offset + 1, replace(last, window=window, passed=window, sums=sums, **counts)
                )
        node.node.load(node.node.dump(node.keys["calmer"].state))
    assert len(written) > 20
    assert not any(isinstance(each, DeadLetter) for each in written)
    for each in written:
        assert decoder(type(each))(encode(each)) == each


def test_after_the_end_of_a_test_a_symbol_contributes_nothing_more(better: Streams) -> None:
    node = Partition(PoolingNode({"calmer": TOGETHER}), 0)
    node.receive(0, replace(better[0][0], ended="v9 went live. " * 250))
    for partial in better[0][1:200]:
        assert node.receive(node.offset + 1, replace(partial, ended="once more " * 300)) == []
    assert len(node.snapshot("calmer")) < 4_096


@pytest.mark.parametrize("key", [UNSIGNED, Signing(("test",), (Key("k", "secret"),), "k")])
def test_with_a_key_partials_are_signed_and_others_refused(better: Streams, key: Signing) -> None:
    of_node = Partition(ExperimentsNode({"calmer": TOGETHER}, key), 0)
    found = outcomes("ASH", 3, 900, 0.35, seed=1)
    signed = [
        record
        for offset, each in enumerate(found)
        for record in of_node.receive(offset, each)
        if isinstance(record, ExperimentPartial)
    ]
    assert all((b'"signature"' in encode(each)) == bool(key) for each in signed), "without a key its bytes are as ever"
    pool = Partition(PoolingNode({"calmer": TOGETHER}, key), 0)
    assert pool.receive(0, signed[0]) == []
    refused = [replace(signed[1], scored=signed[1].scored + 1), replace(signed[1], signature="0" * 64)]
    refused.append(replace(signed[1], signature=UNSET))
    elsewhere = Signing(("another",), (Key("k", "secret"),), "k")
    refused.append(elsewhere.sign(signed[1], signed[1].id))
    for forged in refused if key else []:
        (letter,) = pool.receive(pool.offset + 1, forged)
        assert isinstance(letter, DeadLetter)
        assert letter.reason == "unsigned_partial"
    assert pool.receive(pool.offset + 1, signed[1]) == []


def test_a_state_of_an_undeclared_experiment_is_still_read() -> None:
    """Earlier releases kept a state for any name of an experiment, so there are such snapshots."""
    old = PoolState("calmer", "", {}, None)
    declared, other = PoolingNode({"calmer": TOGETHER}), PoolingNode({})
    assert declared.load(declared.dump(old)).test is not None
    assert other.load(other.dump(old)) == old


def ahead(stream: list[ExperimentPartial], windows: range) -> list[ExperimentPartial]:
    """Continue the records of one symbol with one record for each of `windows`."""
    last = stream[-1]
    return [
        replace(last, window=window, passed=window, pairs=last.pairs + window, scored=last.scored + window)
        for window in windows
    ]


def test_a_symbol_that_is_too_far_ahead_is_refused_until_the_others_come(better: Streams) -> None:
    node = Partition(PoolingNode({"calmer": TOGETHER}), 0)
    for offset, stream in enumerate(better):
        node.receive(offset, stream[0])
    written: list[Any] = []
    for partial in ahead(better[0], range(1_000, 5_000)):
        written += node.receive(node.offset + 1, partial)
    assert {each.reason for each in written} == {"too_far_apart"}
    assert 2_000 < len(written) < 3_000
    assert len(node.snapshot("calmer")) < 600_000
    for stream in better[1:]:
        for partial in [*stream[1:], *ahead(stream, range(3_000, 3_050))]:
            written += node.receive(node.offset + 1, partial)
    assert node.keys["calmer"].state.members["ASH"].waiting == [], "who was behind is never refused"


def test_windows_long_before_the_last_symbol_began_are_not_kept(better: Streams) -> None:
    first, *others = better
    waiting = Partition(PoolingNode({"calmer": TOGETHER}), 0)
    early = ahead(first, range(1, 9_000))
    for offset, partial in enumerate(early):
        assert list(waiting.receive(offset, partial)) == []
    assert len(waiting.snapshot("calmer")) < 250_000
    at = 8_990
    late = [[replace(each, window=each.window + at, passed=each.passed + at) for each in stream] for stream in others]
    after = ahead(first, range(9_000, 9_100))
    expected = decided([*early[-100:], *after, *late[0], *late[1]])
    assert len(expected) > 3
    assert decided([*early, *after, *late[0], *late[1]]) == expected


def test_a_state_with_other_registered_symbols_is_refused(better: Streams) -> None:
    node = Partition(PoolingNode({"calmer": TOGETHER}), 0)
    node.receive(0, better[0][0])
    snapshot = node.node.dump(node.keys["calmer"].state)
    fewer = PoolingNode({"calmer": replace(TOGETHER, symbols=SYMBOLS[:2])})
    with pytest.raises(StateError, match="the symbols that were registered"):
        fewer.load(snapshot)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"clock_ns": 0}, "expected clock_ns"),
        ({"guardrails": {"drawdown": 1.0}}, "add up over symbols"),
        ({"bound": 5.0}, "add up over symbols"),
        ({"plan": "group_sequential", "longest": 20_000}, "batches of a known size"),
    ],
)
def test_a_test_that_cannot_be_pooled_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        replace(TEST, **changes)


@pytest.mark.parametrize("symbols", [(), ("ASH",), ("ASH", "ASH")])
def test_a_pool_needs_symbols_that_are_declared(symbols: tuple[str, ...]) -> None:
    with pytest.raises(ConfigurationError, match="at least two symbols"):
        replace(TOGETHER, symbols=symbols)


def test_state_stays_small(better: Streams) -> None:
    node, sizes = Partition(PoolingNode({"calmer": TOGETHER}), 0), []
    for offset, partial in enumerate(sorted((each for stream in better for each in stream), key=lambda p: p.ts_event)):
        node.receive(offset, partial)
        sizes.append(len(node.snapshot("calmer")))
    assert max(sizes) < 4_096
