"""Starts and resets the local broker of a home folder: Apache Kafka, or a mock cluster where Kafka is not available."""

import shutil
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from agents.broker import jars, java, kafka, mock, neighbours, process
from agents.broker.exclusive import exclusive
from agents.broker.process import RunningBroker
from agents.broker.unobtainable import Unobtainable
from agents.process.waiting import waiting_for


def start(home: Path, port: int | None = None, say: Callable[[str], None] = print) -> tuple[RunningBroker, bool]:
    """Start the local broker of the folder `home`, unless it runs already.

    If several processes call this function at once, only one broker is started.

    Args:
        home: folder of the system; the broker's files are in its subfolder `broker`.
        port: port for clients; None takes the port of the last run, else 9092, else any free port.
        say: called with each message for the user: that the mock cluster is used instead of Kafka and what it cannot
            do, that the usual port is taken, or why it takes long.

    Returns:
        The broker, and True if this call started it or False if it ran already.

    Raises:
        EnvironmentProblem: no broker could be started; the message says why and what to do.
    """
    with ExitStack() as stack:
        with waiting_for(f"another command that starts or stops the broker of {home}", say):
            stack.enter_context(exclusive(process.broker_folder(home) / ".lock"))
        if (broker := process.running(home)) is not None:
            return broker, False
        try:
            runtime, class_path = java.find_java(), jars.class_path()
        except Unobtainable as reason:
            if not mock.is_installed():
                raise
            say(f"{reason}\nUntil then: {mock.LIMITS}.")
            return mock.start(home), True
        usual = kafka.usual_ports(home)[0]
        with waiting_for("Kafka to answer", say, f"its log is {process.log_file(home)}"):
            broker = kafka.start(home, runtime, class_path, port)
        if port is None and broker.port != usual:
            say(f"port {usual} is taken by {neighbours.holder(home, usual)}: this broker is at {broker.address}")
        return broker, True


def reset(home: Path) -> None:
    """Stop the local broker of the folder `home` and delete all its files: topics, settings and logs."""
    folder = process.broker_folder(home)
    if not folder.exists():
        return
    with exclusive(folder / ".lock"):
        process.stop(home)
        shutil.rmtree(folder)
