"""`tickloop replay` writes each tick once and in order to topics of its own, also if it is killed and run again."""

import asyncio
import csv
import os
import signal
import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from click.testing import CliRunner

from agents.cli import cli
from agents.clients.publisher import Addressed, publish
from agents.clients.reader import Received, read_blocks
from agents.config.settings import Settings
from agents.operations import topics
from agents.operations.runs import run_settings
from schemas.codec import encode
from schemas.errors import ConfigurationError
from schemas.ticks import Directive, Quote, Trade
from schemas.topics import TICKS
from streams.engine.partitioner import partition_of
from streams.parameters import Parameters
from streams.sources.synthetic import synthetic_market
from streams.topology import nodes
from streams.verification.expected import Expected

pytestmark = pytest.mark.broker

PARTITIONS = 4
TICKS_OF_THE_FILE = 120_000
SYMBOLS = [f"SYM{number}" for number in range(12)]


def environment(bootstrap: str, prefix: str, home: Path) -> dict[str, str]:
    return {
        "TICKLOOP_BOOTSTRAP": bootstrap,
        "TICKLOOP_PREFIX": prefix,
        "TICKLOOP_PARTITIONS": str(PARTITIONS),
        "TICKLOOP_HOME": str(home),
    }


def write_csv(path: Path, ticks: Sequence[Quote | Trade]) -> Path:
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["kind", *FIELDS])
        for tick in ticks:
            kind = "quote" if isinstance(tick, Quote) else "trade"
            rows.writerow([kind, *("" if (cell := getattr(tick, name, None)) is None else cell for name in FIELDS)])
    return path


FIELDS = ("symbol", "ts_event", "bid", "bid_size", "ask", "ask_size", "price", "size", "side", "seq")


async def everything(bootstrap: str, topic: str) -> dict[int, list[Received]]:
    lanes: dict[int, list[Received]] = defaultdict(list)
    async for block in read_blocks(bootstrap, topic, until_end=True, repeats=True):
        for record in block:
            lanes[record.partition].append(record)
    return lanes


class Ended(NamedTuple):
    code: int | None
    printed: bytes
    said: str

    @property
    def report(self) -> dict[str, Any]:
        assert self.code == 0, self.said
        found: dict[str, Any] = msgspec.json.decode(self.printed)
        return found


async def started(given: dict[str, str], *arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "agents.cli", "replay", *arguments),
        env={**os.environ, **given},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def run(given: dict[str, str], *arguments: str) -> Ended:
    process = await started(given, *arguments)
    printed, said = await process.communicate()
    return Ended(process.returncode, printed, " ".join(said.decode().split()))


async def until_held(consumer: AIOKafkaConsumer, topic: str, records: int, process: asyncio.subprocess.Process) -> int:
    """Wait until a topic holds `records` records or `process` has ended; return how many it holds."""
    tps = [TopicPartition(topic, number) for number in range(PARTITIONS)]
    held = sum((await consumer.end_offsets(tps)).values())
    while process.returncode is None and held < records:
        await asyncio.sleep(0.002)
        held = sum((await consumer.end_offsets(tps)).values())
    return int(held)


async def test_kills_at_several_points_neither_lose_nor_double_nor_reorder(
    bootstrap: str, prefix: str, tmp_path: Path
) -> None:
    feed = list(synthetic_market(seed=3, symbols=SYMBOLS, ticks=TICKS_OF_THE_FILE))
    file = write_csv(tmp_path / "market.csv", feed)
    given = environment(bootstrap, prefix, tmp_path)
    settings = run_settings(Settings.load(given), "killed")
    await topics.apply(bootstrap, topics.registry(settings))
    topic = settings.topic(TICKS.name)
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap)
    await consumer.start()
    hits = 0
    kill, interrupt = signal.SIGKILL, signal.SIGINT
    for threshold, how in ((1, kill), (25_000, kill), (50_000, interrupt), (75_000, kill)):
        process = await started(given, str(file), "--run", "killed")
        await until_held(consumer, topic, threshold, process)
        process.send_signal(how)
        assert await process.wait() == (130 if how == interrupt else -kill)
        hits += await until_held(consumer, topic, 0, process) < TICKS_OF_THE_FILE
    await consumer.stop()
    assert hits == 4, "hardly a kill came while ticks were under way: the test showed nothing"

    report = (await run(given, str(file), "--run", "killed", "--json")).report
    assert report["already"] > 75_000
    assert report["already"] + report["sent"] == TICKS_OF_THE_FILE
    expected: dict[int, list[tuple[bytes, bytes]]] = defaultdict(list)
    for tick in feed:
        expected[partition_of(tick.symbol, PARTITIONS)].append((tick.symbol.encode(), encode(tick)))
    lying = await everything(bootstrap, topic)
    assert {n: [(r.key, r.value) for r in records] for n, records in lying.items()} == expected

    assert (await run(given, str(file), "--run", "killed", "--json")).report["sent"] == 0


