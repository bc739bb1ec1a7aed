"""Reads a topic in instalments: each call returns the records that came since the last one."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from agents.clients.topic_partitions import partition_count
from agents.config.settings import Settings
from agents.kafka import AIOKafkaConsumer, TopicPartition
from agents.kafka.committed_reads import opened
from schemas.topics import Topic

POLL_MS = 200


class TopicFollower:
    """Reads all partitions of a topic in instalments, each from where the last one ended; made by `follow_topic`."""

    def __init__(self, consumer: AIOKafkaConsumer) -> None:
        self._consumer = consumer
        self._next = dict.fromkeys(consumer.assignment(), 0)

    async def new(self) -> AsyncIterator[tuple[TopicPartition, Any]]:
        """Yield each record that was written since the last call, with its partition, until the topic's end is reached.

        The first call begins with the oldest records. The caller must iterate to the end, or the next call may
        yield some records again.

        Raises:
            KafkaError: the topic cannot be read.
        """
        consumer = self._consumer
        first, end = await consumer.beginning_offsets(self._next), await consumer.end_offsets(self._next)
        for tp, offset in self._next.items():
            consumer.seek(tp, max(offset, first[tp]))
        while any([await consumer.position(tp) < end[tp] for tp in end]):
            for tp, records in (await consumer.getmany(timeout_ms=POLL_MS)).items():
                for record in records:
                    yield tp, record
                self._next[tp] = records[-1].offset + 1
        for tp in end:
            self._next[tp] = await consumer.position(tp)

    async def at(self, tp: TopicPartition, offset: int) -> Any:
        """Return the record of partition `tp` at this offset, or None if it was deleted or compacted away.

        Raises:
            KafkaError: the topic cannot be read.
        """
        consumer = self._consumer
        consumer.seek(tp, offset)
        while await consumer.position(tp) <= offset:
            for record in (await consumer.getmany(tp, timeout_ms=POLL_MS)).get(tp, ()):
                if record.offset == offset:
                    return record
        return None


@asynccontextmanager
async def follow_topic(settings: Settings, bootstrap: str, topic: Topic) -> AsyncIterator[TopicFollower]:
    """Open a `TopicFollower` for all partitions of a topic, for the duration of the block.

    Args:
        settings: settings of the deployment; its prefix is put before the topic's name.
        bootstrap: address of the cluster.
        topic: topic to read.

    Raises:
        EnvironmentProblem: no cluster answers, or it has no such topic.
        KafkaError: the topic cannot be read.
    """
    name = settings.topic(topic.name)
    count = await partition_count(bootstrap, name)
    async with opened(bootstrap) as consumer:
        consumer.assign([TopicPartition(name, number) for number in range(count)])
        yield TopicFollower(consumer)
