"""In a full partition: which symbols are forgotten, what a refusal costs, and that kept snapshots agree."""

import pytest
from msgspec.structs import replace

from agents.runtime.kept_snapshots import SlotWriter, kept_in
from schemas.codec import encode
from schemas.commands import Command, PinVersion, StartVariant, StopVariant
from schemas.dead_letters import DeadLetter
from schemas.ticks import Trade
from streams.engine.partition import Partition
from streams.engine.signing import Key, Signing
from streams.experiments.pooling_node import PoolingNode
from streams.lifecycle.node import LifecycleNode
from tests.support.counting import Count, CountingNode
from tests.support.crowded_partition import CROWDED, EXPECTED, Outputs, written
from tests.support.lifecycle_desk import BOLD
from tests.support.market_ticks import quick_node, seeded_ticks, start_arm, stop_arm
from tests.support.pooled_partials import SYMBOLS, TOGETHER, outcomes, told


class Counted(CountingNode):
    """A counting node that counts how often it was asked whether a symbol may be forgotten."""

    keys_per_partition = 1_000
    quiet_records = 5_000
    asked = 0

    def may_leave(self, state: Count) -> bool:
        self.asked += 1
        return state.count < 10


def trade(symbol: str, number: int) -> bytes:
    return encode(Trade(symbol, 1 + number, 1.0, 1.0))


@pytest.mark.parametrize("busy", [0, 1, 20])
def test_a_refusal_costs_no_more_than_a_tick_however_many_keys_there_are(busy: int) -> None:
    node = Counted()
    partition = Partition(node, 0)
    for number in range(1_000):
        partition.apply(number, None, trade(f"S{number}", number))
    records = 1_000
    for number in range(2_000):
        for each in range(busy):
            partition.apply(records, None, trade(f"S{(number * busy + each) % 1_000}", records))
            records += 1
        partition.apply(records, None, trade(f"misspelt{number}", records))
        records += 1
    assert len(partition.keys) == 1_000
    assert node.asked <= records + 1_000


def test_those_that_were_quiet_for_longest_and_have_earned_nothing_leave() -> None:
    node = Counted()
    node.keys_per_partition, node.quiet_records = 3, 10
    partition = Partition(node, 0)
    for number, symbol in enumerate([*"A" * 10, *"BC", *"C" * 5]):
        partition.apply(number, None, trade(symbol, number))
    (letter,) = partition.apply(18, None, trade("D", 18))
    assert letter.reason == "too_many_keys"  # type: ignore[attr-defined]
    assert partition.apply(20, None, trade("D", 20))
    assert (list(partition.keys), partition.left) == (["A", "C", "D"], 1)
    assert "B" not in partition.dirty
    partition.apply(40, None, trade("E", 40))
    partition.apply(60, None, trade("F", 60))
    partition.apply(80, None, trade("G", 80))
    assert "A" in partition.keys, "what has earned its place keeps it, however long it is silent"


def test_a_symbol_may_leave_the_market_until_something_of_it_was_scored_or_asked() -> None:
    node = quick_node()
    ticks = seeded_ticks(3, 400)

    def state_after(*events: object) -> bool:
        partition = Partition(node, 0)
        for offset, event in enumerate(events):
            partition.apply(offset, b"", encode(event))
        return node.may_leave(partition.keys["X"].state)

    assert state_after(*ticks[:5])
    assert not state_after(*ticks)
    assert not state_after(*ticks[:5], start_arm("b"))
    assert not state_after(*ticks[:5], start_arm("b"), stop_arm("b"))
    partition = Partition(node, 0)
    partition.apply(0, b"", encode(ticks[0]))
    state = partition.keys["X"].state
    state.admission.generation = 1
    assert not node.may_leave(state)


