"""Starts the broker of a home: Apache Kafka, or the mock cluster where Kafka is not available."""

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
    """Start the broker of `home` unless it runs.

    Two calls at once, from any processes, start one broker.

    Args:
        home: folder to keep everything in.
        port: for clients; without it the one of the last run, 9092 or any free one.
        say: gets the sentence on the mock cluster's limits when it steps in, the one on a port that is taken, and a
            line now and then when it takes long.

    Returns:
        The broker, and whether this call started it.

    Raises:
        EnvironmentProblem: with the fix.
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
    """Stop the broker of `home` and delete its data, log and record."""
    folder = process.broker_folder(home)
    if not folder.exists():
        return
    with exclusive(folder / ".lock"):
        process.stop(home)
        shutil.rmtree(folder)
