"""Asks a cluster how many partitions a topic has."""

import asyncio

from aiokafka.errors import LeaderNotAvailableError, NoError, UnknownTopicOrPartitionError, for_code

from agents.broker.cluster import admin
from schemas.errors import EnvironmentProblem
from streams.engine.configured import near

TIMEOUT_S = 10.0
AGAIN_S = 0.1


class NoSuchTopic(EnvironmentProblem):
    """Raised when the cluster has no topic of the requested name."""


async def partition_count(bootstrap: str, topic: str) -> int:
    """Return the number of partitions of a topic.

    Args:
        bootstrap: address of the cluster.
        topic: name of the topic on the broker, prefix included.

    Raises:
        NoSuchTopic: there is no such topic; the message suggests topics with similar names.
        EnvironmentProblem: no cluster answers at `bootstrap`, or it refuses to describe the topic.
    """
    async with admin(bootstrap, TIMEOUT_S) as client, asyncio.timeout(TIMEOUT_S):
        while True:
            (found,) = await client.describe_topics([topic])
            if found["error_code"] != LeaderNotAvailableError.errno:
                break
            await asyncio.sleep(AGAIN_S)  # just created: its leader is being elected
        unknown = found["error_code"] == UnknownTopicOrPartitionError.errno
        there = await client.list_topics() if unknown else []
    if unknown:
        meant = "".join(f", or {name} if that is meant" for name in near(topic, there))
        raise NoSuchTopic(
            f"expected a topic {topic:.249} at {bootstrap}, found none; fix: `tickloop topics apply`{meant}"
        )
    if found["error_code"] != NoError.errno:
        raise EnvironmentProblem(f"expected the topic {topic} at {bootstrap}, got {for_code(found['error_code'])}")
    return len(found["partitions"])
