"""Creates and configures the topics on a Kafka cluster, and lists what differs from the wanted configuration."""

import asyncio
import time
from collections.abc import Iterable, Sequence
from typing import Any, Literal

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import TopicAlreadyExistsError, for_code
from msgspec import Struct

from agents.broker.cluster import admin
from agents.config.settings import Settings
from schemas.errors import ConfigurationError, EnvironmentProblem
from schemas.topics import CHANGELOG_BYTES, TOPICS, Topic

COMPACTED = {"cleanup.policy": "compact", "segment.bytes": str(16 * 1024 * 1024), "min.cleanable.dirty.ratio": "0.1"}
"""Small segments, cleaned early: whoever recovers reads little more than the newest record of each key."""

SETTLE_TIMEOUT_S = 10.0

SET_ON_THE_TOPIC = 1
"""Source of a configuration value in the protocol's DescribeConfigs: the topic itself, not a default."""


class TopicSpec(Struct, frozen=True):
    """A topic as it should be on the cluster.

    Attributes:
        name: name with the prefix of the system.
        partitions: number of partitions.
        replication: number of replicas of each partition.
        configs: Kafka topic configurations to set, by name.
    """

    name: str
    partitions: int
    replication: int
    configs: dict[str, str]


class Difference(Struct, frozen=True):
    """One difference between a topic on the cluster and how it should be.

    Attributes:
        topic: name on the cluster.
        kind: `missing` (the topic), `partitions` (their number differs) or `config` (a value differs).
        setting: name of the configuration, for the kind `config`; empty for the other kinds.
        expected: wanted value.
        found: value on the cluster; empty for a missing topic.
    """

    topic: str
    kind: Literal["missing", "partitions", "config"]
    setting: str
    expected: str
    found: str


def specification(settings: Settings, topic: Topic) -> TopicSpec:
    """The specification of `topic` (one of `schemas.topics`) for the cluster of this system.

    Retention is counted from the time at which the broker received a record. If it were counted from
    event times, historical ticks that are published now would be deleted at once.

    The example shows the retention of predictions, which is seven days, in milliseconds.

    >>> from schemas.topics import PREDICTIONS
    >>> specification(Settings(prefix="lab-"), PREDICTIONS).configs["retention.ms"]
    '604800000'
    """
    configs = {"max.message.bytes": str(topic.max_message_bytes)}
    if topic.is_compacted:
        configs |= COMPACTED | {"cleanup.policy": topic.cleanup}
        if topic.cleanup != "compact":
            configs |= {"retention.ms": str(topic.retention_ms)}
    else:
        configs |= {
            "cleanup.policy": "delete",
            "retention.ms": str(topic.retention_ms),
            "message.timestamp.type": "LogAppendTime",
        }
    return TopicSpec(settings.topic(topic.name), settings.partitions, settings.replication, configs)


def changelog(settings: Settings, name: str) -> TopicSpec:
    """The specification of a compacted topic for snapshots, which has as many partitions as the other topics.

    Args:
        settings: settings of the system.
        name: name of the topic on the cluster.
    """
    configs = COMPACTED | {"max.message.bytes": str(CHANGELOG_BYTES)}
    return TopicSpec(name, settings.partitions, settings.replication, configs)


def registry(settings: Settings) -> list[TopicSpec]:
    """The specifications of all topics of `schemas.topics` for the cluster of this system."""
    return [specification(settings, topic) for topic in TOPICS]


async def plan(bootstrap: str, wanted: Sequence[TopicSpec]) -> list[Difference]:
    """Differences between the topics on the cluster at `bootstrap` and how they should be; nothing is changed.

    Raises:
        EnvironmentProblem: the cluster does not answer.
    """
    async with admin(bootstrap) as cluster:
        return await _differences(cluster, wanted)


async def apply(bootstrap: str, wanted: Sequence[TopicSpec]) -> list[Difference]:
    """Create missing topics and correct configurations that differ.

    The call may be repeated, and two processes may run it at once. Topics and configurations that `wanted` does not
    name are left alone.

    Returns:
        The differences that there were before the call.

    Raises:
        ConfigurationError: a topic exists with another number of partitions (then nothing is changed), or the cluster
            refuses a value.
        EnvironmentProblem: the cluster does not answer.
    """
    async with admin(bootstrap) as cluster:
        differences = await _differences(cluster, wanted)
        for difference in differences:
            if difference.kind == "partitions":
                raise _other_partition_count(difference)
        missing = {difference.topic for difference in differences if difference.kind == "missing"}
        drifted = {difference.topic for difference in differences if difference.kind == "config"}
        await _create(cluster, [spec for spec in wanted if spec.name in missing])
        await _configure(cluster, [spec for spec in wanted if spec.name in drifted])
        if differences:
            await _settle(cluster, wanted)
        return differences


def _other_partition_count(difference: Difference) -> ConfigurationError:
    return ConfigurationError(
        f"expected {difference.expected} partitions of topic {difference.topic}, it has {difference.found}; the number "
        "is never changed, because symbols would move to other partitions than their history; fix: "
        f"TICKLOOP_PARTITIONS={difference.found}, or a TICKLOOP_PREFIX of new topics"
    )


