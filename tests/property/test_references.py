"""Features of references: they see nothing of the future, survive restores, and are the same in every kind of run."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Sequence
from random import Random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.codec import encode
from schemas.predictions import Prediction
from schemas.ticks import Quote, Trade
from streams.api.pipeline import UnifiedMLPipeline
from streams.engine.backtest import Engine
from streams.engine.chain import chained
from streams.engine.digests import START, extended
from streams.engine.node import Node, following
from streams.engine.partition import NO_ROSTER, KeySnapshot, Partition
from streams.engine.partitioner import partition_of
from streams.engine.replay import SourceRecord, by_topic, replay, replay_events
from streams.market.node import MarketNode
from streams.topology import nodes
from tests.support.references import BEGIN, LEADER, MS, at_price, led_market, looking_at, published

PARTITIONS = 4
Ticks = Sequence[Quote | Trade]


def _chain() -> Node[object]:
    loop = nodes(looking_at(LEADER))
    return chained(following(loop, loop[0].source))[0]


def _answers(ticks: Ticks, until: int | None = None) -> list[bytes]:
    """What follows from the ticks, all in one partition, before the tick at place `until`."""
    node = MarketNode(looking_at(LEADER))
    return [encode(record) for record in replay_events(node, ticks[:until])]


def _of(symbol: str, ticks: Ticks) -> list[bytes]:
    """Predictions of a symbol, without their ids."""
    found = replay_events(MarketNode(looking_at(LEADER)), ticks)
    return [
        encode(msgspec.structs.replace(each, id="ticks:0:0"))
        for each in found
        if isinstance(each, Prediction) and each.symbol == symbol
    ]


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32), at=st.integers(0, 399), factor=st.floats(0.9, 1.1))
def test_no_later_tick_changes_an_earlier_answer(seed: int, at: int, factor: float) -> None:
    ticks = led_market(seed, 400)
    changed = [*ticks[:at], *(at_price(tick, factor) for tick in ticks[at:])]
    before = _answers(ticks, at)
    assert _answers(changed)[: len(before)] == before


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32), factor=st.floats(0.95, 1.05))
def test_a_tick_of_the_reference_with_the_stamp_of_a_symbols_tick_is_not_seen_by_it(seed: int, factor: float) -> None:
    """Also where it lies before the symbol's tick in the log: whatever carries the last stamp is changed, and more."""
    ticks = led_market(seed, 300)
    own = max(place for place, tick in enumerate(ticks) if tick.symbol == "IBM")
    stamp = ticks[own].ts_event
    changed = [
        at_price(tick, factor) if tick.symbol == LEADER and tick.ts_event >= stamp else tick
        for tick in ticks[: own + 1]
    ]
    intruders: Ticks = [Trade(LEADER, stamp, price=90.0, size=5.0), Quote(LEADER, stamp, 90.0, 1.0, 91.0, 1.0)]
    changed[own:own] = intruders
    assert _of("IBM", changed)[-1] == _of("IBM", ticks[: own + 1])[-1]


def test_an_earlier_tick_of_the_reference_is_seen() -> None:
    """Negative control of the tests above: a millisecond earlier, the same intruder changes the answer."""
    ticks = led_market(1, 300)
    own = max(place for place, tick in enumerate(ticks) if tick.symbol == "IBM")
    stamp = ticks[own].ts_event
    changed = list(ticks[: own + 1])
    changed[own:own] = [Quote(LEADER, stamp - 1, 99.0, 9.0, 99.1, 1.0)]
    kept = [tick for tick in changed if tick.symbol != LEADER or tick.ts_event < stamp]
    assert _of("IBM", kept)[-1] != _of("IBM", ticks[: own + 1])[-1]


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_a_replay_of_the_published_ticks_gives_the_digests_of_the_backtest(seed: int) -> None:
    ticks = led_market(seed, 400)
    loop = nodes(looking_at(LEADER))
    engine = Engine(loop, PARTITIONS)
    for tick in ticks:
        engine.take(tick)
    answers = by_topic(replay(loop, published(ticks, [LEADER], PARTITIONS), PARTITIONS))
    digests = {topic: chains for topic, chains in engine.facts.digests.items() if chains}
    assert set(digests) == set(answers)
    for topic, records in answers.items():
        chains: dict[int, bytes] = {}
        for number, _, value in records:
            chains[number] = extended(chains.get(number, START), value)
        assert digests[topic] == chains


