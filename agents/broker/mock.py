"""Runs librdkafka's mock cluster as a process, for machines that have no Java or no jars of Kafka.

`agents.broker.launch` runs it as `python -m agents.broker.mock HOME`.
"""

import os
import signal
import sys
import time
from importlib.util import find_spec
from pathlib import Path

from agents.broker import process
from agents.broker.process import RunningBroker
from schemas.errors import EnvironmentProblem

PARTITIONS = 4
START_TIMEOUT_S = 15.0
LIMITS = (
    "this is librdkafka's mock cluster, not Apache Kafka: one member a consumer group, topics appear by themselves "
    f"with {PARTITIONS} partitions (set TICKLOOP_PARTITIONS={PARTITIONS}, TICKLOOP_WORKERS=1), everything is in "
    "memory and gone when it stops"
)


def is_installed() -> bool:
    """Whether the mock cluster is installed, as the Python package `confluent_kafka`; the extra `mock` installs it."""
    return find_spec("confluent_kafka") is not None


def start(home: Path) -> RunningBroker:
    """Start the mock cluster for the folder `home`; return when the cluster is ready and recorded in the folder.

    Raises:
        EnvironmentProblem: its process ended, or was not ready within 15 s; the message has the last lines of its log.
    """
    process.broker_folder(home).mkdir(parents=True, exist_ok=True)
    server = process.spawn(home, [sys.executable, "-m", "agents.broker.mock", home], {})
    deadline = time.monotonic() + START_TIMEOUT_S
    while (broker := process.running(home)) is None or broker.pid != server.pid:
        if server.poll() is not None or time.monotonic() > deadline:
            if server.poll() is None:
                server.kill()
                server.wait()
            raise EnvironmentProblem(f"the mock cluster did not start:\n{process.log_tail(home)}")
        time.sleep(0.02)
    return broker


def serve(home: Path) -> None:
    """Run the mock cluster for the folder `home` in this process until SIGTERM or SIGINT.

    The address of the cluster is recorded in `home`, where clients find it.
    """
    from confluent_kafka import Producer, libversion

    cluster = Producer({"test.mock.num.brokers": 1})
    node = next(iter(cluster.list_topics(timeout=START_TIMEOUT_S).brokers.values()))
    process.record(home, RunningBroker("mock", f"{node.host}:{node.port}", os.getpid(), str(home), libversion()[0]))
    signal.sigwait({signal.SIGTERM, signal.SIGINT})


if __name__ == "__main__":
    # Blocked before librdkafka starts its threads, so that only `sigwait` receives them.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    serve(Path(sys.argv[1]))
