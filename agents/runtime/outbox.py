"""Whole batches to explicit partitions: the way of a record out of the process."""

import asyncio
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.producer.message_accumulator import BatchBuilder


class Outbox:
    """Collects the records of one partition number and sends them in order, one batch a topic and flush.

    `aiokafka` is asked for one batch instead of one future a record, which costs a seventh of the time.

    Attributes:
        unacked: acknowledgements that are still out, in the order of sending.
    """

    def __init__(self, producer: AIOKafkaProducer, partition: int) -> None:
        self._producer = producer
        self._partition = partition
        self._open: dict[str, BatchBuilder] = {}
        self._full: list[tuple[str, BatchBuilder]] = []
        self.unacked: list[asyncio.Future[Any]] = []

    def append(self, topic: str, key: bytes | None, value: bytes | None) -> None:
        """Put a record into the topic's open batch."""
        batch = self._open.get(topic)
        if batch is None:
            batch = self._open[topic] = self._producer.create_batch()
        if batch.append(key=key, value=value, timestamp=None) is None:
            self._full.append((topic, batch))
            batch = self._open[topic] = self._producer.create_batch()
            batch.append(key=key, value=value, timestamp=None)

    async def flush(self) -> None:
        """Queue what was appended; back-pressure: returns when the producer has taken it, not when it is acked."""
        batches = [*self._full, *self._open.items()]
        self._full, self._open = [], {}
        for topic, batch in batches:
            self.unacked.append(await self._producer.send_batch(batch, topic, partition=self._partition))

    def taken(self) -> list[asyncio.Future[Any]]:
        """Hand over the acknowledgements that are out; later ones are collected anew."""
        unacked, self.unacked = self.unacked, []
        return unacked
