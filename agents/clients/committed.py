"""Reads the offsets that the consumer group of the workers has committed."""

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import GroupCoordinatorNotAvailableError

from agents.kafka import TopicPartition


async def committed(cluster: AIOKafkaAdminClient, group: str) -> dict[TopicPartition, int]:
    """Return the offset that a consumer group has committed on each partition that its workers read.

    All ticks before this offset have been processed, and the broker has acknowledged the results. The dictionary is
    empty on a cluster where no consumer group has committed yet.

    Args:
        cluster: connected.
        group: name of the consumer group, with the deployment's prefix.
    """
    try:
        held = await cluster.list_consumer_group_offsets(group)
    except GroupCoordinatorNotAvailableError:  # a new cluster has no place for groups before the first one
        return {}
    return {partition: offset.offset for partition, offset in held.items()}
