"""The doctor on a real cluster."""

import asyncio

import pytest
from aiokafka import AIOKafkaProducer

from agents.operations import topics
from agents.operations.doctor import Finding, examine_cluster
from agents.operations.system import wanted_topics
from agents.settings import Settings
from schemas.codec import encode
from schemas.ticks import Trade

pytestmark = pytest.mark.broker


def examine(settings: Settings) -> dict[str, Finding]:
    return {finding.check: finding for finding in asyncio.run(examine_cluster(settings))}


async def send(settings: Settings, symbol: str, partitions: list[int]) -> None:
    async with AIOKafkaProducer(bootstrap_servers=settings.bootstrap) as producer:
        for partition in partitions:
            tick = Trade(symbol=symbol, ts_event=1_700_000_000 * 10**9, price=1.0, size=1.0)
            await producer.send_and_wait(settings.topic("ticks"), encode(tick), symbol.encode(), partition)


def test_from_no_topics_to_a_split_symbol(bootstrap: str, prefix: str) -> None:
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
        ["broker", "topics", "clock", "event-time", "partitions", "dashboard"], "ok"
    )

    asyncio.run(send(settings, "SPLIT", [0, 2]))
    assert examine(settings)["partitions"].found == "on more than one partition: SPLIT (0, 2)"
