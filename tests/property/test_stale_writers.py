"""Snapshots of a partition with writers that do not know they were replaced, in every interleaving.

A little world: a source log, a compacted changelog, and owners that load, apply some records and checkpoint. The
writes of a checkpoint land one after the other; before each of them, other owners may do anything.
"""

from counting import CountingNode
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.runtime.snapshots import NOTHING, Filing, recover
from schemas.codec import encode
from schemas.ticks import Trade
from streams.partition import Partition

SYMBOLS = ("A", "B", "C")
LOG = [encode(Trade(SYMBOLS[number * number % 7 % 3], 1 + number, 1.0, 1.0)) for number in range(60)]
NODE = CountingNode()

Changelog = dict[bytes, bytes]


class Owner:
    """One owner of the partition; `epoch` is what its writes are filed under."""

    def __init__(self, changelog: Changelog, epoch: str) -> None:
        recovered = recover(changelog.items()).get(0, NOTHING)
        self.partition = Partition(NODE, 0, recovered.offset)
        for name, snapshot in recovered.keys.items():
            self.partition.restore(name, snapshot)
        self.partition.dirty = dict.fromkeys(recovered.keys, recovered.offset + 1)
        self.covered = recovered.offset
        self.filing = Filing(0, epoch, recovered)
        self.pending: list[tuple[bytes, bytes | None]] = []

    def apply(self, count: int) -> None:
        start = self.partition.offset + 1
        for offset in range(start, min(start + count, len(LOG))):
            self.partition.apply(offset, None, LOG[offset])

    def checkpoint(self, most: int) -> None:
        """Queue the writes of a checkpoint that has room for `most` keys; each waits for the one before."""
        if self.pending:
            return
        chosen = list(self.partition.dirty)[:most]
        covered = self.partition.covered_without(chosen)
        self.pending += self.filing.snapshots({name: self.partition.snapshot(name) for name in chosen}).items()
        if covered > self.covered:
            self.pending += self.filing.manifest(covered).items()
            self.covered = covered
        for name in chosen:
            del self.partition.dirty[name]

    def write(self, changelog: Changelog) -> None:
        """One of the queued writes reaches the compacted changelog."""
        if self.pending:
            key, value = self.pending.pop(0)
            changelog.pop(key, None)
            if value is not None:
                changelog[key] = value


def counts_of(partition: Partition) -> dict[str, bytes]:
    return {name: NODE.dump(keyed.state) for name, keyed in sorted(partition.keys.items())}


def uninterrupted() -> dict[str, bytes]:
    partition = Partition(NODE, 0)
    for offset, value in enumerate(LOG):
        partition.apply(offset, None, value)
    return counts_of(partition)


EXPECTED = uninterrupted()

actions = st.lists(
    st.tuples(
        st.sampled_from(("take over", "apply", "apply", "checkpoint", "checkpoint", "write", "write all", "write all")),
        st.integers(0, 3),
        st.integers(1, 12),
    ),
    max_size=80,
)


def what_a_successor_makes_of(history: list[tuple[str, int, int]], epochs: bool) -> dict[str, bytes]:
    changelog: Changelog = {}
    owners: list[Owner] = [Owner(changelog, "0" if epochs else "-")]
    for action, which, count in history:
        owner = owners[-1 - which % len(owners)]
        if action == "take over":
            owners.append(Owner(changelog, str(len(owners)) if epochs else "-"))
        elif action == "apply":
            owner.apply(count)
        elif action == "checkpoint":
            owner.checkpoint(count)
        elif action == "write":
            owner.write(changelog)
        else:
            while owner.pending:
                owner.write(changelog)
    successor = Owner(changelog, "last")
    successor.apply(len(LOG))
    return counts_of(successor.partition)


@settings(max_examples=1500, deadline=None)
@given(actions)
def test_a_successor_goes_on_exactly_whatever_stale_writers_did(history: list[tuple[str, int, int]]) -> None:
    assert what_a_successor_makes_of(history, epochs=True) == EXPECTED


PAUSED_WRITER = [
    ("apply", 0, 12),
    ("checkpoint", 0, 3),  # queued, then the owner is paused
    ("take over", 0, 1),
    ("apply", 0, 12),
    ("apply", 0, 12),
    ("checkpoint", 0, 3),
    ("write all", 0, 1),  # the successor's snapshots and manifest
    *[("write", 1, 1)] * 3,  # the paused owner wakes up: its older snapshots land, its manifest does not
]


def test_one_key_for_all_owners_would_lose_events() -> None:
    """The negative control: without epochs a stale snapshot replaces a further one that the manifest counts on."""
    assert what_a_successor_makes_of(PAUSED_WRITER, epochs=False) != EXPECTED
    assert what_a_successor_makes_of(PAUSED_WRITER, epochs=True) == EXPECTED


FASTER_LOSER = [
    ("apply", 0, 12),
    ("checkpoint", 0, 3),
    ("write all", 0, 1),
    ("take over", 0, 1),  # of a rebalance that the earlier owner has not heard of
    ("apply", 1, 12),
    ("apply", 1, 12),
    ("checkpoint", 1, 3),
    *[("write", 1, 1)] * 3,  # its snapshots are further than anything the successor has
    ("apply", 0, 6),
    ("checkpoint", 0, 3),
    ("write all", 0, 1),  # the successor deletes what it found when it took over
    ("write all", 1, 1),  # and only then comes the manifest that counts on it
]


def test_a_successor_may_delete_what_is_further_than_its_own() -> None:
    assert what_a_successor_makes_of(FASTER_LOSER, epochs=True) == EXPECTED
