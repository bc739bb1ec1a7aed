"""How many partitions a topic has, asked before anything is written to it or read from it."""

import asyncio

from aiokafka.errors import LeaderNotAvailableError, NoError, UnknownTopicOrPartitionError, for_code

from agents.broker.answer import admin
from schemas.errors import EnvironmentProblem

TIMEOUT_S = 10.0
AGAIN_S = 0.1


async def partition_count(bootstrap: str, topic: str) -> int:
    """Number of partitions of a topic.

    Raises:
        EnvironmentProblem: no cluster answers at `bootstrap`, or it has no such topic, or keeps it from us.
    """
    async with admin(bootstrap, TIMEOUT_S) as client, asyncio.timeout(TIMEOUT_S):
        while True:
            (found,) = await client.describe_topics([topic])
            if found["error_code"] != LeaderNotAvailableError.errno:
                break
            await asyncio.sleep(AGAIN_S)  # just created: its leader is being elected
    if found["error_code"] == UnknownTopicOrPartitionError.errno:
        raise EnvironmentProblem(f"expected a topic {topic} at {bootstrap}, found none; fix: `tickloop topics apply`")
    if found["error_code"] != NoError.errno:
        raise EnvironmentProblem(f"expected the topic {topic} at {bootstrap}, got {for_code(found['error_code'])}")
    return len(found["partitions"])
