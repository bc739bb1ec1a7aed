"""Reads the offsets that a group of workers has committed."""

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import GroupCoordinatorNotAvailableError

from agents.kafka import TopicPartition


async def committed(cluster: AIOKafkaAdminClient, group: str) -> dict[TopicPartition, int]:
    """Offset before which everything is computed and acknowledged, by source."""
    try:
        held = await cluster.list_consumer_group_offsets(group)
    except GroupCoordinatorNotAvailableError:  # a new cluster has no place for groups before the first one
        return {}
    return {partition: offset.offset for partition, offset in held.items()}
