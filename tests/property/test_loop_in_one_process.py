"""The whole loop in one process: restores, changed future ticks, and records passed on without encoding them."""

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.accounts import AccountMarked
from schemas.codec import encode
from schemas.predictions import Prediction
from schemas.ticks import Tick
from streams.engine.backtest import Engine
from streams.engine.loop_partition import LoopPartition
from streams.engine.partition import KeySnapshot, Partition
from streams.parameters import Parameters
from streams.sources.bad_ticks import with_bad_ticks
from streams.sources.synthetic import synthetic_market
from streams.topology import nodes
from tests.support.market_ticks import promote_arm, quick_parameters, real_ticks, seeded_ticks, start_arm


def _eventful(seed: int, count: int) -> list[Tick]:
    ticks = seeded_ticks(seed, count)
    ticks[count // 2 : count // 2] = [start_arm("b"), promote_arm("b")]
    return ticks


def _predictions(ticks: list[Tick]) -> list[bytes]:
    market, *_ = nodes(quick_parameters())
    partition = Partition(market, 0)
    records = (record for offset, tick in enumerate(ticks) for record in partition.apply(offset, b"", encode(tick)))
    return [encode(record) for record in records if isinstance(record, Prediction)]


def _accounted(predictions: list[bytes], restored_before: set[int]) -> tuple[list[bytes], list[bytes]]:
    _, account, *_ = nodes(quick_parameters())
    partition = Partition(account, 0)
    written: list[bytes] = []
    for offset, value in enumerate(predictions):
        if offset in restored_before and partition.keys:
            stored = partition.snapshot("X")
            partition = Partition(account, 0, partition.offset)
            partition.restore("X", msgspec.msgpack.decode(stored, type=KeySnapshot))
        written += map(encode, partition.apply(offset, b"X", value))
        assert not partition.apply(offset + 1, b"X", value), "a repeat of a prediction is nothing new"
        partition.offset = offset
        partition.keys["X"].offset = offset
    return written, [partition.snapshot(name) for name in partition.keys]


def test_an_account_restored_before_every_event_gives_the_same_bytes() -> None:
    predictions = _predictions(_eventful(3, 1_500))
    written, snapshots = _accounted(predictions, set())
    assert sum(b'"fill":0.0' not in value for value in written) > 20, "hardly a trade: this test shows nothing"
    assert sum(b'"fill":0.0' in value for value in written) > 20, "hardly a mark: this test shows nothing"
    assert _accounted(predictions, set(range(len(predictions)))) == (written, snapshots)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32), at=st.sets(st.integers(0, 300), max_size=5))
def test_an_account_restored_at_any_events_gives_the_same_bytes(seed: int, at: set[int]) -> None:
    predictions = _predictions(_eventful(seed, 300))
    assert _accounted(predictions, at) == _accounted(predictions, set())


def _by_offset(ticks: list[Tick]) -> list[list[bytes]]:
    partition = LoopPartition(nodes(quick_parameters()), 0)
    return [[encode(record) for record in partition.receive(tick)] for tick in ticks]


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32), cut=st.integers(0, 299), other=st.integers(0, 2**32))
def test_later_ticks_do_not_change_earlier_outputs(seed: int, cut: int, other: int) -> None:
    ticks = seeded_ticks(seed, 300)
    changed = ticks[:cut] + seeded_ticks(other, 300)[cut:]
    assert _by_offset(changed)[:cut] == _by_offset(ticks)[:cut]


def _through_bytes(parameters: Parameters, ticks: list[Tick]) -> list[bytes]:
    """All outputs of the loop if every record is encoded and decoded between the nodes, as on Kafka."""
    market, account, *_ = nodes(parameters)
    first, second = Partition(market, 0), Partition(account, 0)
    written: list[bytes] = []
    for offset, tick in enumerate(ticks):
        for record in first.apply(offset, tick.symbol.encode(), encode(tick)):
            written.append(encode(record))
            if isinstance(record, Prediction):
                written += map(encode, second.apply(second.offset + 1, tick.symbol.encode(), written[-1]))
    return written


def _handed_on(parameters: Parameters, ticks: list[Tick]) -> list[bytes]:
    partition = LoopPartition(nodes(parameters), 0)
    return [encode(record) for tick in ticks for record in partition.receive(tick)]


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_records_passed_on_without_encoding_give_the_same_bytes(seed: int) -> None:
    ticks = _eventful(seed, 300)
    assert _handed_on(quick_parameters(), ticks) == _through_bytes(quick_parameters(), ticks)


def test_records_passed_on_without_encoding_give_the_same_bytes_on_real_ticks() -> None:
    ticks = real_ticks("btcusdt-perp-20240808", 4_000)
    assert _handed_on(Parameters(), ticks) == _through_bytes(Parameters(), ticks)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 1_000), cuts=st.sets(st.integers(0, 600), max_size=4), shares=st.integers(1, 3))
def test_an_engine_gives_the_same_when_it_is_stopped_anywhere_or_divided(
    seed: int, cuts: set[int], shares: int
) -> None:
    feed = list(with_bad_ticks(synthetic_market(seed, ticks=600), 0.03, seed))
    whole = Engine(nodes(quick_parameters()))
    expected = [list(whole.take(item)) for item in feed]
    assert any(isinstance(record, AccountMarked) for records in expected for record in records)
    found: list[list[object]] = [[] for _ in feed]
    for share in range(shares):
        engine = Engine(nodes(quick_parameters()), share=share, shares=shares)
        for at, item in enumerate(feed):
            if at in cuts:
                stored = engine.snapshot()
                engine = Engine(nodes(quick_parameters()), share=share, shares=shares)
                engine.restore(stored)
            found[at] += engine.take(item)
        for topic, chains in engine.facts.digests.items():
            assert chains.items() <= whole.facts.digests[topic].items()
    assert found == expected
