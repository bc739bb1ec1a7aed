"""A market node that is restored from snapshots at any tick gives the same bytes as one that never stopped."""

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.codec import encode
from schemas.ticks import Tick
from streams.engine.partition import KeySnapshot, Partition
from streams.market.node import MarketNode
from tests.support.market_ticks import promote_arm, quick_node, real_ticks, seeded_ticks, start_arm, stop_arm


def _written(node: MarketNode, ticks: list[Tick], restore_before: set[int]) -> tuple[list[bytes], dict[str, bytes]]:
    """Apply ticks, and restore the node from its snapshots before each offset in `restore_before`.

    Returns:
        All encoded outputs, and the last snapshot of each symbol.
    """
    partition = Partition(node, 0)
    written: list[bytes] = []
    for offset, tick in enumerate(ticks):
        if offset in restore_before:
            stored = {name: partition.snapshot(name) for name in partition.keys}
            partition = Partition(node, 0, partition.offset)
            for name, snapshot in stored.items():
                partition.restore(name, msgspec.msgpack.decode(snapshot, type=KeySnapshot))
        written.extend(map(encode, partition.apply(offset, b"", encode(tick))))
    return written, {name: partition.snapshot(name) for name in partition.keys}


def _eventful(seed: int, count: int) -> list[Tick]:
    ticks = seeded_ticks(seed, count)
    ticks[count // 4 : count // 4] = [start_arm("b"), start_arm("c", weight=-0.25)]
    ticks[count // 2 : count // 2] = [promote_arm("b")]
    ticks[3 * count // 4 : 3 * count // 4] = [stop_arm("c"), promote_arm("nobody")]
    return ticks


def test_a_node_restored_before_every_event_gives_the_same_bytes() -> None:
    ticks = _eventful(11, 1_200)
    assert _written(quick_node(), ticks, set(range(len(ticks)))) == _written(quick_node(), ticks, set())


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32), at=st.sets(st.integers(0, 400), max_size=5))
def test_a_node_restored_at_any_events_gives_the_same_bytes(seed: int, at: set[int]) -> None:
    ticks = _eventful(seed, 400)
    assert _written(quick_node(), ticks, at) == _written(quick_node(), ticks, set())


def test_a_node_restored_in_another_process_gives_the_same_bytes() -> None:
    ticks = _eventful(5, 600)
    written, snapshots = _written(quick_node(), ticks, set())
    first, second = Partition(quick_node(), 0), Partition(quick_node(), 0)
    values = [encode(tick) for tick in ticks]
    head = [encode(record) for offset in range(300) for record in first.apply(offset, b"", values[offset])]
    second.restore("X", msgspec.msgpack.decode(first.snapshot("X"), type=KeySnapshot))
    tail = [encode(record) for offset in range(300, len(ticks)) for record in second.apply(offset, b"", values[offset])]
    assert head + tail == written
    assert second.snapshot("X") == snapshots["X"]


def test_a_node_restored_on_real_ticks_gives_the_same_bytes() -> None:
    ticks = real_ticks("ethusdt-perp-20240808", 6_000)
    assert _written(MarketNode(), ticks, set(range(0, 6_000, 7))) == _written(MarketNode(), ticks, set())


def test_state_stays_small() -> None:
    node = MarketNode()
    partition = Partition(node, 0)
    largest = 0
    for offset, tick in enumerate(seeded_ticks(2, 4_000)):
        partition.apply(offset, b"", encode(tick))
        if offset % 100 == 0:
            largest = max(largest, len(partition.snapshot("X")))
    assert 1_000 < largest < 24_000
