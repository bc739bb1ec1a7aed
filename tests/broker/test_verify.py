"""`tickloop verify` passes on a run with a killed worker, and names each difference in manipulated copies."""

import asyncio
import os
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiokafka import TopicPartition
from aiokafka.admin import RecordsToDelete

from agents.broker.cluster import admin
from agents.clients.publisher import Addressed, publish
from agents.config.settings import Settings
from agents.operations import topics
from agents.operations.replay_start import read_kept
from agents.operations.system import wanted_topics
from agents.operations.verification import Verification, verify
from agents.runtime.binding import kept_name
from schemas.ticks import Directive, Quote, Trade
from schemas.topics import PREDICTIONS, TICKS, TOPICS
from streams.engine.chain import chained
from streams.market.parameters import MarketParameters
from streams.parameters import Parameters
from streams.sources.synthetic import synthetic_market
from streams.topology import nodes
from tests.support.live_loop import LiveLoop, Stored

pytestmark = [pytest.mark.broker, pytest.mark.faults]

PARTITIONS = 2
SYMBOLS = [f"SYM{number}" for number in range(6)]

Logs = dict[str, list[Stored]]


def with_a_directive(feed: Iterator[Quote | Trade]) -> Iterator[Any]:
    """Insert a directive, a record that changes what is computed; this one is refused, so there is a dead letter."""
    for number, tick in enumerate(feed):
        if number == 500:
            yield Directive("d1", tick.symbol, tick.ts_event, "stop_arm", "nobody", "a test")
        yield tick


async def verified(
    settings: Settings, bootstrap: str, parameters: Parameters | None = None, timeout_s: float = 30.0
) -> Verification:
    loop = nodes(parameters or Parameters())
    return await verify(settings, bootstrap, loop, timeout_s, lambda sentence, done, total: None)


async def copied(settings: Settings, bootstrap: str, name: str, logs: Logs) -> Settings:
    """Create topics under another prefix and fill them with these records; return the settings that name them."""
    other = msgspec.structs.replace(settings, prefix=f"{settings.prefix}{name}-")
    await topics.apply(bootstrap, wanted_topics(other))
    for topic, records in logs.items():
        if records:
            await publish([Addressed(r.partition, r.key, r.value) for r in records], bootstrap, other.topic(topic))
    return other


async def command(settings: Settings, bootstrap: str, *arguments: str) -> tuple[int | None, str]:
    given = {
        "TICKLOOP_BOOTSTRAP": bootstrap,
        "TICKLOOP_PREFIX": settings.prefix,
        "TICKLOOP_PARTITIONS": str(PARTITIONS),
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "agents.cli", "verify", *arguments),
        env={**os.environ, **given},
        stdout=asyncio.subprocess.PIPE,
    )
    printed, _ = await process.communicate()
    return process.returncode, printed.decode()


def flip(logs: Logs, at: int, byte: int, bit: int) -> str:
    """Flip one bit of a stored prediction and return its id.

    Args:
        logs: records by topic; changed in place.
        at: index of the prediction.
        byte, bit: which bit of its value is flipped.
    """
    record = logs[PREDICTIONS.name][at]
    value = bytearray(record.value)
    value[byte] ^= 1 << bit
    logs[PREDICTIONS.name][at] = record._replace(value=bytes(value))
    found: str = msgspec.json.decode(record.value)["id"]
    return found


