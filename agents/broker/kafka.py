"""Runs Apache Kafka as one local process, which is both broker and KRaft controller.

It can be reached from this machine only.
"""

import base64
import subprocess
import time
import uuid
from pathlib import Path

from agents.broker import neighbours, ports, process
from agents.broker.cluster import cluster_id_at
from agents.broker.java import Java
from agents.broker.lock import KAFKA_VERSION
from agents.broker.process import RunningBroker
from schemas.errors import EnvironmentProblem

DEFAULT_PORT = 9092
START_TIMEOUT_S = 120.0
POLL_S = 0.05
TALKATIVE = (
    "org.apache.kafka.common.config.AbstractConfig",
    "org.apache.kafka.controller.PartitionChangeBuilder",
    "org.apache.kafka.controller.ReplicationControlManager",
    "state.change.logger",
)
"""Loggers that print all settings at each start, or lines for every partition."""

JVM = (
    "-Xmx512m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-XX:+ExitOnOutOfMemoryError",
    "-Djava.awt.headless=true",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd HH:mm:ss.SSS",
    "-Dorg.slf4j.simpleLogger.showThreadName=false",
    *(f"-Dorg.slf4j.simpleLogger.log.{logger}=warn" for logger in TALKATIVE),
)


def server_properties(data: Path, port: int, controller_port: int) -> str:
    """Text of the broker's settings file, `server.properties`.

    Args:
        data: folder for the broker's data.
        port: port for clients.
        controller_port: port of the KRaft controller, which only the broker itself uses.
    """
    return f"""\
process.roles=broker,controller
node.id=1
listeners=PLAINTEXT://{ports.HOST}:{port},CONTROLLER://{ports.HOST}:{controller_port}
advertised.listeners=PLAINTEXT://{ports.HOST}:{port}
controller.listener.names=CONTROLLER
controller.quorum.bootstrap.servers={ports.HOST}:{controller_port}
log.dirs={data}

# A misspelt name must be an error, not a new topic.
auto.create.topics.enable=false

# One node holds every replica.
default.replication.factor=1
min.insync.replicas=1
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1

# Few clients: fewer partitions of the internal topics start and stop faster.
offsets.topic.num.partitions=8
transaction.state.log.num.partitions=8
share.coordinator.state.topic.num.partitions=8

# After a crash the controller takes no new registration of this node before the old one's session ends.
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500

# Workers decide themselves how soon a silent one is missed, and start without waiting for others.
group.min.session.timeout.ms=1000
group.initial.rebalance.delay.ms=0

# The default is a quarter of the heap, for far more compacted keys than the snapshots of a loop have.
log.cleaner.dedupe.buffer.size=16777216
"""


def start(home: Path, java: Java, class_path: list[Path], port: int | None = None) -> RunningBroker:
    """Start Kafka with its data in the folder `home`, and wait until Kafka answers.

    Args:
        home: folder of the system; the broker's files are in its subfolder `broker`.
        java: Java installation that runs Kafka.
        class_path: paths of Kafka's jars.
        port: port for clients; None takes the port of the last run, else 9092, else any free port.

    Raises:
        EnvironmentProblem: `port` is taken; or Kafka stopped, or did not answer within two minutes. In the last two
            cases the message contains the last lines of Kafka's log.
    """
    if port is not None and not ports.is_free(port):
        raise EnvironmentProblem(
            f"expected port {port} to be free for the broker, it is taken by {neighbours.holder(home, port)}; "
            "fix: another --port, or none: then one that is free is taken"
        )
    wanted = usual_ports(home)
    while True:
        chosen = port or ports.first_free(wanted)
        broker, server = launch(home, java, class_path, chosen)
        try:
            wait_until_it_answers(home, broker, server)
        except EnvironmentProblem:
            # Another program took the port after it was found free.
            if port is None and "Address already in use" in process.log_tail(home, lines=400):
                continue
            raise
        return broker


def usual_ports(home: Path) -> tuple[int, ...]:
    """Ports that a broker for the folder `home` tries first, in order: the port of its last run, if any, then 9092."""
    last = process.last_recorded(home)
    return (last.port, DEFAULT_PORT) if last is not None and last.kind == "kafka" else (DEFAULT_PORT,)


