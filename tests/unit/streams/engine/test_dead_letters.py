"""Every dead letter fits its topic, whatever was refused; an output that is too large is replaced by one."""

import hashlib
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest

from agents.kafka.fetches import Fetched
from agents.runtime.counters import Counters
from agents.runtime.live_partition import LivePartition, PartitionServices
from agents.runtime.outbox import Post
from agents.runtime.recovery import NOTHING
from schemas.alerts import Alert
from schemas.codec import encode
from schemas.dead_letters import CUT_VALUE, LONGEST_KEY, WHOLE_VALUE, DeadLetter
from schemas.errors import LONGEST_DETAIL, Refused, StateError
from schemas.ticks import Trade
from schemas.topics import ALERTS, COMMANDS, DEAD_LETTERS, EXPERIMENT_PARTIALS, LARGEST_SNAPSHOT, MIB, TICKS
from streams.engine.dead_letters import dead_letter
from streams.engine.replay import SourceRecord, replay
from streams.parameters import Parameters
from streams.topology import nodes
from tests.support.counting import COUNTS, Counted, CountingNode

LOOP = nodes(Parameters())
ROOTS = {TICKS: b'{"kind":"', COMMANDS: b'{"kind":"', EXPERIMENT_PARTIALS: b'{"id":"'}


def refusals(key: bytes | None, value: bytes) -> list[tuple[DeadLetter, bytes]]:
    """Dead letters, and their bytes, of every node whose input clients may write to, for one record."""
    found = []
    for node in LOOP:
        if node.source in ROOTS:
            (emitted,) = replay([node], [SourceRecord(0, 7, key, value)])
            assert emitted.topic == DEAD_LETTERS.name
            found.append((msgspec.json.decode(emitted.value, type=DeadLetter), emitted.value))
    assert len(found) == 3
    return found