async def test_a_live_run_is_the_same_and_every_change_in_a_copy_is_named(
    bootstrap: str, prefix: str, tmp_path: Path
) -> None:
    settings = Settings.load({}, prefix=prefix, partitions=PARTITIONS, checkpoint_s=0.5, session_timeout_s=4.0)
    async with LiveLoop(nodes(Parameters()), settings, bootstrap, tmp_path / "workers.log") as loop:
        loop.start(1)
        loop.start(2)
        await asyncio.gather(loop.until_ready(1), loop.until_ready(2))
        async with loop.market(with_a_directive(synthetic_market(7, SYMBOLS)), ticks=8_000, rate=1_500):
            await loop.until_stored(PREDICTIONS.name, 1_500)
            running = await verified(settings, bootstrap)  # while ticks keep coming
            loop.kill(1)
            await asyncio.sleep(0.5)
            loop.start(1)
            await loop.until_ready(1)
        assert (running.verdict, running.behind) == ("same", {}), running
        assert running.ticks > 500

        whole = await verified(settings, bootstrap)
        assert whole.verdict == "same", whole
        assert whole.ticks > max(8_000, running.ticks)
        assert sum(each.repeats for each in whole.compared) > 0, "the kill hit nothing: the test shows little"
        assert all(each.digest == each.expected_digest for each in whole.compared)
        assert sum(each.held for each in whole.compared if each.topic == "dead-letters") == 1

        other = Parameters(MarketParameters(horizon_ns=400_000_000))
        differing = await verified(settings, bootstrap, other)
        assert differing.verdict == "different"
        assert "parameters differ" in differing.cause
        assert differing.first is not None
        assert "horizon_ns" in {each.field for each in differing.first.fields}

        logs: Logs = {topic.name: await loop.stored(topic.name) for topic in TOPICS}
        assert await loop.stop(1) == await loop.stop(2) == 0
        await loop.publish(synthetic_market(8, SYMBOLS, ticks=100))
        behind = await verified(settings, bootstrap)
        assert behind.verdict == "incomplete"
        assert "no worker runs" in next(iter(behind.behind.values()))
        assert sum(each.counts.get("not_computed", 0) for each in behind.compared) >= 100

    sound = await copied(settings, bootstrap, "sound", logs)
    assert (await command(sound, bootstrap))[0] == 0

    flipped = {name: list(records) for name, records in logs.items()}
    place = logs[PREDICTIONS.name][4_321]
    byte = place.value.index(b'"probability":') + len(b'"probability":0.')
    bad_id = flip(flipped, 4_321, byte, 0)
    at = await copied(settings, bootstrap, "flipped", flipped)
    code, printed = await command(at, bootstrap)
    assert code == 1
    assert f"predictions-{place.partition}" in printed
    assert f"id {bad_id}" in printed
    assert "(1 bit)" in printed
    assert " probability " in printed
    report = msgspec.json.decode((await command(at, bootstrap, "--json"))[1])
    findings = [finding for each in report["compared"] for finding in each["findings"]]
    assert [(f["kind"], f["id"], f["partition"]) for f in findings] == [("other_bytes", bad_id, place.partition)]
    assert [each["field"] for each in findings[0]["fields"]] == ["probability"]

    torn = {name: list(records) for name, records in logs.items()}
    lost = torn[PREDICTIONS.name].pop(5_000)
    torn["outcomes"].append(torn["outcomes"][-1]._replace(value=b'{"id":"ticks:0:17:9"}', partition=0))
    result = await verified(await copied(settings, bootstrap, "torn", torn), bootstrap)
    assert result.verdict == "different"
    found = {(each.topic, finding.kind, finding.id) for each in result.compared for finding in each.findings}
    lost_id = msgspec.json.decode(lost.value)["id"]
    assert (PREDICTIONS.name, "missing", lost_id) in found
    assert ("outcomes", "too_many", "ticks:0:17:9") in found

    async with admin(bootstrap) as cluster:
        await cluster.delete_records({TopicPartition(sound.topic(TICKS.name), 1): RecordsToDelete(before_offset=100)})
        await cluster.delete_records(
            {TopicPartition(sound.topic(PREDICTIONS.name), 0): RecordsToDelete(before_offset=250)}
        )
    cut = await verified(sound, bootstrap)
    assert (cut.verdict, cut.first) == ("incomplete", None)
    assert [(each.partition, each.first_offset) for each in cut.cut] == [(1, 100)]
    expired = {each.topic: each.expired for each in cut.compared}
    assert 0 < expired[PREDICTIONS.name] <= 250
    assert expired["outcomes"] == 0
    code, printed = await command(sound, bootstrap)
    assert code == 1
    assert "ticks-1 begins at offset 100" in printed


