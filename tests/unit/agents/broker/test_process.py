"""The process of the broker that belongs to a home folder, tested with small processes in its place."""

import socket
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest

from agents.broker import bootstrap, jars, java, kafka, launch, neighbours, ports, process
from agents.broker.neighbours import Neighbour
from agents.broker.process import RunningBroker
from agents.config.settings import Settings
from schemas.errors import EnvironmentProblem

SLEEPER = "import signal, time; {}; print('ready', flush=True); time.sleep(60)"
DEAF = "signal.signal(signal.SIGTERM, signal.SIG_IGN)"


def stand_in(home: Path, setup: str = "pass") -> subprocess.Popen[bytes]:
    """Start a process that the functions under test take for the broker of `home`.

    Args:
        home: home folder, in which the process is recorded.
        setup: Python code that the process runs first.
    """
    process.broker_folder(home).mkdir(parents=True, exist_ok=True)
    started = process.spawn(home, [sys.executable, "-c", SLEEPER.format(setup), "broker-of-a-test"], {})
    process.record(home, RunningBroker("kafka", "127.0.0.1:19092", started.pid, "broker-of-a-test", "4.3.1"))
    while "ready" not in process.log_tail(home):
        time.sleep(0.01)
    return started


def test_a_recorded_process_is_found_until_it_is_stopped(tmp_path: Path) -> None:
    started = stand_in(tmp_path)
    broker = process.running(tmp_path)
    assert broker is not None
    assert broker.pid == started.pid
    assert bootstrap(Settings(home=str(tmp_path))) == "127.0.0.1:19092"
    assert process.stop(tmp_path) == broker
    assert process.running(tmp_path) is None
    assert process.stop(tmp_path) is None


def test_a_process_that_ignores_the_signal_to_end_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(tmp_path, DEAF)
    monkeypatch.setattr(process, "STOP_TIMEOUT_S", 0.2)
    assert process.stop(tmp_path) is not None
    assert process.running(tmp_path) is None


def test_a_dead_process_is_not_running(tmp_path: Path) -> None:
    started = stand_in(tmp_path)
    started.kill()
    # Not waited for: the pid stays taken by a zombie, as after a crash under a parent that lives on.
    while process.running(tmp_path) is not None:
        time.sleep(0.01)
    started.wait()
    assert process.last_recorded(tmp_path) is not None


def test_another_process_under_a_reused_pid_is_left_alone(tmp_path: Path) -> None:
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    process.broker_folder(tmp_path).mkdir()
    process.record(tmp_path, RunningBroker("kafka", "127.0.0.1:19092", other.pid, "server.properties", "4.3.1"))
    assert process.running(tmp_path) is None
    assert process.stop(tmp_path) is None
    assert other.poll() is None
    other.kill()
    other.wait()


def test_without_a_broker_there_is_an_error_and_an_external_one_goes_first(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentProblem, match=r"none runs for .*; fix: .*`tickloop broker start`"):
        bootstrap(Settings(home=str(tmp_path)))
    assert bootstrap(Settings(home=str(tmp_path), bootstrap="kafka:9092")) == "kafka:9092"


def test_the_log_of_the_run_before_is_kept(tmp_path: Path) -> None:
    process.broker_folder(tmp_path).mkdir()
    for word in ("first", "second"):
        process.spawn(tmp_path, [sys.executable, "-c", f"print('{word}')"], {}).wait()
    assert process.log_tail(tmp_path) == "second"
    assert process.log_file(tmp_path).with_suffix(".log.1").read_text() == "first\n"


def test_the_child_is_not_in_the_session_of_its_caller(tmp_path: Path) -> None:
    process.broker_folder(tmp_path).mkdir()
    code = "import os; print(os.getsid(0) == os.getpid(), os.isatty(0))"
    process.spawn(tmp_path, [sys.executable, "-c", code], {}).wait()
    assert process.log_tail(tmp_path) == "True False"


def test_a_taken_port_is_not_free() -> None:
    with socket.socket() as server:
        server.bind((ports.HOST, 0))
        server.listen()
        taken = server.getsockname()[1]
        assert not ports.is_free(taken)
        free = ports.any_free()
        assert ports.first_free([taken, free]) == free
        assert ports.first_free([taken]) != taken


def test_no_cluster_id_looks_like_an_option(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = uuid.UUID(bytes=b"\xf8" + bytes(15)), uuid.UUID(bytes=b"\x01" + bytes(15))
    given = iter((first, second))
    monkeypatch.setattr(uuid, "uuid4", lambda: next(given))
    assert kafka.new_cluster_id() == "AQAAAAAAAAAAAAAAAAAAAA"


@pytest.mark.parametrize(
    ("last", "chosen", "said"),
    [
        (None, 9092, []),
        (
            None,
            31_000,
            ["port 9092 is taken by the broker of /srv/other: this broker is at 127.0.0.1:31000"],
        ),
        (31_000, 31_000, []),
        (
            31_000,
            9092,
            ["port 31000 is taken by another program: this broker is at 127.0.0.1:9092"],
        ),
    ],
)
def test_a_port_that_is_not_the_usual_one_is_said(
    last: int | None, chosen: int, said: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def started(*_: object) -> RunningBroker:
        return RunningBroker("kafka", f"127.0.0.1:{chosen}", -1, "server.properties", "4.3.1")

    monkeypatch.setattr(java, "find_java", lambda: None)
    monkeypatch.setattr(jars, "class_path", list)
    monkeypatch.setattr(kafka, "start", started)
    monkeypatch.setattr(neighbours, "neighbours", lambda _: [Neighbour("/srv/other", "127.0.0.1:9092")])
    process.broker_folder(tmp_path).mkdir()
    if last is not None:
        process.record(tmp_path, RunningBroker("kafka", f"127.0.0.1:{last}", 2**30, "server.properties", "4.3.1"))
    heard: list[str] = []
    launch.start(tmp_path, say=heard.append)
    assert heard == said
    launch.start(tmp_path, 31_001, say=heard.append)
    assert heard == said


@pytest.mark.parametrize("written", [b"", b'{"kind": "kafka"}', b"\xff"], ids=["empty", "half", "bytes"])
def test_a_damaged_record_is_a_sentence_and_no_second_broker(written: bytes, tmp_path: Path) -> None:
    process.broker_folder(tmp_path).mkdir()
    (process.broker_folder(tmp_path) / "broker.json").write_bytes(written)
    for question in (process.running, process.stop, launch.start):
        with pytest.raises(EnvironmentProblem, match=r"broker\.json: expected the record .* then delete the file"):
            question(tmp_path)
