"""`tickloop doctor` on a real cluster, and what `tickloop topics reset` warns of before it deletes topics."""

import asyncio
import time
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import RecordsToDelete
from click.testing import CliRunner
from msgspec.structs import replace

from agents.broker.cluster import admin
from agents.cli import cli
from agents.config.settings import Settings
from agents.operations import topics
from agents.operations.doctor import Finding, examine_cluster
from agents.operations.system import wanted_topics
from schemas.asyncapi import golden
from schemas.codec import decoder, encode
from schemas.commands import PromoteVariant, StartVariant
from schemas.errors import ConfigurationError
from schemas.outcomes import ArmOutcome, OutcomeMatured
from schemas.ticks import Trade
from schemas.topics import COMMANDS, DAY_MS, MODEL_VERSIONS, OUTCOMES, TICKS, Topic
from schemas.versions import ModelVersion

pytestmark = pytest.mark.broker


def examine(settings: Settings) -> dict[str, Finding]:
    return {finding.check: finding for finding in asyncio.run(examine_cluster(settings))}


async def send(settings: Settings, symbol: str, partitions: list[int]) -> None:
    async with AIOKafkaProducer(bootstrap_servers=settings.bootstrap) as producer:
        for partition in partitions:
            tick = Trade(symbol=symbol, ts_event=1_700_000_000 * 10**9, price=1.0, size=1.0)
            await producer.send_and_wait(settings.topic("ticks"), encode(tick), symbol.encode(), partition)


def test_the_doctor_sees_missing_topics_a_healthy_system_and_a_symbol_on_two_partitions(
    bootstrap: str, prefix: str
) -> None:
    settings = Settings(bootstrap=bootstrap, prefix=prefix, partitions=3, metrics_port=0)
    before = examine(settings)
    assert before["broker"].verdict == "ok"
    assert before["topics"].verdict == "warn"
    assert prefix + "ticks" in before["topics"].found

    asyncio.run(topics.apply(bootstrap, wanted_topics(settings)))
    assert examine(settings)["ticks"].found == "no ticks yet"

    asyncio.run(send(settings, "WHOLE", [1, 1]))
    healthy = examine(settings)
    assert {check: finding.verdict for check, finding in healthy.items()} == dict.fromkeys(
        ["broker", "topics", "clock", "event-time", "partitions", "versions", "dashboard"], "ok"
    )

    asyncio.run(send(settings, "SPLIT", [0, 2]))
    assert examine(settings)["partitions"].found == "on more than one partition: SPLIT (0, 2)"


async def lose_ticks(settings: Settings) -> None:
    """Write two weeks of records of one symbol, then delete the oldest ticks, as retention would.

    A model version went live on the first day, so a replay of what is left cannot bring it back.
    """
    await topics.apply(settings.bootstrap, wanted_topics(settings))
    version = ModelVersion("commands:0:1:0", "X", "bold-1", "", "champion", "a person", 1, "c2", arm="live")
    arms = (ArmOutcome("live", "builtin-1f2e3d4c", "flat", 0.5, 0.0, 0.0, 0.0),)
    outcome = replace(decoder(OutcomeMatured)(golden(OutcomeMatured)[-1]), symbol="X", arms=arms)
    begun = round(1e3 * time.time()) - 14 * DAY_MS
    async with AIOKafkaProducer(bootstrap_servers=settings.bootstrap) as producer:

        async def write(topic: Topic, record: Any, at_ms: int) -> None:
            name = settings.topic(topic.name)
            await producer.send_and_wait(name, encode(record), b"X", 0, timestamp_ms=at_ms)

        await write(COMMANDS, StartVariant("c1", "X", 1, "bold", "a person"), begun)
        await write(COMMANDS, PromoteVariant("c2", "X", 1, "bold", "a person"), begun)
        await write(MODEL_VERSIONS, version, begun)
        for _ in range(5):
            await write(TICKS, Trade("X", 1_700_000_000 * 10**9, 1.0, 1.0), begun)
        await write(OUTCOMES, replace(outcome, id="ticks:0:4:0", prediction_id="ticks:0:3"), begun)
    async with admin(settings.bootstrap) as cluster:
        await cluster.delete_records({TopicPartition(settings.topic(TICKS.name), 0): RecordsToDelete(before_offset=2)})


def test_a_reset_names_the_versions_that_it_will_lose_and_the_doctor_sees_them_after_it(
    bootstrap: str, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(bootstrap=bootstrap, prefix=prefix, partitions=1, metrics_port=0)
    for name, value in {"BOOTSTRAP": bootstrap, "PREFIX": prefix, "PARTITIONS": "1"}.items():
        monkeypatch.setenv(f"TICKLOOP_{name}", value)
    asyncio.run(lose_ticks(settings))

    finding = examine(settings)["versions"]
    assert finding == Finding(
        "versions",
        "fail",
        "the lifecycle node says that bold-1 is live on X, the market node shows builtin-1f2e3d4c alone",
        "none by commands, the built-in version was stopped for good: start under another TICKLOOP_PREFIX",
    )
    listed = CliRunner().invoke(cli, ["models", "list", "X"])
    assert f"NOT SO: {finding.found}" in listed.output

    refused = CliRunner().invoke(cli, ["topics", "reset", "--yes"])
    assert isinstance(refused.exception, ConfigurationError)
    assert "begin with their built-in version again: X (now bold-1); fix:" in str(refused.exception)
    assert CliRunner().invoke(cli, ["topics", "reset", "--yes", "--without-directives"]).exit_code == 0
    assert examine(settings)["versions"].verdict == "ok", "no outcome shows anything yet"