def test_a_symbol_is_predicted_alike_in_one_partition_and_in_four() -> None:
    ticks = led_market(3, 500)
    homes = {partition_of(symbol, PARTITIONS) for symbol in (LEADER, "IBM", "AIG")}
    assert len(homes) > 1, "the symbols have to lie apart for this to say anything"
    loop = nodes(looking_at(LEADER))
    apart, together = Engine(loop, PARTITIONS), Engine(loop, 1)
    found = [
        {
            (each.symbol, each.ts_event): each.probability
            for tick in ticks
            for each in engine.take(tick)
            if isinstance(each, Prediction)
        }
        for engine in (apart, together)
    ]
    assert found[0] == found[1]
    assert len(found[0]) > 100


def test_shares_of_a_backtest_give_what_one_process_gives() -> None:
    ticks = led_market(4, 400)
    loop = nodes(looking_at(LEADER))
    whole = Engine(loop, PARTITIONS)
    shares = [Engine(loop, PARTITIONS, share=number, shares=2) for number in range(2)]
    for tick in ticks:
        whole.take(tick)
        for share in shares:
            share.take(tick)
    merged = [{**shares[0].facts.digests[topic], **shares[1].facts.digests[topic]} for topic in whole.facts.digests]
    assert merged == list(whole.facts.digests.values())
    assert sum(share.facts.ticks for share in shares) == whole.facts.ticks == len(ticks)


def test_a_backtest_that_is_resumed_gives_what_one_without_a_stop_gives() -> None:
    ticks = led_market(5, 400)
    loop = nodes(looking_at(LEADER))
    whole, stopped = Engine(loop, PARTITIONS), Engine(loop, PARTITIONS)
    for place, tick in enumerate(ticks):
        whole.take(tick)
        if place % 57 == 0:
            stored, stopped = stopped.snapshot(), Engine(loop, PARTITIONS)
            stopped.restore(stored)
        stopped.take(tick)
    assert stopped.facts == whole.facts
    assert stopped.snapshot() == whole.snapshot()


class _Stored:
    """Checkpoints as a worker makes them: some keys at a time, and a context of an offset that all have reached."""

    def __init__(self, partition: Partition) -> None:
        self.keys: dict[str, bytes] = {}
        self.contexts = [(partition.offset, partition.dump_context())]
        self.covered, self.context, self.roster = partition.offset, partition.dump_context(), NO_ROSTER

    def checkpoint(self, partition: Partition, some: Sequence[str]) -> None:
        for name in some:
            self.keys[name] = partition.snapshot(name)
        covered = partition.covered_without(some)
        for name in some:
            partition.dirty.pop(name, None)
        self.contexts.append((partition.offset, partition.dump_context()))
        reached = [each for each in self.contexts if each[0] <= covered]
        self.roster = partition.roster(self.covered)
        if set(self.keys) == set(partition.keys):
            self.covered, self.context = reached[-1]

    def restored(self, node: Node[object]) -> Partition:
        partition = Partition(node, 0, self.covered, self.roster)
        partition.load_context(self.context)
        for name, stored in self.keys.items():
            partition.restore(name, msgspec.msgpack.decode(stored, type=KeySnapshot))
        return partition


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_a_partition_restored_from_partial_checkpoints_gives_the_same_bytes(seed: int) -> None:
    random = Random(seed)
    log = _records_of_one_partition(led_market(seed, 300))
    node = _chain()
    whole = Partition(node, 0)
    expected = {offset: list(map(encode, whole.apply(offset, key, value))) for _, offset, key, value in log}
    partition = Partition(node, 0)
    stored = _Stored(partition)
    offset, restores = 0, 0
    while offset < len(log):
        _, at, key, value = log[offset]
        held = partition.keys.get("IBM"), partition.keys.get("AIG"), partition.keys.get(LEADER)
        written = list(map(encode, partition.apply(at, key, value)))
        assert written in ([], expected[at]), "repeats are passed over, everything else is the same"
        offset += 1
        if random.random() < 0.1:
            dirty = list(partition.dirty)
            stored.checkpoint(partition, random.sample(dirty, random.randint(0, len(dirty))))
        if restores < 8 and random.random() < 0.05 and any(held) and set(stored.keys) == set(partition.keys):
            partition = stored.restored(node)
            offset, restores = partition.offset + 1, restores + 1
    assert partition.dump_context() == whole.dump_context()
    assert {name: partition.snapshot(name) for name in partition.keys} == {
        name: whole.snapshot(name) for name in whole.keys
    }