async def _is_mock(cluster: AIOKafkaAdminClient) -> bool:
    """Whether the cluster is librdkafka's mock cluster, which can neither create nor configure topics."""
    about: dict[str, Any] = await cluster.describe_cluster()
    return str(about["cluster_id"]).startswith("mockCluster")


async def _differences(cluster: AIOKafkaAdminClient, wanted: Iterable[TopicSpec]) -> list[Difference]:
    # All topics, not the wanted ones by name: where auto-creation is on, asking for a topic creates it.
    there = {topic["topic"]: len(topic["partitions"]) for topic in await cluster.describe_topics()}
    differences, present = [], []
    for spec in wanted:
        found = there.get(spec.name)
        if found is None:
            differences.append(Difference(spec.name, "missing", "", f"{spec.partitions} partitions", ""))
            continue
        present.append(spec)
        if found != spec.partitions:
            differences.append(Difference(spec.name, "partitions", "", str(spec.partitions), str(found)))
    values = await _configs(cluster, [spec.name for spec in present])
    for spec in present:
        for setting, expected in spec.configs.items():
            value = values[spec.name][setting][0] if spec.name in values else expected
            if value != expected:
                differences.append(Difference(spec.name, "config", setting, expected, value))
    return differences


async def _configs(cluster: AIOKafkaAdminClient, names: list[str]) -> dict[str, dict[str, tuple[str, int]]]:
    """Configuration values of topics: topic -> name -> value and its source; empty on the mock cluster."""
    if not names or await _is_mock(cluster):
        return {}
    answers = await cluster.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name) for name in names])
    resources = [resource for answer in answers for resource in answer.to_object()["resources"]]
    for resource in resources:
        if resource["error_code"]:
            raise for_code(resource["error_code"])(f"{resource['resource_name']}: {resource['error_message']}")
    return {
        resource["resource_name"]: {
            entry["config_names"]: (entry["config_value"], entry["config_source"])
            for entry in resource["config_entries"]
        }
        for resource in resources
    }


async def _create(cluster: AIOKafkaAdminClient, specs: list[TopicSpec]) -> None:
    if not specs:
        return
    if await _is_mock(cluster):
        await _make_by_asking(cluster, specs)
        return
    answer = await cluster.create_topics(
        [
            NewTopic(
                spec.name,
                num_partitions=spec.partitions,
                replication_factor=spec.replication,
                topic_configs=spec.configs,
            )
            for spec in specs
        ]
    )
    for topic in answer.to_object()["topic_errors"]:
        if topic["error_code"] not in (0, TopicAlreadyExistsError.errno):
            reason = topic["error_message"] or for_code(topic["error_code"]).__name__
            raise ConfigurationError(f"the cluster refused to create topic {topic['topic']}: {reason}")


async def _settle(cluster: AIOKafkaAdminClient, wanted: Sequence[TopicSpec]) -> None:
    """Wait until the brokers, which clients ask, know of the changes that the controller has made."""
    deadline = time.monotonic() + SETTLE_TIMEOUT_S
    while left := await _differences(cluster, wanted):
        if time.monotonic() > deadline:
            raise EnvironmentProblem(
                f"expected the brokers to know of every change within {SETTLE_TIMEOUT_S:.0f} s, {left[0].topic} still "
                f"differs ({left[0].setting or left[0].kind}); fix: `tickloop topics plan` shows what is there now"
            )
        await asyncio.sleep(0.02)


async def _make_by_asking(cluster: AIOKafkaAdminClient, specs: list[TopicSpec]) -> None:
    """Create topics on the mock cluster, where a topic appears when it is asked for.

    The mock cluster chooses the number of partitions; another number than the wanted one raises.
    """
    made = {
        topic["topic"]: len(topic["partitions"]) for topic in await cluster.describe_topics([s.name for s in specs])
    }
    for spec in specs:
        if made[spec.name] != spec.partitions:
            raise _other_partition_count(
                Difference(spec.name, "partitions", "", str(spec.partitions), str(made[spec.name]))
            )


async def _configure(cluster: AIOKafkaAdminClient, specs: list[TopicSpec]) -> None:
    if not specs:
        return
    there = await _configs(cluster, [spec.name for spec in specs])
    resources = []
    for spec in specs:
        # AlterConfigs replaces all values of a topic: those that somebody else set are sent along.
        others = {name: value for name, (value, source) in there[spec.name].items() if source == SET_ON_THE_TOPIC}
        resources.append(ConfigResource(ConfigResourceType.TOPIC, spec.name, others | spec.configs))
    for answer in await cluster.alter_configs(resources):
        for resource in answer.to_object()["resources"]:
            if resource["error_code"]:
                reason = resource["error_message"] or for_code(resource["error_code"]).__name__
                raise ConfigurationError(f"the cluster refused to configure {resource['resource_name']}: {reason}")
