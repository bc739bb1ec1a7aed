"""The largest messages that a broker accepts, also compressed ones, become dead letters; the partition goes on."""

from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import msgspec
import pytest

from agents.config.settings import Settings
from agents.kafka import AIOKafkaProducer
from agents.operations import topics
from schemas.codec import encode
from schemas.dead_letters import CUT_VALUE, DeadLetter
from schemas.ticks import Quote
from schemas.topics import (
    COMMANDS,
    DEAD_LETTERS,
    EXPERIMENT_PARTIALS,
    LARGEST_SNAPSHOT,
    MIB,
    PREDICTIONS,
    TICKS,
    Topic,
)
from streams.parameters import Parameters
from streams.topology import nodes
from tests.support.live_loop import LiveLoop

pytestmark = pytest.mark.broker

UNPACKED = 3_000_000
"""Unpacked size of a compression bomb, bytes, that is unpacked and then refused by its size."""

LEFT_PACKED = 30_000_000
"""Unpacked size of a compression bomb, bytes, that is refused without being unpacked."""

PLAIN = [
    b"\xff" * 1_000_000,
    b'{"kind":"' + b"A" * 1_000_000 + b'"}',
    b'{"kind":"' + b"\x01" * 1_000_000,
    b"[" * 1_000_000,
    b'{"kind":"quote","symbol":"' + b"Q" * 1_000_000 + b'"}',
]


async def send(bootstrap: str, topic: str, payloads: Sequence[tuple[str | None, bytes]]) -> None:
    """Send payloads to partition 0, each in a message of its own.

    Args:
        bootstrap: address of the Kafka cluster.
        topic: full name of the topic.
        payloads: name of the compression codec (None: uncompressed) and value of each message.
    """
    async with AsyncExitStack() as stack:
        producers = {}
        for codec in dict.fromkeys(codec for codec, _ in payloads):
            producer = AIOKafkaProducer(
                bootstrap_servers=bootstrap, compression_type=codec, max_request_size=2 * LEFT_PACKED, max_batch_size=1
            )
            producers[codec] = await stack.enter_async_context(producer)
        for codec, payload in payloads:
            await producers[codec].send_and_wait(topic, payload, key=b"any", partition=0)


async def test_the_largest_messages_and_compression_bombs_become_dead_letters(
    bootstrap: str, prefix: str, tmp_path: Path
) -> None:
    good = [encode(Quote("SIZE", 1 + number, 99.0, 3.0, 101.0, 1.0)) for number in range(30)]
    bombs = [
        (codec, b'{"kind":"' + b"A" * size)
        for codec in ("gzip", "snappy", "lz4", "zstd")
        for size in (UNPACKED, LEFT_PACKED)
        if (codec, size) != ("snappy", LEFT_PACKED)  # packs to a twentieth: the topic does not take it
    ]
    bad = [*((None, payload) for payload in PLAIN), *bombs]
    payloads = [each for pair in zip(((None, tick) for tick in good), bad, strict=False) for each in pair]
    payloads += [("lz4", tick) for tick in good[len(bad) :]]

    settings = Settings.load({}, prefix=prefix, partitions=1)
    async with LiveLoop(nodes(Parameters()), settings, bootstrap, tmp_path / "workers.log") as loop:
        loop.start(1)
        await send(bootstrap, settings.topic(TICKS.name), payloads)
        await loop.until_caught_up()
        assert (await loop.verdict()).is_exact
        assert len(await loop.stored(PREDICTIONS.name)) == len(good), "good ticks between the bad ones, packed or not"
        check(await letters(loop, TICKS), bad)

        for topic in (COMMANDS, EXPERIMENT_PARTIALS):
            await send(bootstrap, settings.topic(topic.name), bad)
        await loop.until_caught_up()
        for topic in (COMMANDS, EXPERIMENT_PARTIALS):
            check(await letters(loop, topic), bad)
        assert loop.workers[1].poll() is None
        assert loop.log(1).count("ready: ") == 1, "no process ended"


async def letters(loop: LiveLoop, topic: Topic) -> list[DeadLetter]:
    """Dead letters (refused input with the reason) of records of a topic."""
    held = [msgspec.json.decode(record.value, type=DeadLetter) for record in await loop.stored(DEAD_LETTERS.name)]
    return [letter for letter in held if letter.id.startswith(f"{topic.name}:")]


def check(found: list[DeadLetter], bad: Sequence[tuple[str | None, bytes]]) -> None:
    """Each bad payload must have a dead letter with the payload, or with its start and digest if it is large."""
    assert len(found) == len(bad)
    for letter, (codec, payload) in zip(found, bad, strict=True):
        assert letter.key == (b"any" if len(payload) < LEFT_PACKED else None)
        if codec is None:
            assert letter.value == payload
        elif len(payload) < LEFT_PACKED:
            assert (letter.reason, letter.value) == ("too_large", payload[:CUT_VALUE])
            assert letter.value_bytes == len(payload)
        else:
            assert letter.reason == "too_large"
            assert "was not unpacked" in letter.detail
    assert Counter(letter.reason for letter in found)["too_large"] == len(bad) - len(PLAIN)


async def test_the_broker_takes_a_batch_of_the_size_of_the_largest_snapshot(bootstrap: str, prefix: str) -> None:
    settings = Settings.load({}, prefix=prefix, partitions=1)
    changelog = topics.changelog(settings, prefix + "changelog")
    outputs = topics.specification(settings, DEAD_LETTERS)
    await topics.apply(bootstrap, [changelog, outputs])
    async with AIOKafkaProducer(
        bootstrap_servers=bootstrap, enable_idempotence=True, max_batch_size=900_000, max_request_size=20 * MIB
    ) as producer:
        for spec, size in ((changelog, LARGEST_SNAPSHOT), (outputs, DEAD_LETTERS.largest_value)):
            batch = producer.create_batch()
            batch.append(key=b"k" * 1_024, value=bytes(size), timestamp=None)
            taken = await (await producer.send_batch(batch, spec.name, partition=0))
            assert taken.offset == 0
