"""Nodes run as a chain in one pass: snapshots at any record, refusals of later nodes, impossible chains."""

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct

from schemas.codec import encode
from schemas.dead_letters import DeadLetter
from schemas.errors import Refused, StateError
from schemas.ticks import Trade
from schemas.topics import DEAD_LETTERS, TICKS, Topic
from streams.engine.chain import Chain, chained
from streams.engine.node import Node
from streams.engine.partition import KeySnapshot, Partition
from streams.topology import nodes
from tests.support.counting import COUNTS, Count, Counted, CountingNode
from tests.support.market_ticks import quick_parameters, seeded_ticks


class Doubled(Struct, frozen=True):
    id: str
    symbol: str
    twice: int


DOUBLES = Topic("doubles", Doubled, "in tests only")


class Doubling(Node[Count]):
    """A node that writes twice the count of each record, and refuses every third."""

    name = "doubling"
    source = COUNTS
    outputs = (DOUBLES, DEAD_LETTERS)

    def open(self, key: str) -> Count:
        return Count()

    def step(self, state: Count, event: Counted, record_id: str) -> Sequence[Struct]:
        if event.count % 3 == 0:
            raise Refused("third", f"expected no third, was {event.count}")
        state.count += 2
        return (Doubled(record_id, event.symbol, state.count),)

    def dump(self, state: Count) -> bytes:
        return msgspec.msgpack.encode(state)

    def load(self, snapshot: bytes) -> Count:
        return msgspec.msgpack.decode(snapshot, type=Count)


def _trades(count: int) -> list[bytes]:
    return [encode(Trade("X", 1 + number, 1.0, 1.0)) for number in range(count)]


def test_an_output_comes_after_the_output_that_it_follows_from() -> None:
    (chain,) = chained([CountingNode(), Doubling()])
    partition = Partition(chain, 2)
    written: list[Any] = [record for offset in range(3) for record in partition.apply(offset, b"X", _trades(1)[0])]
    assert [(type(record), record.id) for record in written] == [
        (Counted, "ticks:2:0"),
        (Doubled, "ticks:2:0"),
        (Counted, "ticks:2:1"),
        (Doubled, "ticks:2:1"),
        (Counted, "ticks:2:2"),
        (DeadLetter, "ticks:2:2"),
    ]


def test_a_record_that_a_follower_refuses_is_a_dead_letter_with_its_bytes_and_the_rest_goes_on() -> None:
    (chain,) = chained([CountingNode(), Doubling()])
    partition = Partition(chain, 0)
    written = [record for offset, value in enumerate(_trades(4)) for record in partition.apply(offset, b"X", value)]
    (letter,) = [record for record in written if isinstance(record, DeadLetter)]
    counted = next(record for record in written if isinstance(record, Counted) and record.count == 3)
    assert (letter.node, letter.reason, letter.key) == ("doubling", "third", b"X")
    assert letter.value == encode(counted)
    assert [record.twice for record in written if isinstance(record, Doubled)] == [2, 4, 6]


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32), at=st.sets(st.integers(0, 300), max_size=4))
def test_a_chain_restored_at_any_events_goes_on_as_if_never_stopped(seed: int, at: set[int]) -> None:
    chain = chained(nodes(quick_parameters()))[0]
    ticks = [encode(tick) for tick in seeded_ticks(seed, 300)]
    whole = Partition(chain, 0)
    partition = Partition(chain, 0)
    for offset, value in enumerate(ticks):
        if offset in at and partition.keys:
            stored = {name: partition.snapshot(name) for name in partition.keys}
            partition = Partition(chain, 0, partition.offset)
            for name, snapshot in stored.items():
                partition.restore(name, msgspec.msgpack.decode(snapshot, type=KeySnapshot))
        assert list(map(encode, partition.apply(offset, b"X", value))) == list(
            map(encode, whole.apply(offset, b"X", value))
        )
    assert partition.snapshot("X") == whole.snapshot("X")


def test_a_snapshot_of_other_nodes_is_refused() -> None:
    snapshot = Chain([CountingNode()]).dump([Count(1, 1)])
    with pytest.raises(StateError, match="expected a snapshot of the nodes counting, doubling, was one of counting"):
        Chain([CountingNode(), Doubling()]).load(snapshot)
    with pytest.raises(StateError, match="was something else"):
        Chain([CountingNode()]).load(b"\xc1")


def test_nodes_that_read_one_log_stay_apart() -> None:
    other = CountingNode()
    other.name = "other"
    other.outputs = (DEAD_LETTERS,)
    assert [node.name for node in chained([CountingNode(), other, Doubling()])] == ["counting", "other"]
    other.outputs = (COUNTS,)
    with pytest.raises(ValueError, match="counts, which doubling reads, to be written by nodes of one chain"):
        chained([CountingNode(), other, Doubling()])


def test_a_chain_of_one_node_is_that_node() -> None:
    node = CountingNode()
    assert chained([node]) == [node]
    assert node.source is TICKS
