"""A hundred thousand fuzzed payloads on a real broker stop nothing: good ones count, bad ones are refused.

They go to the three topics that clients may write to: ticks, commands, and sums of pooled experiments.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest
from aiokafka import AIOKafkaProducer
from msgspec.structs import replace

from agents.config.settings import Settings
from schemas.codec import decoder, encode
from schemas.commands import PinVersion
from schemas.dead_letters import DeadLetter
from schemas.experiments import PooledDecided, PooledMoved
from schemas.topics import (
    COMMANDS,
    DEAD_LETTERS,
    EXPERIMENT_PARTIALS,
    MODEL_VERSIONS,
    POOLED_EXPERIMENTS,
    PREDICTIONS,
    TICKS,
    Topic,
)
from streams.engine.chain import chained
from streams.engine.partition import Partition
from streams.engine.partitioner import partition_of
from streams.parameters import Parameters, load_parameters
from streams.topology import nodes
from tests.support.fuzzed_payloads import HANDMADE, spoiled, spoiled_payloads
from tests.support.live_loop import LiveLoop, Stored
from tests.support.loop_payloads import payloads
from tests.support.market_ticks import seeded_ticks
from tests.support.pooled_partials import SYMBOLS, TEST, outcomes, told

pytestmark = pytest.mark.broker

TOTAL = {TICKS: 50_000, COMMANDS: 25_000, EXPERIMENT_PARTIALS: 25_000}
FROM_SCHEMAS = 2_500
"""Payloads for each topic that are made from the schemas; spoiled copies of these are the others."""

LARGEST_SENT = 1_900_000
"""Bytes of a payload that the producers of this test can send: they refuse larger requests by themselves."""

CODECS = (None, "gzip", "snappy", "lz4", "zstd")
PARTITIONS = 2
GOOD = 300
HUGE = [b"\xff" * 1_000_000, b'{"kind":"quote","symbol":"' + b"Q" * 900_000 + b'"}', b"{" * 700_000]

CONFIGURATION = "".join(
    f"""
