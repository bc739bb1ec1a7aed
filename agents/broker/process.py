"""Starts, finds and stops the process of a local broker.

The process goes on running when the command that started it ends. It is found by its home folder.
"""

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
    """The local broker of a home folder, as recorded in `<home>/broker/broker.json`; it may have ended since.

    Attributes:
        kind: `kafka`, or `mock` for librdkafka's mock cluster.
        address: address at which clients reach it, `host:port`.
        pid: process id.
        argument: last word of its command line. A process with the same pid but another last word is not this broker.
        version: version of Apache Kafka or of librdkafka.
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
        """The broker's process if it runs; None if it has ended, even if another process now has its pid."""
        try:
            process = psutil.Process(self.pid)
            words = process.cmdline()
            return process if words and words[-1] == self.argument else None
        except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
            return None


def broker_folder(home: Path) -> Path:
    """Folder for everything that belongs to the local broker of `home`: data, log, settings and `broker.json`."""
    return home / "broker"


def log_file(home: Path) -> Path:
    """Path of the log of the local broker of `home`; the logs of earlier runs are in the same folder."""
    return broker_folder(home) / "broker.log"


def last_recorded(home: Path) -> RunningBroker | None:
    """The broker that was last started for the folder `home`, whether or not it still runs; None if there was none.

    Raises:
        EnvironmentProblem: `broker.json`, the file that records the broker, is damaged.
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
    """The local broker of the folder `home` if its process runs, else None.

    Raises:
        EnvironmentProblem: `broker.json`, the file that records the broker, is damaged.
    """
    recorded = last_recorded(home)
    return recorded if recorded is not None and recorded.process is not None else None


def record(home: Path, broker: RunningBroker) -> None:
    """Write `broker` to `broker.json` in the folder `home`, where clients look for the broker's address."""
    path = broker_folder(home) / "broker.json"
    written = path.with_suffix(".json.new")
    written.write_bytes(msgspec.json.format(msgspec.json.encode(broker)))
    written.replace(path)


def spawn(home: Path, command: Sequence[str | Path], environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Start a process of the broker that goes on running when the caller ends.

    It has a session of its own and no terminal. Its output goes to a new log file; the previous log is renamed.

    Args:
        home: home folder that the broker belongs to.
        command: program and arguments.
        environment: variables to set in addition to those of this process.
    """
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
    """The last `lines` lines of the log of the local broker of `home`, for an error message."""
    return "\n".join(last_words(log_file(home), lines))


def disk_bytes(home: Path) -> int:
    """Disk space that the local broker of `home` occupies, bytes.

    Only blocks that the file system has allocated count, because Kafka makes its index files longer than their content.
    """
    blocks = (file.lstat().st_blocks for file in broker_folder(home).rglob("*"))
    return 512 * sum(blocks)


def stop(home: Path) -> RunningBroker | None:
    """Stop the local broker of `home`: send SIGTERM, wait up to 30 s, then kill the process. No stored record is lost.

    Returns:
        The broker that was stopped, or None if none ran.
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
