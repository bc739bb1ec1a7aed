"""Fixtures that need a broker: a session's own one, an external one, or a container. A missing one is a failure."""

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from agents.broker import ports, process
from agents.broker.kafka import server_properties
from agents.broker.launch import start
from agents.broker.process import Running

KAFKA_IMAGE = "apache/kafka:4.3.1"


@pytest.fixture(scope="session")
def bootstrap(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a Kafka for tests that need one and do not break it.

    `TICKLOOP_BOOTSTRAP` if set; a container if `TICKLOOP_TEST_BROKER=testcontainers`; else our own launcher.
    """
    if address := os.environ.get("TICKLOOP_BOOTSTRAP", ""):
        yield address
    elif os.environ.get("TICKLOOP_TEST_BROKER", "") == "testcontainers":
        yield from container_broker()
    else:
        home = tmp_path_factory.mktemp("session-broker")
        broker, _ = start(home)
        assert broker.kind == "kafka", "these tests need a real Kafka"
        yield broker.address
        process.stop(home)


def container_broker() -> Iterator[str]:
    """The image and the settings of docker-compose.yml, on a free port of the loopback interface."""
    from testcontainers.core.container import DockerContainer
    from testcontainers.core.wait_strategies import LogMessageWaitStrategy

    port = ports.any_free()
    container = DockerContainer(KAFKA_IMAGE).with_bind_ports(port, port)
    for line in server_properties(Path("/tmp/data"), port, 9093).splitlines():
        name, given, value = line.partition("=")
        if given:
            # Inside the container the loopback interface would be unreachable from outside.
            value = value if name.startswith("advertised") else value.replace(ports.HOST, "0.0.0.0")
            container = container.with_env("KAFKA_" + name.replace(".", "_").upper(), value)
    container.with_env("KAFKA_CONTROLLER_QUORUM_BOOTSTRAP_SERVERS", "localhost:9093")
    container.waiting_for(LogMessageWaitStrategy("Kafka Server started").with_startup_timeout(120))
    with container:
        yield f"{ports.HOST}:{port}"


@pytest.fixture
def prefix() -> str:
    """Put before this test's topics and groups, so that tests can share a broker."""
    return f"t{secrets.token_hex(4)}-"


@pytest.fixture
def fresh_broker(tmp_path: Path) -> Iterator[Callable[[str], Running]]:
    """Start brokers that a test may kill: `fresh_broker(name)` starts the one of the home `tmp_path / name`."""
    with ExitStack() as stack:

        def started(name: str = "home") -> Running:
            home = tmp_path / name
            broker, _ = start(home)
            stack.callback(process.stop, home)
            return broker

        yield started
