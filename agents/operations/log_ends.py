"""Reads the end offsets of the topics with signed records.

When a signing key is retired, its signatures stay valid for the records before these offsets.
"""

import asyncio

from agents.clients.topic_partitions import partition_count
from agents.config.settings import Settings
from agents.kafka import TopicPartition, clients
from schemas.topics import COMMANDS, EXPERIMENT_PARTIALS, RETRAIN_JOBS, TICKS

SIGNED = (COMMANDS, TICKS, EXPERIMENT_PARTIALS, RETRAIN_JOBS)


async def log_ends(settings: Settings, bootstrap: str) -> dict[str, tuple[int, ...]]:
    """End offset of each partition of the topics with signed records, by topic name (without the system's prefix).

    The end offset of a partition is the one that its next record will get.

    Raises:
        EnvironmentProblem: the cluster does not answer, or a topic is missing.
    """
    counts = await asyncio.gather(*(partition_count(bootstrap, settings.topic(topic.name)) for topic in SIGNED))
    async with clients.started(clients.consumer(bootstrap)) as consumer:
        found = {}
        for topic, count in zip(SIGNED, counts, strict=True):
            places = [TopicPartition(settings.topic(topic.name), number) for number in range(count)]
            ends = await consumer.end_offsets(places)
            found[topic.name] = tuple(ends[place] for place in places)
        return found