def test_names_that_nothing_was_carried_out_for_close_no_partition_of_the_commands() -> None:
    node = LifecycleNode()
    node.keys_per_partition, node.quiet_records = 50, 20
    partition = Partition(node, 0)
    kept: list[Command] = [
        StartVariant("a", "STARTED", 5, "bold", "c", BOLD, from_live=True),
        PinVersion("b", "PINNED", 5, "c", pinned=True),
        PinVersion("d", "PINNED", 6, "c", pinned=False),
    ]
    for offset, command in enumerate(kept):
        assert not any(isinstance(each, DeadLetter) for each in partition.apply(offset, b"", encode(command)))
    for number in range(500):
        command = StopVariant(f"stop-{number}", f"MISSPELT{number}", 5, "none", "c")
        (letter,) = partition.apply(partition.offset + 1, b"", encode(command))
        assert isinstance(letter, DeadLetter)
        assert letter.reason == "bad_command", "it opened a state, and nothing was carried out"
    assert len(partition.keys) == 50
    new = StartVariant("e", "NEW", 5, "bold", "c", BOLD, from_live=True)
    assert not any(isinstance(each, DeadLetter) for each in partition.apply(partition.offset + 1, b"", encode(new)))
    assert {"STARTED", "PINNED", "NEW"} <= partition.keys.keys()


def test_what_was_judged_under_a_good_signature_is_not_forgotten_and_nothing_else_opens_a_state() -> None:
    signing = Signing(("test",), (Key("k", "secret"),), "k")
    node = LifecycleNode(signing=signing)
    node.keys_per_partition = node.quiet_records = 2
    partition = Partition(node, 0)
    refused = signing.sign(StopVariant("x", "REFUSED", 5, "none", "c"), "commands:0:0")
    partition.apply(0, b"", encode(refused))
    for number in range(1, 20):
        (letter,) = partition.apply(number, b"", encode(StopVariant("y", f"FORGED{number}", 5, "none", "c")))
        assert isinstance(letter, DeadLetter)
        assert letter.reason == "unsigned_command"
    assert list(partition.keys) == ["REFUSED"]
    assert not node.may_leave(partition.keys["REFUSED"].state)


def test_only_declared_experiments_open_a_state_of_the_pooling_node() -> None:
    partition = Partition(PoolingNode({"calmer": TOGETHER}), 0)
    partials = told(outcomes(SYMBOLS[0], 0, 300, 0.3, 1))
    assert partials
    for offset, partial in enumerate(partials):
        partition.apply(2 * offset, b"", encode(partial))
        (letter,) = partition.apply(2 * offset + 1, b"", encode(replace(partial, experiment=f"made-up-{offset}")))
        assert isinstance(letter, DeadLetter)
        assert letter.reason == "unknown_experiment"
    assert list(partition.keys) == ["calmer"]


@pytest.mark.parametrize("begun", [9, 17, 23, 31])
@pytest.mark.parametrize("between", [1, 3, 7])
def test_kept_snapshots_know_who_has_left_while_they_were_stored(begun: int, between: int) -> None:
    partition = Partition(CROWDED.node, 0)
    for offset in range(begun):
        partition.apply(offset, None, CROWDED.log[offset])
    filling, topic = SlotWriter(partition, 0, "code"), dict[bytes, bytes | None]()
    while not filling.is_whole:
        topic |= filling.share(1)
        for offset in range(partition.offset + 1, partition.offset + 1 + between):
            partition.apply(offset, None, CROWDED.log[offset])
    topic |= filling.end()
    (kept,) = kept_in(topic.items(), 0)

    again, outputs = Partition(CROWDED.node, 0, kept.low, kept.roster), Outputs()
    for name, snapshot in kept.keys.items():
        again.restore(name, snapshot)
    for offset in range(kept.low + 1, len(CROWDED.log)):
        written(outputs if offset > kept.high else Outputs(), again, offset, CROWDED.log[offset])
    state, everything = EXPECTED[1]
    later = {place: value for place, value in everything.items() if int(place[1].split(":")[2]) > kept.high}
    assert outputs == later
    assert {name: CROWDED.node.dump(keyed.state) for name, keyed in sorted(again.keys.items())} == state
