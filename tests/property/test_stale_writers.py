"""Snapshots stay consistent while workers that were replaced without knowing it still write, in any interleaving.

The model has a topic of ticks, a compacted changelog, and owners of the partition. An owner loads the
changelog, applies some records and writes checkpoints. The writes of a checkpoint arrive one by one, and
other owners may act between them.
"""

from random import Random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.runtime.recovery import NOTHING, recover
from agents.runtime.snapshots import EpochWriter
from streams.engine.partition import Partition
from tests.support.crowded_partition import CROWDED, EXPECTED, ROOMY, Outputs, World, counts_of, written

Changelog = dict[bytes, bytes]


class Owner:
    """One worker that owns the partition.

    Args:
        world: node and ticks.
        changelog: compacted topic that snapshots are restored from and written to.
        epoch: name under which this owner stores snapshots.
        outputs: outputs of all owners.
    """

    def __init__(self, world: World, changelog: Changelog, epoch: str, outputs: Outputs) -> None:
        self.log, self.outputs = world.log, outputs
        recovered = recover(changelog.items()).get(0, NOTHING)
        self.partition = Partition(world.node, 0, recovered.offset, recovered.roster)
        for name, snapshot in recovered.keys.items():
            self.partition.restore(name, snapshot)
        self.partition.dirty = dict.fromkeys(recovered.keys, recovered.offset + 1)
        self.covered = recovered.offset
        self.filing = EpochWriter(0, epoch, recovered.stored)
        self.pending: list[tuple[bytes, bytes | None]] = []

    def apply(self, count: int) -> None:
        start = self.partition.offset + 1
        for offset in range(start, min(start + count, len(self.log))):
            written(self.outputs, self.partition, offset, self.log[offset])

    def checkpoint(self, most: int) -> None:
        """Queue the writes of a checkpoint of at most `most` symbols; does nothing while earlier writes are queued."""
        if self.pending:
            return
        chosen = list(self.partition.dirty)[:most]
        covered = self.partition.covered_without(chosen)
        snapshots = {name: self.partition.snapshot(name) for name in chosen}
        roster, alive = self.partition.roster(self.covered), self.partition.keys.keys()
        self.pending += self.filing.snapshots(snapshots, roster, alive).items()
        if covered > self.covered:
            self.pending += self.filing.manifest(covered).items()
            self.covered = covered
        for name in chosen:
            del self.partition.dirty[name]

    def write(self, changelog: Changelog) -> None:
        """Apply the first queued write to the changelog, in which only the newest value of a key is kept."""
        if self.pending:
            key, value = self.pending.pop(0)
            changelog.pop(key, None)
            if value is not None:
                changelog[key] = value


ACTIONS = ("take over", "apply", "checkpoint", "write", "write all")

actions = st.lists(
    st.tuples(
        st.sampled_from(("take over", "apply", "apply", "checkpoint", "checkpoint", "write", "write all", "write all")),
        st.integers(0, 3),
        st.integers(1, 12),
    ),
    max_size=80,
)


def what_a_successor_makes_of(
    world: World, history: list[tuple[str, int, int]], epochs: bool = True
) -> tuple[dict[str, bytes], Outputs]:
    changelog, outputs = Changelog(), Outputs()
    owners: list[Owner] = [Owner(world, changelog, "0" if epochs else "-", outputs)]
    for action, which, count in history:
        owner = owners[-1 - which % len(owners)]
        if action == "take over":
            owners.append(Owner(world, changelog, str(len(owners)) if epochs else "-", outputs))
        elif action == "apply":
            owner.apply(count)
        elif action == "checkpoint":
            owner.checkpoint(count)
        elif action == "write":
            owner.write(changelog)
        else:
            while owner.pending:
                owner.write(changelog)
    successor = Owner(world, changelog, "last", outputs)
    successor.apply(len(world.log))
    return counts_of(successor.partition), outputs


@settings(max_examples=1500, deadline=None)
@given(actions)
def test_a_successor_goes_on_exactly_whatever_stale_writers_did(history: list[tuple[str, int, int]]) -> None:
    assert what_a_successor_makes_of(ROOMY, history) == EXPECTED[0]


@pytest.mark.parametrize("seed", range(3))
def test_a_successor_goes_on_exactly_where_symbols_are_forgotten_to_make_room(seed: int) -> None:
    """In these histories owners are replaced in the middle of a checkpoint far more often than in random ones."""
    random = Random(seed)
    for _ in range(1_200):
        history = [
            (random.choices(ACTIONS, (1, 3, 3, 3, 2))[0], random.choice((0, 0, 0, 1, 1, 2)), random.randint(1, 12))
            for _ in range(random.randint(8, 40))
        ]
        assert what_a_successor_makes_of(CROWDED, history) == EXPECTED[1], history


def test_in_the_crowded_partition_symbols_are_forgotten_come_again_and_are_refused() -> None:
    partition = Partition(CROWDED.node, 0)
    for offset, value in enumerate(CROWDED.log):
        partition.apply(offset, None, value)
    _, outputs = EXPECTED[1]
    refused = [place for place in outputs if place[0] == "DeadLetter"]
    begun = [place for place, value in outputs.items() if b'"count":1,' in value]
    names = {msgspec.json.decode(outputs[place])["symbol"] for place in begun}
    assert partition.left > 5
    assert len(refused) > 5
    assert len(begun) > len(names) + 3, "some came again"
    assert partition.keys["A"].born == 0, "it stays for good"


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
    """Negative control: if all owners write the same keys, a stale snapshot may replace a newer one."""
    assert what_a_successor_makes_of(ROOMY, PAUSED_WRITER, epochs=False) != EXPECTED[0]
    assert what_a_successor_makes_of(ROOMY, PAUSED_WRITER) == EXPECTED[0]


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
    assert what_a_successor_makes_of(ROOMY, FASTER_LOSER) == EXPECTED[0]
