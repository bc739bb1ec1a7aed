"""Asks how many partitions a topic has, before it is read or written."""

import asyncio

from aiokafka.errors import LeaderNotAvailableError, NoError, UnknownTopicOrPartitionError, for_code

from agents.broker.cluster import admin
from schemas.errors import EnvironmentProblem
from streams.engine.configured import near

TIMEOUT_S = 10.0
AGAIN_S = 0.1


class NoSuchTopic(EnvironmentProblem):
    """The cluster has no topic with this name."""


async def partition_count(bootstrap: str, topic: str) -> int:
    """Number of partitions of a topic.

    Raises:
        NoSuchTopic: the cluster has none; with the names of those that are near.
        EnvironmentProblem: no cluster answers at `bootstrap`, or it keeps the topic from us.
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