async def test_a_run_is_refused_if_its_topics_do_not_hold_the_first_ticks_of_its_source(
    bootstrap: str, prefix: str, tmp_path: Path
) -> None:
    feed = list(synthetic_market(seed=4, symbols=SYMBOLS, ticks=2_000))
    file, other = write_csv(tmp_path / "a.csv", feed), write_csv(tmp_path / "b.csv", feed[1:])
    given = environment(bootstrap, prefix, tmp_path)
    half = feed[1_000].ts_event
    first = await run(given, str(file), "--run", "one", "--until", str(half), "--json")
    sent = first.report["sent"]
    assert 1_000 <= sent < 1_050

    refused = await run(given, str(other), "--run", "one")
    assert refused.code == 2
    assert "they are not the first ones of this source" in refused.said
    shorter = await run(given, str(file), "--run", "one", "--until", str(feed[500].ts_event))
    assert "the source has only" in shorter.said

    rest = await run(given, str(file), "--run", "one", "--json")
    assert rest.report["sent"] == 2_000 - sent
    anew = await run(given, str(other), "--run", "one", "--anew", "--json")
    assert anew.report["sent"] == 1_999

    producer = AIOKafkaProducer(bootstrap_servers=bootstrap)
    await producer.start()
    topic = f"{prefix}replay-one.ticks"
    await producer.send_and_wait(topic, b"{}", partition=0)
    await producer.stop()
    foreign = await run(given, str(other), "--run", "one")
    assert foreign.code == 2, foreign.said


async def test_a_record_of_another_producer_between_the_ticks_is_noticed(
    bootstrap: str, prefix: str, tmp_path: Path
) -> None:
    file = write_csv(tmp_path / "a.csv", list(synthetic_market(seed=4, symbols=["X"], ticks=2_000)))
    given = environment(bootstrap, prefix, tmp_path)
    topic = f"{prefix}replay-two.ticks"
    await topics.apply(bootstrap, topics.registry(run_settings(Settings.load(given), "two")))
    producer, consumer = AIOKafkaProducer(bootstrap_servers=bootstrap), AIOKafkaConsumer(bootstrap_servers=bootstrap)
    await asyncio.gather(producer.start(), consumer.start())
    partition = partition_of("X", PARTITIONS)
    process = await started(given, str(file), "--run", "two", "--speed", "40x")
    await until_held(consumer, topic, 1, process)
    await producer.send_and_wait(topic, b"{}", partition=partition)
    await producer.stop()
    await consumer.stop()
    _, said = await process.communicate()
    assert process.returncode == 4
    assert b"somebody else wrote to it" in b" ".join(said.split())


async def test_a_copied_log_gives_the_same_ids_and_bytes(bootstrap: str, prefix: str, tmp_path: Path) -> None:
    given = environment(bootstrap, prefix, tmp_path)
    live = Settings.load(given)
    await topics.apply(bootstrap, topics.registry(live))
    topic = live.topic(TICKS.name)
    feed = list(synthetic_market(seed=5, symbols=SYMBOLS, ticks=6_000))
    await publish(feed[:3_000], bootstrap, topic)
    # Where no partitioner would put it, with no key, and something that is no JSON: a copy keeps everything.
    directive = Directive("d1", "SYM1", feed[3_000].ts_event, "stop_arm", "nobody", "a test")
    odd = [Addressed(2, None, encode(directive)), Addressed(0, b"k", b"no json"), Addressed(1, b"t", None)]
    await publish(odd, bootstrap, topic)
    await publish(feed[3_000:], bootstrap, topic)
    source = await everything(bootstrap, topic)

    # Half of it, then the rest, computed.
    half = await run(given, "--from-topic", "ticks", "--run", "copy", "--until", str(feed[2_000].ts_event), "--json")
    assert half.report["same_offsets"]
    result = await run(given, "--from-topic", "ticks", "--run", "copy", "--workers", "1", "--json")
    assert result.report["computed"]["dead-letters"] >= 2
    copy = await everything(bootstrap, f"{prefix}replay-copy.ticks")
    assert {n: [r._replace(timestamp_ms=0) for r in records] for n, records in copy.items()} == {
        n: [r._replace(timestamp_ms=0) for r in records] for n, records in source.items()
    }
    wanted: dict[str, set[bytes]] = defaultdict(set)
    for number, records in source.items():
        chain = Expected(nodes(Parameters()), number)
        for record in records:
            for emitted in chain.take(record.offset, record.key, record.value):
                wanted[emitted.topic].add(emitted.value)
    for name in ("predictions", "outcomes", "dead-letters"):
        lying = await everything(bootstrap, f"{prefix}replay-copy.{name}")
        assert {r.value for records in lying.values() for r in records} == wanted[name]
        assert len(wanted[name]) > 1
        assert not await everything(bootstrap, f"{prefix}{name}"), "a replay wrote to the live topics"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "expected files or --from-topic"),
        (["a.csv", "--from-topic", "ticks"], "expected files or --from-topic"),
        (["-"], "was standard input"),
        (["a.csv", "--run", "a/b"], "--run: expected 1 to 80 letters"),
        (["a.csv", "--until", "noon"], "--until: expected a time"),
        (["--from-topic", "replay-x.ticks", "--run", "x"], "expected another topic than that of the run"),
        (["a.csv", "--speed", "fast"], "--speed: expected 1x"),
    ],
)
def test_wrong_usage_is_answered_with_a_sentence(
    arguments: list[str], sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_csv(tmp_path / "a.csv", list(synthetic_market(seed=4, symbols=["X"], ticks=20)))
    result = CliRunner().invoke(cli, ["replay", *arguments], env={"TICKLOOP_BOOTSTRAP": "127.0.0.1:1"})
    assert isinstance(result.exception, ConfigurationError)
    assert sentence in str(result.exception)