@pytest.mark.parametrize(
    "value",
    [
        b"\xff" * MIB,
        b'{"kind":"' + b"\x01" * (MIB - 20) + b'"}',
        b'{"kind":"' + b"A" * (MIB - 20) + b'"}',
        b'{"kind":"' + "\U0001f4a5".encode() * (MIB // 4 - 20) + b'"}',
        b'{"id":"' + b"A" * 700_000 + b'","kind":"quote","symbol":7}',
        b"[" * MIB,
        b'{"' + b"\\u0000" * 170_000 + b'":1}',
    ],
    ids=["binary", "control characters", "echoed tag", "wide characters", "odd type", "nesting", "escapes"],
)
def test_the_largest_message_becomes_a_letter_that_holds_all_of_it_and_fits(value: bytes) -> None:
    for letter, written in refusals(b"k" * LONGEST_KEY, value):
        assert len(written) <= DEAD_LETTERS.largest_value
        assert letter.value == value
        assert (letter.value_bytes, letter.key_bytes) == (msgspec.UNSET, msgspec.UNSET)
        assert 0 < len(letter.detail) <= LONGEST_DETAIL


@pytest.mark.parametrize("size", [WHOLE_VALUE + 1, 3_000_000, 30_000_000])
def test_a_value_that_unpacked_to_too_much_is_cut_without_being_parsed(size: int) -> None:
    value, key = b'{"kind":"' + b"A" * (size - 9), b"k" * 5_000
    for letter, written in refusals(key, value):
        assert letter.reason == "too_large"
        assert len(written) <= 100_000
        assert (letter.value, letter.key) == (value[:CUT_VALUE], key[:LONGEST_KEY])
        assert (letter.value_bytes, letter.key_bytes) == (size, 5_000)
        assert letter.value_sha256 == hashlib.sha256(value).hexdigest()
        assert letter.key_sha256 == hashlib.sha256(key).hexdigest()


def test_a_whole_value_with_the_longest_of_everything_else_fits() -> None:
    refused = Refused("r" * 64, "\x00" * LONGEST_DETAIL)
    letter = dead_letter("ticks:999999:" + "9" * 19, "n" * 64, refused, b"k" * 9_999, b"v" * WHOLE_VALUE)
    assert letter.value_bytes is msgspec.UNSET
    assert letter.key_bytes == 9_999
    assert len(encode(letter)) <= DEAD_LETTERS.largest_value


def test_a_letter_of_before_is_the_same_to_the_byte() -> None:
    (letter, written), *_ = refusals(b"X", b'{"kind":"rumour"}')
    assert list(msgspec.json.decode(written)) == ["id", "node", "reason", "detail", "key", "value"]
    assert letter.detail == "Invalid value 'rumour' - at `$.kind`"


class VerboseNode(CountingNode):
    """A counting node that at every second tick also writes two outputs that are too large, and an alert that fits."""

    outputs = (COUNTS, ALERTS, DEAD_LETTERS)

    def step(self, state: Any, event: Any, record_id: str) -> Any:
        counted = super().step(state, event, record_id)
        if state.count % 2:
            return counted
        alert = Alert(record_id, "ticks", "X", 1, "breach", "info", "v1", "fits")
        large = Counted(record_id + ":1", "X" * (MIB + 1), 0, 0)
        mine = Counted("of-my-own", "Y" * (MIB + 1), 0, 0)
        return [alert, large, mine, *counted]


class Batch:
    def __init__(self, written: list[tuple[bytes | None, bytes]]) -> None:
        self._written = written

    def append(self, *, timestamp: None, key: bytes | None, value: bytes) -> object:
        self._written.append((key, value))
        return object()

    def size(self) -> int:
        return 0


def live(node: CountingNode) -> tuple[LivePartition, list[tuple[bytes | None, bytes]], Counters]:
    """A live partition of a node, the list that its outputs are added to, and its counters."""
    written: list[tuple[bytes | None, bytes]] = []
    counters = Counters()
    topics: dict[type, str] = {record: topic.name for topic in node.outputs for record in topic.records}
    producer = cast(Any, SimpleNamespace(create_batch=lambda: Batch(written)))
    ways = PartitionServices(producer, Post(), topics, "changelog", 1, 1_000_000, lambda offset: None, counters)
    return LivePartition(node, 0, NOTHING, ways), written, counters


async def test_an_output_that_is_too_large_is_replaced_alike_live_and_in_a_replay(
    caplog: pytest.LogCaptureFixture,
) -> None:
    ticks = [encode(Trade("X", 1 + offset, 1.0, 1.0)) for offset in range(4)]
    partition, written, counters = live(VerboseNode())
    records = [SimpleNamespace(offset=at, timestamp=0, key=b"X", value=value) for at, value in enumerate(ticks)]
    await partition.take(Fetched.of(records, 0, len(records)))
    replayed = [
        emitted.value
        for emitted in replay([VerboseNode()], [SourceRecord(0, at, b"X", value) for at, value in enumerate(ticks)])
    ]
    assert [value for _, value in written] == replayed
    letters = [msgspec.json.decode(value, type=DeadLetter) for value in replayed if b"does_not_fit" in value]
    assert [(letter.id, letter.node) for letter in letters] == [
        ("ticks:0:1:1", "counts"),
        ("ticks:0:1", "counts"),
        ("ticks:0:3:1", "counts"),
        ("ticks:0:3", "counts"),
    ]
    assert len(replayed) == 4 + 2 + len(letters)
    assert all(len(value) <= DEAD_LETTERS.largest_value for value in replayed)
    assert "'of-my-own'" in letters[1].detail
    assert cast(int, letters[0].value_bytes) > MIB
    assert counters.refused == {"does_not_fit": 4}
    assert "stands in for what was written" in caplog.text


class HoardingNode(CountingNode):
    """A counting node whose state is too large for its changelog."""

    def dump(self, state: Any) -> bytes:
        return bytes(LARGEST_SNAPSHOT)


async def test_a_state_that_is_too_large_is_an_error_before_anything_is_lost() -> None:
    partition, _, _ = live(HoardingNode())
    tick = SimpleNamespace(offset=0, timestamp=0, key=b"X", value=encode(Trade("X", 1, 1.0, 1.0)))
    await partition.take(Fetched.of([tick], 0, 1))
    partition._outbox._batches = {}
    with pytest.raises(StateError, match=r"state of 'X' to take at most \d+ bytes.*fix: shorter windows"):
        await partition.checkpoint()
    assert partition.covered == -1