def _records_of_one_partition(ticks: Ticks) -> list[SourceRecord]:
    """The records of a partition that is home to all symbols of these ticks."""
    return [SourceRecord(0, place, b"", encode(tick)) for place, tick in enumerate(ticks)]


def test_a_reference_that_comes_late_is_as_late_in_the_replay() -> None:
    """The copies lie 200 records later in the log than they were stamped: that is what the features may see."""
    ticks = led_market(6, 600)
    late = sorted(range(len(ticks)), key=lambda place: place + (200 if ticks[place].symbol == LEADER else 0))
    delayed = [ticks[place] for place in late]
    assert _of("IBM", delayed) != _of("IBM", ticks)
    node = MarketNode(looking_at(LEADER))
    replayed = [each.value for each in replay(node, _records_of_one_partition(delayed))]
    assert replayed == _answers(delayed)


def test_a_reference_that_falls_silent_is_absent_and_the_predictions_say_so() -> None:
    ticks = led_market(7, 300)
    end = ticks[-1].ts_event
    quiet = [Quote("IBM", end + at * 1_000 * MS, 50.0, 1.0, 50.02, 2.0) for at in range(1, 15)]
    said = [
        "reference SPY (no tick for 10 s): 0 in place of its features" in record.reason
        for record in replay_events(MarketNode(looking_at(LEADER)), [*ticks, *quiet])
        if isinstance(record, Prediction) and record.ts_event > end
    ]
    last = max(tick.ts_event for tick in ticks if tick.symbol == LEADER)
    assert said == [each.ts_event - last > 10_000 * MS for each in quiet]
    assert {True, False} == set(said)


def test_a_delay_hides_ticks_of_the_reference_that_are_younger() -> None:
    own = Quote("IBM", BEGIN + 100 * MS, 50.0, 1.0, 50.02, 2.0)
    spy = [Trade(LEADER, BEGIN, 100.0, 1.0), Trade(LEADER, BEGIN + 90 * MS, 101.0, 1.0)]
    seen = {}
    for delay in (0, 5, 20, 200):
        parameters = looking_at(LEADER)
        market = parameters.market
        references = msgspec.structs.replace(market.features.references, delay_ns=delay * MS)
        features = msgspec.structs.replace(market.features, references=references)
        parameters = msgspec.structs.replace(parameters, market=msgspec.structs.replace(market, features=features))
        node = MarketNode(parameters)
        partition = Partition(node, 0)
        for offset, tick in enumerate([*spy, own]):
            partition.receive(offset, tick)
        state = partition.keys["IBM"].state
        names = node._pipeline._features.names
        seen[delay] = round(state.features.vector[names.index("SPY.return_100ms")], 6)
    assert seen == {0: 100.0, 5: 100.0, 20: 0.0, 200: 0.0}


@pytest.mark.parametrize("hash_seed", ["0", "4711"])
def test_the_answers_do_not_depend_on_the_hash_seed(hash_seed: str) -> None:
    code = (
        "import hashlib\n"
        "from tests.property.test_references import _answers\n"
        "from tests.support.references import led_market\n"
        "print(hashlib.sha256(b''.join(_answers(led_market(8, 300)))).hexdigest())\n"
    )
    environment = os.environ | {"PYTHONHASHSEED": hash_seed}
    out = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert out.stdout.strip() == hashlib.sha256(b"".join(_answers(led_market(8, 300)))).hexdigest()


def test_the_pipeline_in_python_gives_the_records_of_a_replay() -> None:
    ticks = led_market(10, 300)
    pipeline = UnifiedMLPipeline(looking_at(LEADER))
    found = [pipeline.predict(tick.symbol, tick).record for tick in ticks]
    assert found == [each for each in replay_events(MarketNode(looking_at(LEADER)), ticks) if type(each) is Prediction]
    assert any("SPY.basis" in each.features for each in found)
