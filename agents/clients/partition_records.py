"""Reads one partition of a Kafka topic from any offset, as often as needed."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

from agents.kafka import AIOKafkaConsumer, TopicPartition
from agents.kafka.committed_reads import opened

POLL_MS = 200


class PartitionRecords:
    """The records that one partition held when it was opened with `partition_records`.

    Attributes:
        first: offset of the oldest record.
        end: offset after the newest record; records written later are not read.
    """

    def __init__(self, consumer: AIOKafkaConsumer, tp: TopicPartition, first: int, end: int) -> None:
        self._consumer, self._tp = consumer, tp
        self.first, self.end = first, end

    async def read(self, begin: int) -> AsyncGenerator[tuple[bytes | None, bytes | None], None]:
        """Yield key and value of each record from the offset `begin` up to `end`; deleted records are left out.

        Records that a worker wrote again after a crash are included. Only one iteration may run at a time, since
        all share one consumer.
        """
        self._consumer.seek(self._tp, max(begin, self.first))
        while await self._consumer.position(self._tp) < self.end:
            for records in (await self._consumer.getmany(timeout_ms=POLL_MS)).values():
                for record in records:
                    if record.offset < self.end:
                        yield record.key, record.value


@asynccontextmanager
async def partition_records(bootstrap: str, topic: str, partition: int) -> AsyncIterator[PartitionRecords]:
    """Open one partition of a topic for reading, for the duration of the block.

    Args:
        bootstrap: address of the cluster.
        topic: name of the topic on the broker, prefix included.
        partition: number of the partition.

    Raises:
        KafkaError: the partition cannot be read.
    """
    async with opened(bootstrap) as consumer:
        tp = TopicPartition(topic, partition)
        consumer.assign([tp])
        first, end = (await consumer.beginning_offsets([tp]))[tp], (await consumer.end_offsets([tp]))[tp]
        yield PartitionRecords(consumer, tp, first, end)