async def test_a_log_whose_front_is_gone_is_compared_from_kept_snapshots_on(
    bootstrap: str, prefix: str, tmp_path: Path
) -> None:
    settings = Settings.load({}, prefix=prefix, partitions=PARTITIONS, checkpoint_s=0.2, verify_every_s=0.1)
    head, *_ = chained(nodes(Parameters()))
    kept_topic = kept_name(Settings(), head)
    async with LiveLoop(nodes(Parameters()), settings, bootstrap, tmp_path / "workers.log") as loop:
        loop.start(1)
        await loop.until_ready(1)
        feed = synthetic_market(9, SYMBOLS)
        for _ in range(6):  # each is covered by a checkpoint, and so late that the next snapshots are due
            await loop.publish(islice(feed, 800))
            await loop.until_caught_up()
        assert await loop.stop(1) == 0
        logs: Logs = {name: await loop.stored(name) for name in (*(topic.name for topic in TOPICS), kept_topic)}
        kept = await read_kept(settings, bootstrap, head)
    assert [len(kept[number]) for number in range(PARTITIONS)] == [4, 4], "one for each slot"
    # The first set begins too early by then, the second one does not.
    fronts = {number: kept[number][1].low - 7 for number in range(PARTITIONS)}
    begins = {number: kept[number][1].high + 1 for number in range(PARTITIONS)}
    assert all(max(300, kept[number][0].low + 1) < front < begins[number] < 2_700 for number, front in fronts.items())

    async def cut(name: str, logs: Logs) -> tuple[Settings, Verification]:
        other = await copied(settings, bootstrap, name, logs)
        async with admin(bootstrap) as cluster:
            for number, front in fronts.items():
                ticks = TopicPartition(other.topic(TICKS.name), number)
                await cluster.delete_records({ticks: RecordsToDelete(before_offset=front)})
        return other, await verified(other, bootstrap)

    sound, result = await cut("sound", logs)
    assert (result.verdict, result.cut, result.first) == ("same", (), None), result
    assert {each.partition: each.compared_from for each in result.begun} == begins
    assert {each.partition: each.first_offset for each in result.begun} == fronts
    assert all(each.uncompared >= 8 for each in result.begun)
    assert sum(each.held for each in result.compared if each.topic == PREDICTIONS.name) > 1_000
    code, printed = await command(sound, bootstrap)
    assert code == 0
    assert f"ticks-1 is compared from offset {begins[1]:,} on: the log begins at {fronts[1]:,}" in printed

    def prediction(offset: int) -> int:
        key = f"ticks:1:{offset}"
        return next(at for at, r in enumerate(logs[PREDICTIONS.name]) if msgspec.json.decode(r.value)["id"] == key)

    verdicts = {}
    for name, at in (("before", prediction(begins[1] - 5)), ("behind", prediction(begins[1] + 5))):
        flipped = {topic: list(records) for topic, records in logs.items()}
        flip(flipped, at, logs[PREDICTIONS.name][at].value.index(b'"probability":') + len(b'"probability":0.'), 0)
        _, result = await cut(name, flipped)
        verdicts[name] = result.verdict, result.first and (result.first.kind, result.first.id)
    assert verdicts["before"] == ("same", None)
    assert verdicts["behind"] == ("different", ("other_bytes", f"ticks:1:{begins[1] + 5}"))


async def test_an_empty_topic_of_ticks_is_not_reported_as_the_same(bootstrap: str, prefix: str) -> None:
    settings = Settings.load({}, prefix=prefix, partitions=PARTITIONS)
    await topics.apply(bootstrap, topics.registry(settings))
    code, printed = await command(settings, bootstrap)
    assert code == 1
    assert "the tick log holds nothing" in printed
