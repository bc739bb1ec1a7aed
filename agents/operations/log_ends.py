"""End offsets of the topics whose records are signed; signatures of a retired key stay valid up to these."""

import asyncio

from agents.clients.topic_partitions import partition_count
from agents.config.settings import Settings
from agents.kafka import TopicPartition, clients
from schemas.topics import COMMANDS, EXPERIMENT_PARTIALS, RETRAIN_JOBS, TICKS

SIGNED = (COMMANDS, TICKS, EXPERIMENT_PARTIALS, RETRAIN_JOBS)


async def log_ends(settings: Settings, bootstrap: str) -> dict[str, tuple[int, ...]]:
    """Offset after the last record, for each signed topic and partition.

    Raises:
        EnvironmentProblem: the cluster does not answer, or lacks a topic.
    """
    counts = await asyncio.gather(*(partition_count(bootstrap, settings.topic(topic.name)) for topic in SIGNED))
    async with clients.started(clients.consumer(bootstrap)) as consumer:
        found = {}
        for topic, count in zip(SIGNED, counts, strict=True):
            places = [TopicPartition(settings.topic(topic.name), number) for number in range(count)]
            ends = await consumer.end_offsets(places)
            found[topic.name] = tuple(ends[place] for place in places)
        return found
