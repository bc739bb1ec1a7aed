"""Ticks are published to a real broker and read back: order, pace, stops, repeats, a broker that is killed."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import aclosing
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from click.testing import CliRunner, Result

from agents.broker.launch import start
from agents.broker.process import RunningBroker
from agents.cli import cli
from agents.clients.pace import Pace
from agents.clients.publisher import Published, publish
from agents.clients.reader import Received, Start, read, read_blocks
from agents.operations import topics
from schemas.codec import encode
from schemas.errors import EnvironmentProblem
from schemas.ticks import Trade
from streams.engine.feed import Feed, RawTick, payload
from streams.engine.partitioner import partition_of
from streams.sources.synthetic import OPENING_NS, synthetic_market

pytestmark = pytest.mark.broker

PARTITIONS = 4


async def made(bootstrap: str, name: str) -> str:
    await topics.apply(bootstrap, [topics.TopicSpec(name, PARTITIONS, 1, {})])
    return name


@pytest.fixture
async def topic(bootstrap: str, prefix: str) -> str:
    return await made(bootstrap, prefix + "ticks")


async def everything(bootstrap: str, topic: str, start: Start = "beginning", repeats: bool = True) -> list[Received]:
    return [record async for record in read(bootstrap, topic, start=start, until_end=True, repeats=repeats)]


async def write(bootstrap: str, topic: str, partition: int, values: Sequence[bytes]) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all")
    await producer.start()
    for value in values:
        await producer.send_and_wait(topic, value, key=b"X", partition=partition)
    await producer.stop()


def in_order(feed: Sequence[Feed]) -> dict[int, list[tuple[bytes, bytes]]]:
    """Keys and values that each partition must hold after `feed` was published, in their order."""
    lanes = defaultdict(list)
    for tick in feed:
        value = payload(tick)
        lanes[partition_of(tick.symbol, PARTITIONS)].append((tick.symbol.encode(), value))
    return lanes


def by_partition(records: Sequence[Received]) -> dict[int, list[tuple[bytes | None, bytes | None]]]:
    lanes = defaultdict(list)
    for record in records:
        lanes[record.partition].append((record.key, record.value))
    return lanes


async def test_every_tick_arrives_once_in_order_on_the_partition_of_its_symbol(bootstrap: str, topic: str) -> None:
    feed: list[Feed] = [*synthetic_market(seed=1, ticks=20_000)]
    feed[500:500] = [RawTick("ACORN", b"not a tick", None, "planted"), RawTick("", b"", None, "no key")]
    report = await publish(feed, bootstrap, topic)
    records = await everything(bootstrap, topic)

    assert by_partition(records) == in_order(feed)
    assert (report.ticks, report.unreadable, report.first_problem) == (len(feed), 2, "planted")
    assert report.complete
    for partition, span in report.partitions.items():
        assert (span.first, span.last + 1) == (0, span.records)
        assert span.records == len(in_order(feed)[partition])


async def test_other_clients_choose_the_same_partition(bootstrap: str, topic: str) -> None:
    symbols = [f"SYMBOL{number}" for number in range(40)] + ["BTCUSDT", "EUR/USD", "é", "x" * 33]
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap)
    await producer.start()
    chosen = [(await producer.send_and_wait(topic, b"{}", key=symbol.encode())).partition for symbol in symbols]
    await producer.stop()
    assert chosen == [partition_of(symbol, PARTITIONS) for symbol in symbols]


async def test_a_rate_is_kept_and_event_time_is_compressed(bootstrap: str, topic: str) -> None:
    ticks = [Trade("X", OPENING_NS + number * 100_000_000, 1.0, 1.0) for number in range(300)]  # 30 s of event time
    for pace in (Pace(rate=500), Pace(speed=50)):
        report = await publish(ticks, bootstrap, topic, pace=pace)
        assert 0.55 < report.seconds < 20.0, "the upper bound is that of a busy machine"
    stamps = [record.timestamp_ms for record in await everything(bootstrap, topic)]
    assert stamps[299] - stamps[0] > 500  # sent one by one, not all at the end


async def test_a_stop_sends_the_ticks_that_were_taken_and_reports_that_more_were_left(
    bootstrap: str, topic: str
) -> None:
    stop, clock = asyncio.Event(), asyncio.get_running_loop()

    def market() -> Iterator[Feed]:
        for number, tick in enumerate(synthetic_market(seed=2)):
            if number == 1_000:
                clock.call_soon_threadsafe(stop.set)
            yield tick

    report = await publish(market(), bootstrap, topic, pace=Pace(rate=2_000), stop=stop)
    records = await everything(bootstrap, topic)
    assert not report.complete
    assert 0 < report.ticks == len(records)
    assert by_partition(records) == in_order(list(synthetic_market(seed=2, ticks=len(records))))


async def test_a_stop_does_not_wait_for_a_silent_feed(bootstrap: str, topic: str) -> None:
    stop, clock = asyncio.Event(), asyncio.get_running_loop()

    async def silent_after_one() -> AsyncIterator[list[Feed]]:
        yield [Trade("X", 1, 1.0, 1.0)]
        clock.call_later(0.3, stop.set)
        await asyncio.Event().wait()

    report = await asyncio.wait_for(publish(silent_after_one(), bootstrap, topic, stop=stop), 60)
    assert (report.ticks, report.complete) == (1, False)


async def test_a_missing_topic_and_a_missing_cluster_are_reported(bootstrap: str, prefix: str) -> None:
    with pytest.raises(EnvironmentProblem, match="tickloop topics apply"):
        await publish([], bootstrap, prefix + "none")
    with pytest.raises(EnvironmentProblem, match="tickloop topics apply"):
        await everything(bootstrap, prefix + "none")
    with pytest.raises(EnvironmentProblem, match=r"127\.0\.0\.1:1"):
        await everything("127.0.0.1:1", prefix + "none")


async def test_a_batch_that_the_broker_refuses_is_an_error(bootstrap: str, topic: str) -> None:
    with pytest.raises(EnvironmentProblem, match="MessageSizeTooLarge"):
        await publish([RawTick("X", b"x" * 3_000_000)], bootstrap, topic)


async def test_repeats_are_dropped_unless_asked_for(bootstrap: str, topic: str) -> None:
    written = [b'{"id":"ticks:1:%d","n":%d}' % (offset, offset) for offset in (3, 4, 5, 4, 5, 6)]
    await write(bootstrap, topic, 1, written)
    assert [record.value for record in await everything(bootstrap, topic)] == written
    once = await everything(bootstrap, topic, repeats=False)
    assert [record.value for record in once] == [written[0], written[1], written[2], written[5]]


async def test_a_reader_begins_at_the_newest_records_at_an_offset_or_at_the_end(bootstrap: str, topic: str) -> None:
    for value in (b"0", b"1", b"2", b"3", b"4"):
        await write(bootstrap, topic, int(value) % 2, [value])
        await asyncio.sleep(0.01)  # so that time stamps tell the order across partitions
    newest = await everything(bootstrap, topic, start=-3)
    assert [record.value for record in newest] == [b"2", b"3", b"4"]
    assert {record.value for record in await everything(bootstrap, topic, start=1)} == {b"2", b"3", b"4"}
    assert await everything(bootstrap, topic, start="end") == []


@pytest.mark.parametrize("start", ["end", -1])
async def test_following_sees_what_comes_later(bootstrap: str, topic: str, start: Start) -> None:
    await write(bootstrap, topic, 0, [b"old"])
    async with aclosing(read(bootstrap, topic, start=start)) as records:
        if start == -1:
            assert (await anext(records)).value == b"old"
        coming = asyncio.ensure_future(anext(records))
        for _ in range(60):  # one that begins at the end sees what comes after it has found the end
            await write(bootstrap, topic, 3, [b"new"])
            done, _ = await asyncio.wait({coming}, timeout=1)
            if done:
                break
        assert coming.done()
        assert (await coming).value == b"new"


async def test_publisher_and_reader_outlive_a_broker_that_is_killed(
    fresh_broker: Callable[..., RunningBroker], tmp_path: Path
) -> None:
    broker = await asyncio.to_thread(fresh_broker)
    topic = await made(broker.address, "ticks")
    feed = list(synthetic_market(seed=5, ticks=30_000))
    publishing = asyncio.create_task(publish(feed, broker.address, topic, pace=Pace(rate=5_000)))

    async def read_all() -> list[Received]:
        records: list[Received] = []
        async with aclosing(read_blocks(broker.address, topic)) as blocks:
            async for block in blocks:
                records += block
                if len(records) >= len(feed):
                    break
        return records

    reading = asyncio.create_task(read_all())
    await asyncio.sleep(2)
    killed = broker.process
    assert killed is not None
    killed.kill()
    await asyncio.to_thread(killed.wait)
    assert not publishing.done()
    assert not reading.done()
    await asyncio.to_thread(start, tmp_path / "home", broker.port)

    report: Published = await asyncio.wait_for(publishing, 120)
    records = await asyncio.wait_for(reading, 120)
    assert report.ticks == len(feed)
    assert by_partition(records) == in_order(feed)
    assert len(await everything(broker.address, topic)) == len(feed)


def run(bootstrap: str, prefix: str, *arguments: str) -> Result:
    environment = {"TICKLOOP_BOOTSTRAP": bootstrap, "TICKLOOP_PREFIX": prefix, "TICKLOOP_PARTITIONS": str(PARTITIONS)}
    return CliRunner().invoke(cli, arguments, env=environment, catch_exceptions=False)


def test_the_commands_publish_a_file_and_consume_its_ticks(bootstrap: str, prefix: str, tmp_path: Path) -> None:
    ticks = list(synthetic_market(seed=6, ticks=500))
    path = tmp_path / "ticks.jsonl"
    path.write_bytes(b"".join(encode(tick) + b"\n" for tick in ticks) + b"no tick\n")
    run(bootstrap, prefix, "topics", "apply")

    report = json.loads(run(bootstrap, prefix, "publish", str(path), "--json").stdout)
    assert (report["ticks"], report["unreadable"], report["complete"]) == (501, 1, True)

    lines = run(bootstrap, prefix, "consume", "ticks", "--from", "beginning", "--until-end", "--json").stdout_bytes
    assert sorted(lines.splitlines()) == sorted(path.read_bytes().splitlines())

    cedar = run(bootstrap, prefix, "consume", "ticks", "--from", "beginning", "-n", "7", "--symbol", "CEDAR").stdout
    heading, *rows = cedar.splitlines()
    assert heading.split()[:4] == ["time", "(UTC)", "symbol", "kind"]
    assert len(rows) == 7
    assert all("CEDAR" in row for row in rows)

    shown = run(bootstrap, prefix, "consume", "ticks", "--from", "-600", "--until-end").stdout
    assert "not_json" in shown


def test_ctrl_c_ends_a_silent_pipe_and_a_waiting_reader(bootstrap: str, prefix: str) -> None:
    run(bootstrap, prefix, "topics", "apply")
    environment = os.environ | {"TICKLOOP_BOOTSTRAP": bootstrap, "TICKLOOP_PREFIX": prefix}
    script = "from agents.cli import main; main()"
    publishing, consuming = (
        subprocess.Popen(
            [sys.executable, "-c", script, *arguments],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
        )
        for arguments in (["publish", "-", "--json"], ["consume", "ticks", "--from", "beginning", "--json"])
    )
    assert publishing.stdin is not None
    assert consuming.stdout is not None
    line = encode(Trade("X", OPENING_NS, 1.0, 1.0))
    publishing.stdin.write(line + b"\n")
    assert consuming.stdout.readline() == line + b"\n"
    for process in (publishing, consuming):
        process.send_signal(signal.SIGINT)
    # The pipe is still open: the end must not wait for it.
    assert (publishing.wait(20), consuming.wait(20)) == (130, 130)
    assert publishing.stdout is not None
    assert json.loads(publishing.stdout.read())["ticks"] == 1
