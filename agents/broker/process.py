"""The broker's process: finds the one of a home folder, starts it detached from its caller, ends it."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import msgspec
import psutil
from msgspec import Struct

from agents.process.log_files import aside, last_words, make_room
from schemas.errors import EnvironmentProblem

STOP_TIMEOUT_S = 30.0


class RunningBroker(Struct, frozen=True):
    """What `<home>/broker/broker.json` says about the broker of that home.

    Attributes:
        kind: `kafka`, or `mock` for librdkafka's mock cluster.
        address: for clients, `host:port`.
        pid: process id.
        argument: last word of its command line, which tells it from another process under a reused pid.
        version: of Apache Kafka or librdkafka.
    """

    kind: Literal["kafka", "mock"]
    address: str
    pid: int
    argument: str
    version: str

    @property
    def port(self) -> int:
        return int(self.address.rpartition(":")[2])

    @property
    def process(self) -> psutil.Process | None:
        """The process while it runs; None when it ended or its pid was reused."""
        try:
            process = psutil.Process(self.pid)
            words = process.cmdline()
            return process if words and words[-1] == self.argument else None
        except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
            return None


def broker_folder(home: Path) -> Path:
    """Folder of everything that belongs to the local broker of a home: data, log, settings, record."""
    return home / "broker"


def log_file(home: Path) -> Path:
    """Where the broker of a home logs to; logs of the runs before are beside it."""
    return broker_folder(home) / "broker.log"


def last_recorded(home: Path) -> RunningBroker | None:
    """The broker that was started last, whether it lives or not; None when there was none.

    Raises:
        EnvironmentProblem: the record of it is damaged, so that nobody knows whether it lives.
    """
    path = broker_folder(home) / "broker.json"
    try:
        return msgspec.json.decode(path.read_bytes(), type=RunningBroker)
    except FileNotFoundError:
        return None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise EnvironmentProblem(
            f"{path}: expected the record of the local broker, was damaged: {error}; fix: end that broker if it still "
            "runs (a `java` process), then delete the file; its data stays"
        ) from error


def running(home: Path) -> RunningBroker | None:
    """The broker of this home if its process lives; a stale record counts as none."""
    recorded = last_recorded(home)
    return recorded if recorded is not None and recorded.process is not None else None


def record(home: Path, broker: RunningBroker) -> None:
    """Write down which broker runs, so that clients of the same home find it."""
    path = broker_folder(home) / "broker.json"
    written = path.with_suffix(".json.new")
    written.write_bytes(msgspec.json.format(msgspec.json.encode(broker)))
    written.replace(path)


def spawn(home: Path, command: Sequence[str | Path], environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Start a process that outlives its caller: own session, no terminal, output to the log file."""
    log = log_file(home)
    if log.exists():
        make_room(log)
        log.replace(aside(log, 1))
    # It is emptied while it is written, so what is written must go to its end.
    with log.open("ab") as output:
        return subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=broker_folder(home),
            env={**os.environ, **environment},
            start_new_session=True,
        )


def log_tail(home: Path, lines: int = 15) -> str:
    """The last lines of the log, for an error message."""
    return "\n".join(last_words(log_file(home), lines))


def disk_bytes(home: Path) -> int:
    """Disk space that the broker of a home uses, bytes, without the unused part of preallocated index files."""
    blocks = (file.lstat().st_blocks for file in broker_folder(home).rglob("*"))
    return 512 * sum(blocks)


def stop(home: Path) -> RunningBroker | None:
    """End the broker of this home: ask it to stop, wait, then kill it, which loses no data.

    Returns:
        What was stopped, None when nothing ran.
    """
    broker = running(home)
    process = broker.process if broker is not None else None
    if broker is None or process is None:
        return None
    process.terminate()
    try:
        process.wait(STOP_TIMEOUT_S)
    except psutil.TimeoutExpired:
        process.kill()
        process.wait(STOP_TIMEOUT_S)
    return broker
