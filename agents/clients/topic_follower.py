"""Follows a topic: each call returns the records that came since the last one."""

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
    """Reads all partitions of a topic up to their ends, and continues there the next time; made by `follow_topic`."""

    def __init__(self, consumer: AIOKafkaConsumer) -> None:
        self._consumer = consumer
        self._next = dict.fromkeys(consumer.assignment(), 0)

    async def new(self) -> AsyncIterator[tuple[TopicPartition, Any]]:
        """Records that came since the last call, up to the present end of each partition, each with its partition.

        The caller must read to the end: the next call goes on from there.

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
        """The record at an offset; None if it was deleted or compacted away.

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
    """Follow a topic of the registry.

    Raises:
        EnvironmentProblem: no cluster answers, or it has no such topic.
        KafkaError: it cannot be read.
    """
    name = settings.topic(topic.name)
    count = await partition_count(bootstrap, name)
    async with opened(bootstrap) as consumer:
        consumer.assign([TopicPartition(name, number) for number in range(count)])
        yield TopicFollower(consumer)
