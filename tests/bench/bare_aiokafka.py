"""Benchmark baseline: aiokafka reads records and writes them again, without any work. `bare_aiokafka.py send|batch`.

Every tick is written unchanged to the same partition of the topic `counts`. With `send` there is one call for
each record, as in most programs; with `batch` one batch for each fetch and partition. Offsets are committed
once a second.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from agents.config.settings import Settings
from agents.runtime.transport import FETCH_MAX_WAIT_MS
from schemas.topics import TICKS

ECHOES = "counts"
"""Topic that is written to; the counting nodes of the tests write to it, too."""

Write = Callable[[AIOKafkaProducer, str, int, list[Any]], Awaitable[None]]


async def write_each(producer: AIOKafkaProducer, topic: str, partition: int, records: list[Any]) -> None:
    for record in records:
        await producer.send(topic, record.value, record.key, partition=partition)


async def write_batches(producer: AIOKafkaProducer, topic: str, partition: int, records: list[Any]) -> None:
    batch = producer.create_batch()
    for record in records:
        if batch.append(key=record.key, value=record.value, timestamp=None) is None:
            await producer.send_batch(batch, topic, partition=partition)
            batch = producer.create_batch()
            batch.append(key=record.key, value=record.value, timestamp=None)
    await producer.send_batch(batch, topic, partition=partition)


async def echo(settings: Settings, write: Write) -> None:
    consumer = AIOKafkaConsumer(
        settings.topic(TICKS.name),
        bootstrap_servers=settings.bootstrap,
        group_id=settings.group,
        auto_offset_reset="earliest",
        enable_auto_commit=True,
        auto_commit_interval_ms=1000,
        fetch_max_wait_ms=FETCH_MAX_WAIT_MS,
    )
    producer = AIOKafkaProducer(bootstrap_servers=settings.bootstrap, acks="all", linger_ms=0, max_batch_size=900_000)
    topic = settings.topic(ECHOES)
    async with consumer, producer:
        while True:
            fetched = await consumer.getmany(timeout_ms=1000, max_records=4000)
            for partition, records in fetched.items():
                await write(producer, topic, partition.partition, records)


if __name__ == "__main__":
    asyncio.run(echo(Settings.load(), {"send": write_each, "batch": write_batches}[sys.argv[1]]))
