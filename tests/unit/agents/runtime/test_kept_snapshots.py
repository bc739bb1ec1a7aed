"""A replay from older snapshots, stored a part at a time while a partition goes on, gives the same bytes."""

from itertools import islice
from typing import Any

from agents.runtime.kept_snapshots import SlotWriter, kept_in
from schemas.codec import encode
from streams.engine.chain import chained
from streams.engine.node import following
from streams.engine.partition import Partition
from streams.parameters import Parameters
from streams.sources.synthetic import synthetic_market
from streams.topology import nodes
from streams.verification.expected import Expected
from tests.support.references import LEADER, led_market, looking_at

SYMBOLS = [f"SYM{number}" for number in range(5)]
LOG = [encode(tick) for tick in islice(synthetic_market(5, SYMBOLS), 900)]
LOOP = following(nodes(Parameters()), nodes(Parameters())[0].source)
Topic = dict[bytes, bytes | None]


def kept_while_it_goes_on(partition: Partition, begin: int, every: int, topic: Topic, slot: int = 0) -> None:
    """Apply the ticks; from offset `begin` on, store the snapshot of one symbol after every `every` ticks."""
    filling: SlotWriter | None = None
    for offset in range(partition.offset + 1, len(LOG)):
        partition.apply(offset, None, LOG[offset])
        if offset == begin:
            filling = SlotWriter(partition, slot, "a1")
            topic |= filling.begin()
        if filling is not None and offset % every == 0:
            topic |= filling.share(room=1)
            if filling.is_whole:
                topic |= filling.end()
                return


def test_a_replay_from_kept_snapshots_gives_the_same_bytes_behind_the_last_of_them() -> None:
    topic: Topic = {}
    (head,) = chained(LOOP)
    kept_while_it_goes_on(Partition(head, 3), begin=300, every=20, topic=topic)
    (kept,) = kept_in(topic.items(), 3)
    assert kept.low == 300
    assert 360 < kept.high < 420
    assert (set(kept.keys), kept.code) == (set(SYMBOLS), "a1")
    assert len({snapshot.offset for snapshot in kept.keys.values()}) == len(SYMBOLS), "each is of another moment"

    whole, later = Expected(LOOP, 3), Expected(LOOP, 3)
    later.restore(kept.keys, kept.low, kept.roster)
    compared = 0
    for offset, value in enumerate(LOG):
        wanted: list[Any] = list(whole.take(offset, None, value))
        if offset > kept.low:
            found = list(later.take(offset, None, value))
            if offset > kept.high:
                assert found == wanted, offset
                compared += len(found)
    assert compared > 500


def test_a_filling_that_was_interrupted_or_written_by_two_is_not_taken_for_a_whole_one() -> None:
    topic: Topic = {}
    (head,) = chained(LOOP)
    kept_while_it_goes_on(Partition(head, 3), begin=300, every=20, topic=topic)
    kept_while_it_goes_on(Partition(head, 3), begin=500, every=20, topic=topic, slot=1)
    first, second = kept_in(topic.items(), 3)
    assert (first.low, second.low) == (300, 500)
    assert kept_in(topic.items(), 2) == []

    partition = Partition(head, 3)
    for offset in range(600):
        partition.apply(offset, None, LOG[offset])
    third = SlotWriter(partition, 0, "a1")
    topic |= third.begin()
    assert [each.low for each in kept_in(topic.items(), 3)] == [500], "the slot is being filled anew"
    topic |= third.share(room=1)
    late = SlotWriter(partition, 0, "b2")
    topic |= late.share(room=1_000_000) | late.end()
    topic |= third.share(room=1)  # one that does not know that it was replaced
    assert [each.low for each in kept_in(topic.items(), 3)] == [500], "a place of the later one is another's"


def test_kept_snapshots_bring_back_what_the_partition_knew_of_references() -> None:
    """The context is that of `low`; symbols that reach further pass over what they hold."""
    loop = nodes(looking_at(LEADER))
    loop = following(loop, loop[0].source)
    log = [encode(tick) for tick in led_market(31, 900, SYMBOLS)]
    (head,) = chained(loop)
    partition, topic = Partition(head, 3), dict[bytes, bytes | None]()
    filling: SlotWriter | None = None
    for offset, value in enumerate(log):
        partition.apply(offset, None, value)
        if offset == 300:
            filling = SlotWriter(partition, 0, "a1")
            topic |= filling.begin()
        if filling is not None and offset % 20 == 0 and not filling.is_whole:
            topic |= filling.share(room=1)
            if filling.is_whole:
                topic |= filling.end()
    (kept,) = kept_in(topic.items(), 3)
    whole, later, without = Expected(loop, 3), Expected(loop, 3), Expected(loop, 3)
    later.restore(kept.keys, kept.low, kept.roster, kept.context)
    without.restore(kept.keys, kept.low, kept.roster)
    differing = 0
    for offset, value in enumerate(log):
        expected = list(whole.take(offset, None, value))
        if offset > kept.low:
            found, blind = list(later.take(offset, None, value)), list(without.take(offset, None, value))
            if offset > kept.high:
                assert found == expected
                differing += blind != expected
    assert differing > 0, "a replay without the context would have shown it"