def launch(home: Path, java: Java, class_path: list[Path], port: int) -> tuple[RunningBroker, subprocess.Popen[bytes]]:
    """Start the server process of Kafka and record it in the folder `home`, but do not wait until it answers.

    A new data folder is formatted first.

    Args:
        home: folder of the system; the broker's files are in its subfolder `broker`.
        java: Java installation that runs Kafka.
        class_path: paths of Kafka's jars.
        port: port for clients.

    Returns:
        The broker as it was recorded, and its process.

    Raises:
        EnvironmentProblem: the data folder could not be formatted.
    """
    folder = process.broker_folder(home)
    data, properties = folder / "data", folder / "server.properties"
    folder.mkdir(parents=True, exist_ok=True)
    properties.write_text(server_properties(data, port, ports.any_free()))
    environment = {"CLASSPATH": ":".join(str(jar) for jar in class_path)}
    if not (data / "meta.properties").exists():
        format_storage(home, java, properties, environment)
    server = process.spawn(home, [java.path, *JVM, "kafka.Kafka", properties], environment)
    broker = RunningBroker("kafka", f"{ports.HOST}:{port}", server.pid, str(properties), KAFKA_VERSION)
    process.record(home, broker)
    return broker, server


def new_cluster_id() -> str:
    """A new random cluster id of 22 characters that does not begin with a dash.

    Kafka's formatting tool would mistake an id that begins with a dash for a command-line option.
    """
    while True:
        made = base64.urlsafe_b64encode(uuid.uuid4().bytes).rstrip(b"=").decode()
        if not made.startswith("-"):
            return made


def format_storage(home: Path, java: Java, properties: Path, environment: dict[str, str]) -> None:
    """Format the broker's data folder with Kafka's own tool, which writes a new random cluster id into the folder.

    Args:
        home: folder of the system that the broker belongs to.
        java: Java installation that runs the tool.
        properties: path of the broker's settings file, which names the data folder.
        environment: environment variables for the tool, among them `CLASSPATH`.

    Raises:
        EnvironmentProblem: the tool failed; the message has the last lines of its log.
    """
    tool = ("kafka.tools.StorageTool", "format", "--standalone", "-t", new_cluster_id(), "-c")
    formatting = process.spawn(home, [java.path, *JVM, *tool, properties], environment)
    try:
        code = formatting.wait(START_TIMEOUT_S)
    finally:
        formatting.kill()
    if code != 0:
        raise EnvironmentProblem(f"Kafka could not format its data folder:\n{process.log_tail(home)}")


def cluster_id_of(home: Path) -> str:
    """Cluster id that the broker's data folder in `home` was formatted with."""
    lines = (process.broker_folder(home) / "data" / "meta.properties").read_text().splitlines()
    return next(line.partition("=")[2] for line in lines if line.startswith("cluster.id="))


def wait_until_it_answers(home: Path, broker: RunningBroker, server: subprocess.Popen[bytes]) -> None:
    """Return once `broker` serves clients with the cluster id of its data folder; on any failure its process is killed.

    Args:
        home: folder of the system that the broker belongs to.
        broker: the broker that was started.
        server: its process.

    Raises:
        EnvironmentProblem: the process ended, or did not answer within two minutes; the message ends with the last
            lines of its log.
    """
    expected, deadline = cluster_id_of(home), time.monotonic() + START_TIMEOUT_S
    try:
        while cluster_id_at(broker.address) != expected:
            if server.poll() is not None:
                raise EnvironmentProblem(
                    f"Kafka ended with exit code {server.returncode} instead of starting; its log "
                    f"({process.log_file(home)}) ends with:\n{process.log_tail(home)}"
                )
            if time.monotonic() > deadline:
                raise EnvironmentProblem(
                    f"expected Kafka to answer at {broker.address} within {START_TIMEOUT_S:.0f} s; fix: what its "
                    "log says; where it says nothing is wrong, this machine is too busy: end other programs, and start "
                    f"it again; its log ({process.log_file(home)}) ends with:\n{process.log_tail(home)}"
                )
            time.sleep(POLL_S)
    except BaseException:
        if server.poll() is None:
            server.kill()
            server.wait()
        raise
