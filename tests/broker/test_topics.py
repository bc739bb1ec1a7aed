"""`tickloop topics` plans, creates and changes topics on a real cluster."""

import asyncio
import time

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from agents.config.settings import Settings
from agents.operations import topics
from agents.operations.topics import Difference
from schemas.errors import ConfigurationError, EnvironmentProblem
from schemas.topics import TOPICS

pytestmark = pytest.mark.broker


def plan(bootstrap: str, wanted: list[topics.TopicSpec]) -> list[Difference]:
    return asyncio.run(topics.plan(bootstrap, wanted))


def apply(bootstrap: str, wanted: list[topics.TopicSpec]) -> list[Difference]:
    return asyncio.run(topics.apply(bootstrap, wanted))


def set_configs(bootstrap: str, topic: str, configs: dict[str, str]) -> None:
    async def alter() -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
        await admin.start()
        try:
            await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, configs)])
        finally:
            await admin.close()

    asyncio.run(alter())


def test_apply_creates_what_plan_misses_and_then_nothing_differs(bootstrap: str, prefix: str) -> None:
    wanted = topics.registry(Settings(prefix=prefix, partitions=3))
    planned = plan(bootstrap, wanted)
    assert [(difference.topic, difference.kind) for difference in planned] == [
        (prefix + topic.name, "missing") for topic in TOPICS
    ]
    assert apply(bootstrap, wanted) == planned
    assert plan(bootstrap, wanted) == []
    assert apply(bootstrap, wanted) == []


def test_planning_creates_nothing(bootstrap: str, prefix: str) -> None:
    wanted = topics.registry(Settings(prefix=prefix))
    assert plan(bootstrap, wanted) == plan(bootstrap, wanted) != []


def test_settings_of_a_topic_that_differ_are_mended_and_others_are_left_alone(bootstrap: str, prefix: str) -> None:
    wanted = topics.registry(Settings(prefix=prefix, partitions=1))
    apply(bootstrap, wanted)
    name, configs = wanted[0].name, wanted[0].configs
    set_configs(bootstrap, name, configs | {"retention.ms": "1000", "segment.ms": "3600000"})

    drift = Difference(name, "config", "retention.ms", configs["retention.ms"], "1000")
    # The broker that answers hears of the change a moment after it was made.
    while (planned := plan(bootstrap, wanted)) == []:
        time.sleep(0.02)
    assert planned == [drift]
    assert apply(bootstrap, wanted) == [drift]
    foreign = topics.TopicSpec(name, 1, 1, {"segment.ms": "3600000"})
    assert plan(bootstrap, [*wanted, foreign]) == []


def test_another_number_of_partitions_is_refused_before_anything_changes(bootstrap: str, prefix: str) -> None:
    two, three = (topics.registry(Settings(prefix=prefix, partitions=count)) for count in (2, 3))
    apply(bootstrap, two[:1])
    with pytest.raises(ConfigurationError, match=rf"expected 3 partitions of topic {two[0].name}, it has 2"):
        apply(bootstrap, three)
    assert {difference.topic for difference in plan(bootstrap, two)} == {spec.name for spec in two[1:]}


def test_changelogs_are_compacted_in_small_segments(bootstrap: str, prefix: str) -> None:
    spec = topics.changelog(Settings(partitions=2), prefix + "market-snapshots-changelog")
    apply(bootstrap, [spec])
    assert plan(bootstrap, [spec]) == []
    assert spec.configs["cleanup.policy"] == "compact"


def test_a_refusal_of_the_cluster_is_quoted(bootstrap: str, prefix: str) -> None:
    with pytest.raises(ConfigurationError, match="Unknown topic config name: colour"):
        apply(bootstrap, [topics.TopicSpec(prefix + "x", 1, 1, {"colour": "red"})])


def test_two_that_apply_at_once_both_succeed(bootstrap: str, prefix: str) -> None:
    wanted = topics.registry(Settings(prefix=prefix))

    async def both() -> None:
        await asyncio.gather(topics.apply(bootstrap, wanted), topics.apply(bootstrap, wanted))

    asyncio.run(both())
    assert plan(bootstrap, wanted) == []


def test_a_cluster_that_does_not_answer_is_an_error_in_one_sentence() -> None:
    with pytest.raises(EnvironmentProblem, match=r"expected a Kafka cluster at 127\.0\.0\.1:1, got no answer"):
        plan("127.0.0.1:1", [])
