"""Deletes everything that was computed from the ticks, so that workers compute it anew from the first tick on."""

import asyncio
import time
from collections.abc import Sequence

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import GroupCoordinatorNotAvailableError, UnknownTopicOrPartitionError, for_code

from agents.broker.cluster import admin
from agents.config.settings import Settings
from agents.kafka import TopicPartition, clients
from agents.operations import topics
from agents.operations.system import wanted_topics
from agents.runtime.binding import snapshot_topics
from schemas.errors import ConfigurationError, EnvironmentProblem
from schemas.topics import TICKS
from streams.engine.chain import chained
from streams.parameters import Parameters
from streams.topology import nodes

DELETED_TIMEOUT_S = 20.0
LEFT_S = 3.0
"""What the cluster takes at most to notice that a session has timed out, seconds."""


def computed_topics(settings: Settings) -> list[topics.TopicSpec]:
    """The topics that can be computed from the ticks: outputs and snapshots of nodes (computations) over the ticks.

    The topic `commands` is not among them, since people give commands. Nor are the topics of the node that turns
    commands into directives (records among the ticks that start, promote or stop a model version): if that node began
    anew, it would write each directive a second time.

    >>> [spec.name for spec in computed_topics(Settings())][:5]
    ['predictions', 'outcomes', 'breaks', 'faults', 'paper-account']
    """
    computed = set()
    for node in chained(nodes(Parameters())):
        if node.source is TICKS:
            computed.update(snapshot_topics(settings, node))
            computed |= {settings.topic(topic.name) for topic in node.outputs if not topic.is_root}
    return [spec for spec in wanted_topics(settings) if spec.name in computed]


async def recompute(settings: Settings, bootstrap: str) -> list[str]:
    """Delete the topics that can be computed from the ticks and create them anew, empty; return their names.

    Raises:
        ConfigurationError: workers of this system are running.
        EnvironmentProblem: the cluster does not answer, or does not finish deleting within 20 s.
    """
    specs = computed_topics(settings)
    names = [spec.name for spec in specs]
    await delete(settings, bootstrap, names)
    await topics.apply(bootstrap, specs)
    await rewind(settings, bootstrap)
    return names


async def delete(settings: Settings, bootstrap: str, names: Sequence[str]) -> None:
    """Delete the topics whose names on the cluster are `names`; those that do not exist are skipped.

    Raises:
        ConfigurationError: workers of this system are running.
        EnvironmentProblem: the cluster does not answer, or does not finish deleting within 20 s.
    """
    async with admin(bootstrap) as cluster:
        await _until_left(cluster, settings)
        answer = await cluster.delete_topics(list(names))
        for outcome in answer.to_object()["topic_error_codes"]:
            if (code := outcome["error_code"]) not in (0, UnknownTopicOrPartitionError.errno):
                refusal = for_code(code).__name__
                raise EnvironmentProblem(f"the cluster refused to delete topic {outcome['topic']}: {refusal}")
        await _until_gone(cluster, set(names))


async def _until_left(cluster: AIOKafkaAdminClient, settings: Settings) -> None:
    """Wait until no worker is a member of the consumer group, for at most its session timeout and 3 s.

    A worker that was killed stays a member until its session times out.
    """
    deadline = time.monotonic() + settings.session_timeout_s + LEFT_S
    while await has_members(cluster, settings.group):
        if time.monotonic() > deadline:
            raise ConfigurationError(
                f"expected no worker of group {settings.group} to run, some do; fix: stop `tickloop up` and workers"
            )
        await asyncio.sleep(0.2)


async def _until_gone(cluster: AIOKafkaAdminClient, names: set[str]) -> None:
    deadline = time.monotonic() + DELETED_TIMEOUT_S
    while left := names & {topic["topic"] for topic in await cluster.describe_topics()}:
        if time.monotonic() > deadline:
            raise EnvironmentProblem(
                f"expected {min(left)} to be deleted within {DELETED_TIMEOUT_S:.0f} s, it is there"
            )
        await asyncio.sleep(0.1)


async def rewind(settings: Settings, bootstrap: str) -> None:
    """Set the committed offsets of the workers' group on the topic `ticks` to 0, so that tools show the right lag.

    Workers do not read committed offsets: without snapshots they begin at the first tick.
    """
    async with clients.started(clients.consumer(bootstrap, group_id=settings.group)) as consumer:
        ticks = settings.topic(TICKS.name)
        partitions = [TopicPartition(ticks, number) for number in range(settings.partitions)]
        consumer.assign(partitions)
        await consumer.commit(dict.fromkeys(partitions, 0))


async def has_members(cluster: AIOKafkaAdminClient, group: str) -> bool:
    """Whether the consumer group `group` has any member."""
    try:
        (answer,) = await cluster.describe_consumer_groups([group])
    except GroupCoordinatorNotAvailableError:  # a new cluster that never had a group
        return False
    return any(described["members"] for described in answer.to_object()["groups"])
