"""Fixtures that need a broker: one that the session starts, an external one, or a container.

If there is none, the tests that need it fail; they are not skipped.
"""

import os
import secrets
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from agents.broker import ports, process
from agents.broker.launch import start
from agents.broker.process import RunningBroker

collect_ignore = [
    "contract/toy_components.py",
    "support/ponderous.py",
    "support/leaning.py",
]  # plugins: to import one is to register it
NEEDS_A_BROKER = {"bootstrap", "fresh_broker"}
ALONE = [Path(__file__).with_name(name) for name in ("broker", "faults")]
"""Folders of tests that need a broker: `make test` runs them after the others, which run in several processes."""

COMPOSE_FILE = Path(__file__).parents[1] / "docker-compose.yml"


def pytest_sessionstart() -> None:
    """Have SIGTERM end the run as Ctrl-C does, so that brokers and other processes are stopped."""
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse tests that need a broker outside of tests/broker and tests/faults.

    Elsewhere they would run beside others, and fail now and then.
    """
    for item in items:
        if NEEDS_A_BROKER & {*getattr(item, "fixturenames", ())}:
            item.add_marker(pytest.mark.broker)
        if item.get_closest_marker("broker") and not set(ALONE) & set(item.path.parents):
            raise pytest.UsageError(
                f"{item.nodeid}: expected what needs a broker in tests/broker or tests/faults; fix: move it there"
            )


@pytest.fixture(scope="session")
def bootstrap(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a Kafka for tests that leave it intact.

    It is `TICKLOOP_BOOTSTRAP` if set, a container if `TICKLOOP_TEST_BROKER=testcontainers`, else a broker of our
    own.
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
    """Address of the Kafka of docker-compose.yml, on a free port of the loopback interface."""
    import yaml
    from testcontainers.core.container import DockerContainer
    from testcontainers.core.wait_strategies import LogMessageWaitStrategy

    service = yaml.safe_load(COMPOSE_FILE.read_text())["services"]["kafka"]
    address = f"{ports.HOST}:{ports.any_free()}"
    container = DockerContainer(service["image"]).with_bind_ports(9092, int(address.rpartition(":")[2]))
    alone = {
        "KAFKA_ADVERTISED_LISTENERS": f"PLAINTEXT://localhost:29092,HOST://{address}",
        "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:29093",
    }
    for name, value in (service["environment"] | alone).items():
        container.with_env(name, value)
    container.waiting_for(LogMessageWaitStrategy("Kafka Server started").with_startup_timeout(120))
    with container:
        yield address


@pytest.fixture
def prefix() -> str:
    """Prefix of this test's topics and groups, so that tests can share a broker."""
    return f"t{secrets.token_hex(4)}-"


@pytest.fixture
def fresh_broker(tmp_path: Path) -> Iterator[Callable[[str], RunningBroker]]:
    """Start brokers that a test may kill: `fresh_broker(name)` starts one with the home folder `tmp_path / name`."""
    with ExitStack() as stack:

        def started(name: str = "home") -> RunningBroker:
            home = tmp_path / name
            broker, _ = start(home)
            stack.callback(process.stop, home)
            return broker

        yield started