[experiments.{name}]
symbols = {list(SYMBOLS)}
apply = "automatic"
[experiments.{name}.test]
primary = "returns"
guardrails = {{ win_rate = 0.5 }}
batch = {TEST.batch}
expected = {TEST.expected}
warmup = {TEST.warmup}
longest = {TEST.longest}
minimum_batches = {TEST.minimum_batches}
scope = "pooled"
clock_ns = {TEST.clock_ns}
"""
    for name in ("calmer", "steady")
)
"""Two experiments: the payloads are about `calmer`; `steady` gets valid records only."""


def fuzzed(topic: Topic, most: int) -> list[bytes | None]:
    """Make payloads for a topic: handmade ones, ones from its schemas, and spoiled copies of these, shuffled.

    Args:
        topic: topic that clients write to.
        most: number of payloads.
    """
    random = Random(7)
    made = [each for each in payloads(topic, FROM_SCHEMAS, seed=5) if len(each) < LARGEST_SENT]
    found: list[bytes | None] = [*HANDMADE, *HUGE, *made]
    if topic is TICKS:
        found += spoiled_payloads(10_000)
    found += [spoiled(random, random.choice(made)) for _ in range(most - len(found))]
    random.shuffle(found)
    return found


def good(topic: Topic) -> list[tuple[bytes, bytes, int]]:
    """Key, value and partition of valid records for a topic, about symbols and experiments that no payload names."""
    if topic is TICKS:
        return [(b"GOOD", encode(tick), 0) for tick in seeded_ticks(1, GOOD, "GOOD", odd=0.0)]
    if topic is COMMANDS:
        pins = [PinVersion(f"pin-{n}", "GOOD", n + 1, "a person", pinned=n % 2 == 0) for n in range(GOOD)]
        return [(b"GOOD", encode(pin), 1) for pin in pins]
    partials = [told(outcomes(symbol, at % PARTITIONS, 900, 0.35, seed=at + 1)) for at, symbol in enumerate(SYMBOLS)]
    home = partition_of("steady", PARTITIONS)
    return [(b"steady", encode(replace(each, experiment="steady")), home) for stream in partials for each in stream]


async def send(bootstrap: str, settings: Settings, topic: Topic, values: Sequence[bytes | None]) -> None:
    """Send payloads with the valid records of the topic in between, in turn uncompressed and by each codec."""
    producers = [
        AIOKafkaProducer(
            bootstrap_servers=bootstrap,
            max_request_size=2_000_000,
            max_batch_size=500_000,
            linger_ms=20,
            compression_type=codec,
        )
        for codec in CODECS
    ]
    name, between = settings.topic(topic.name), good(topic)
    every = len(values) // len(between)
    for producer in producers:
        await producer.start()
    try:
        for number, value in enumerate(values):
            await producers[number % len(CODECS)].send(name, value, key=b"any", partition=number % PARTITIONS)
            if number % every == 0 and between:
                key, valid, partition = between.pop(0)
                await producers[-1].send(name, valid, key=key, partition=partition)
        for key, valid, partition in between:
            await producers[-1].send(name, valid, key=key, partition=partition)
    finally:
        for producer in producers:
            await producer.stop()


def expected(parameters: Parameters, held: dict[Topic, list[Stored]]) -> Iterator[Any]:
    """The outputs of all nodes for the records that their topics hold, computed in this process."""
    for node in chained(nodes(parameters)):
        partitions = [Partition(node, number) for number in range(PARTITIONS)]
        for record in held[node.source]:
            yield from partitions[record.partition].apply(record.offset, record.key, record.value)


async def test_a_hundred_thousand_payloads_stop_nothing_and_are_all_judged(
    bootstrap: str, prefix: str, tmp_path: Path
) -> None:
    configuration = tmp_path / "tickloop.toml"
    configuration.write_text(CONFIGURATION)
    parameters = load_parameters(msgspec.toml.decode(CONFIGURATION))
    settings = Settings.load({}, prefix=prefix, partitions=PARTITIONS)
    async with LiveLoop(nodes(parameters), settings, bootstrap, tmp_path / "workers.log") as loop:
        for slot in (1, 2):
            loop.start(slot, TICKLOOP_CONFIG=str(configuration))
        for topic, most in TOTAL.items():
            await send(bootstrap, settings, topic, fuzzed(topic, most))
        await loop.until_caught_up()
        assert [worker.poll() for worker in loop.workers.values()] == [None, None], "no worker has ended"
        assert "Traceback" not in loop.log(1) + loop.log(2)

        held = {topic: await loop.stored(topic.name) for topic in TOTAL}
        assert all(len(held[topic]) >= most for topic, most in TOTAL.items())
        follows = list(expected(parameters, held))
        letters = await everything(loop, DEAD_LETTERS)
        wanted = {_named(each) for each in follows if isinstance(each, DeadLetter)}
        assert {_named(each) for each in letters} == wanted, "each bad one is a dead letter with its reason"
        print(reasons := Counter((each.node, each.reason) for each in letters))
        assert {"market", "lifecycle", "pooling"} <= {node for node, _ in reasons}
        assert len(reasons) >= 20

        predicted = [each for each in await everything(loop, PREDICTIONS) if each.symbol == "GOOD"]
        assert len({each.id for each in predicted}) == GOOD
        pins = {each.command for each in await everything(loop, MODEL_VERSIONS) if each.symbol == "GOOD"}
        assert pins == {f"pin-{n}" for n in range(GOOD)}
        pooled = [each for each in await everything(loop, POOLED_EXPERIMENTS) if each.experiment == "steady"]
        alone = Partition(chained(nodes(parameters))[1], partition_of("steady", PARTITIONS))
        undisturbed = [
            record
            for offset, (key, value, _) in enumerate(good(EXPERIMENT_PARTIALS))
            for record in alone.apply(offset, key, value)
            if isinstance(record, PooledMoved | PooledDecided)
        ]
        assert list({each.id: each for each in pooled}.values()) == undisturbed
        assert isinstance(undisturbed[-1], PooledDecided)


async def everything(loop: LiveLoop, topic: Topic) -> list[Any]:
    """Decode all records of a topic; fails if one does not fit its schema."""
    decode = decoder(topic.record)
    return [decode(record.value) for record in await loop.stored(topic.name)]


def _named(letter: DeadLetter) -> tuple[str, str, str]:
    return letter.id, letter.node, letter.reason
