"""One partition of a topic on Kafka, readable from any offset, repeatedly."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

from agents.kafka import AIOKafkaConsumer, TopicPartition
from agents.kafka.committed_reads import opened

POLL_MS = 200


class PartitionRecords:
    """What a partition held when it was opened; made by `partition_records`.

    Attributes:
        first: offset of the oldest record.
        end: offset after the newest.
    """

    def __init__(self, consumer: AIOKafkaConsumer, tp: TopicPartition, first: int, end: int) -> None:
        self._consumer, self._tp = consumer, tp
        self.first, self.end = first, end

    async def read(self, begin: int) -> AsyncGenerator[tuple[bytes | None, bytes | None], None]:
        """Keys and values from an offset to `end`, repeats among them; one reader at a time."""
        self._consumer.seek(self._tp, max(begin, self.first))
        while await self._consumer.position(self._tp) < self.end:
            for records in (await self._consumer.getmany(timeout_ms=POLL_MS)).values():
                for record in records:
                    if record.offset < self.end:
                        yield record.key, record.value


@asynccontextmanager
async def partition_records(bootstrap: str, topic: str, partition: int) -> AsyncIterator[PartitionRecords]:
    """Open one partition of a topic, `topic` with the deployment's prefix.

    Raises:
        KafkaError: it cannot be read.
    """
    async with opened(bootstrap) as consumer:
        tp = TopicPartition(topic, partition)
        consumer.assign([tp])
        first, end = (await consumer.beginning_offsets([tp]))[tp], (await consumer.end_offsets([tp]))[tp]
        yield PartitionRecords(consumer, tp, first, end)
