"""librdkafka's mock cluster is used when no Kafka can be had, and only then."""

import asyncio
from pathlib import Path
from typing import NoReturn

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from agents.broker import launch, process
from agents.broker.unobtainable import Unobtainable
from agents.config.settings import Settings
from agents.operations import topics
from schemas.errors import ConfigurationError, EnvironmentProblem


def refuse(error: EnvironmentProblem, monkeypatch: pytest.MonkeyPatch) -> None:
    def find_java() -> NoReturn:
        raise error

    monkeypatch.setattr("agents.broker.java.find_java", find_java)


async def echo(bootstrap: str, topic: str) -> list[bytes]:
    """Send two records and read them back."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap)
    await producer.start()
    for value in (b"one", b"two"):
        await producer.send_and_wait(topic, value, partition=0)
    await producer.stop()
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    consumer.assign([TopicPartition(topic, 0)])
    values = [(await consumer.getone()).value for _ in range(2)]
    await consumer.stop()
    return values


def test_the_mock_cluster_carries_records_and_names_its_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse(Unobtainable("no Java here"), monkeypatch)
    said: list[str] = []
    broker, started = launch.start(tmp_path, say=said.append)
    try:
        assert (broker.kind, started) == ("mock", True)
        assert "no Java here" in said[0]
        assert "one member a consumer group" in said[0]
        assert launch.start(tmp_path, say=said.append) == (broker, False)

        with pytest.raises(ConfigurationError, match="fix: TICKLOOP_PARTITIONS=4"):
            asyncio.run(topics.apply(broker.address, topics.registry(Settings(partitions=8, prefix="a-"))))
        wanted = topics.registry(Settings(partitions=4, prefix="b-"))
        asyncio.run(topics.apply(broker.address, wanted))
        assert asyncio.run(topics.plan(broker.address, wanted)) == []
        assert asyncio.run(echo(broker.address, "b-ticks")) == [b"one", b"two"]
    finally:
        process.stop(tmp_path)
    assert process.running(tmp_path) is None


def test_a_wrong_jar_is_an_error_and_no_reason_for_the_mock_cluster(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse(EnvironmentProblem("a jar has a wrong hash"), monkeypatch)
    with pytest.raises(EnvironmentProblem, match="wrong hash"):
        launch.start(tmp_path)
    assert process.running(tmp_path) is None


def test_without_the_extra_the_error_is_why_no_kafka_can_be_had(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse(Unobtainable("no Java here"), monkeypatch)
    monkeypatch.setattr("agents.broker.mock.is_installed", lambda: False)
    with pytest.raises(Unobtainable, match="no Java here"):
        launch.start(tmp_path)
