"""How many partitions a topic has, asked before anything is written to it or read from it."""

import asyncio

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError, LeaderNotAvailableError, NoError, UnknownTopicOrPartitionError

from schemas.errors import EnvironmentProblem

TIMEOUT_S = 10.0


async def partition_count(bootstrap: str, topic: str, timeout_s: float = TIMEOUT_S) -> int:
    """Number of partitions of a topic.

    Raises:
        EnvironmentProblem: no cluster answers at `bootstrap`, or it has no such topic.
    """
    client = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=int(timeout_s * 1000))
    try:
        async with asyncio.timeout(timeout_s):
            await client.start()
            while True:
                (found,) = await client.describe_topics([topic])
                if found["error_code"] != LeaderNotAvailableError.errno:
                    break
                await asyncio.sleep(0.1)  # just created: its leader is being elected
    except (KafkaError, OSError, TimeoutError) as error:
        raise EnvironmentProblem(
            f"expected a Kafka cluster at {bootstrap} that knows {topic}, got {error or 'no answer'}; "
            "fix: `tickloop up`, or set TICKLOOP_BOOTSTRAP to the address of yours"
        ) from error
    finally:
        await client.close()
    if found["error_code"] == UnknownTopicOrPartitionError.errno:
        raise EnvironmentProblem(f"expected a topic {topic} at {bootstrap}, found none; fix: `tickloop topics apply`")
    if found["error_code"] != NoError.errno:
        raise EnvironmentProblem(f"expected the topic {topic} at {bootstrap}, got error code {found['error_code']}")
    return len(found["partitions"])
