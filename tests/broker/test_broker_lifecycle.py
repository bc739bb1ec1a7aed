"""A local Apache Kafka is started, stopped and killed, on free and on taken ports, and twice side by side."""

import asyncio
import json
import socket
from collections.abc import Callable
from pathlib import Path

import msgspec
import psutil
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from click.testing import CliRunner

from agents.broker import kafka, launch, ports, process
from agents.broker.cluster import describe
from agents.broker.process import RunningBroker
from agents.cli import cli
from agents.operations import topics
from schemas.errors import EnvironmentProblem

pytestmark = pytest.mark.broker

TOPIC = topics.TopicSpec("kept", 1, 1, {})


async def send(bootstrap: str, values: list[bytes]) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all")
    await producer.start()
    for value in values:
        await producer.send_and_wait(TOPIC.name, value)
    await producer.stop()


async def read(bootstrap: str, count: int) -> list[bytes]:
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    consumer.assign([TopicPartition(TOPIC.name, 0)])
    values = [(await asyncio.wait_for(consumer.getone(), 30)).value for _ in range(count)]
    await consumer.stop()
    return values


def test_data_survive_a_kill_and_a_stop(fresh_broker: Callable[[], RunningBroker], tmp_path: Path) -> None:
    broker = fresh_broker()
    asyncio.run(topics.apply(broker.address, [TOPIC]))
    asyncio.run(send(broker.address, [b"before the crash"]))

    killed = broker.process
    assert killed is not None
    killed.kill()
    killed.wait()
    assert process.running(tmp_path / "home") is None

    again = fresh_broker()
    assert (again.address, again.pid == broker.pid) == (broker.address, False)
    asyncio.run(send(again.address, [b"before the stop"]))
    assert process.stop(tmp_path / "home") == again

    last = fresh_broker()
    assert asyncio.run(read(last.address, 2)) == [b"before the crash", b"before the stop"]


def test_two_homes_run_side_by_side_each_on_the_loopback_interface(
    fresh_broker: Callable[[str], RunningBroker],
) -> None:
    one, other = fresh_broker("one"), fresh_broker("other")
    clusters = [asyncio.run(describe(broker.address)) for broker in (one, other)]
    assert one.address != other.address
    assert clusters[0].id != clusters[1].id
    for server in (one.process, other.process):
        assert server is not None
        listening = {c.laddr.ip for c in server.net_connections() if c.status == psutil.CONN_LISTEN}
        # Java maps IPv4 addresses into IPv6 ones.
        assert {address.removeprefix("::ffff:") for address in listening} == {"127.0.0.1"}


def test_if_a_port_is_taken_at_the_last_moment_the_broker_takes_another_one(
    fresh_broker: Callable[[], RunningBroker], monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as other:
        other.bind((ports.HOST, 0))
        other.listen()
        taken = other.getsockname()[1]
        choices = iter([taken])
        monkeypatch.setattr(ports, "first_free", lambda _preferred: next(choices, None) or ports.any_free())
        assert fresh_broker().port != taken


def test_a_requested_port_that_is_taken_is_an_error_in_one_sentence(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind((ports.HOST, 0))
        other.listen()
        taken = other.getsockname()[1]
        with pytest.raises(EnvironmentProblem, match=f"expected port {taken} to be free"):
            launch.start(tmp_path, taken)


def test_a_broker_that_cannot_start_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sound = kafka.server_properties
    monkeypatch.setattr(kafka, "server_properties", lambda *where: sound(*where) + "log.retention.ms=soon\n")
    with pytest.raises(EnvironmentProblem, match=r"(?s)could not format its data folder.*log\.retention\.ms"):
        launch.start(tmp_path)
    assert process.running(tmp_path) is None


def test_the_broker_commands_start_show_and_stop_a_broker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TICKLOOP_HOME", str(tmp_path))
    monkeypatch.setenv("TICKLOOP_BOOTSTRAP", "")

    def tickloop(*words: str) -> str:
        return CliRunner().invoke(cli, words, catch_exceptions=False).stdout

    try:
        assert "Apache Kafka 4.3.1 answers at 127.0.0.1:" in tickloop("broker", "start")
        assert "is running already" in tickloop("broker", "start")
        status = json.loads(tickloop("broker", "status", "--json"))
        assert status["answers"]
        assert status["resident_bytes"] < 600e6
        assert "Kafka Server started" in tickloop("broker", "logs", "-n", "200")
        assert msgspec.json.decode(tickloop("topics", "apply", "--json"))
        assert tickloop("topics", "plan", "--json") == "[]\n"
        assert "Stopped" in tickloop("broker", "stop")
        with pytest.raises(EnvironmentProblem):
            tickloop("broker", "status")
        assert "Deleted" in tickloop("broker", "reset", "--yes")
        assert not (tmp_path / "broker").exists()
    finally:
        process.stop(tmp_path)
