"""`tickloop demo` does what its output claims, and leaves no process or file behind."""

import asyncio
import gzip
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
from click.testing import CliRunner

from agents.cli import cli
from agents.clients.reader import Received, read
from schemas.codec import encode
from streams.sources.bad_ticks import with_bad_ticks
from streams.sources.synthetic import synthetic_market

pytestmark = pytest.mark.broker

COUNT, SEED = 5_000, 11
DEMO = (sys.executable, "-m", "agents.cli", "demo")
PATIENCE_S = 100


def surroundings(folder: Path, bootstrap: str = "") -> dict[str, str]:
    """Environment of a demo whose temporary files go to `folder`, where a test can see what it leaves behind.

    Args:
        folder: folder for temporary files.
        bootstrap: address of the Kafka cluster; empty: the demo starts a broker of its own.
    """
    return {**os.environ, "TMPDIR": str(folder), "TICKLOOP_BOOTSTRAP": bootstrap, "TICKLOOP_HOME": ""}


def processes_of(folder: Path) -> list[str]:
    """Command lines of the processes that name a folder in their arguments or in their environment."""
    found = []
    for process in psutil.process_iter():
        try:
            if str(folder) in " ".join([*process.cmdline(), *process.environ().values()]):
                found.append(" ".join(process.cmdline()))
        except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
            continue
    return found


async def everything(bootstrap: str, topic: str) -> list[Received]:
    return [record async for record in read(bootstrap, topic, until_end=True, repeats=True)]


def test_what_the_summary_says_is_on_the_topics(bootstrap: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [*DEMO, "--json", "--keep", "--count", str(COUNT), "--seed", str(SEED)],
        env=surroundings(tmp_path, bootstrap),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    summary: dict[str, Any] = json.loads(done.stdout)
    sent = len(list(with_bad_ticks(synthetic_market(SEED, ticks=COUNT), 0.01, SEED)))
    audit = summary["audit"]
    assert summary["holds"]
    assert all(check["holds"] for check in audit["checks"])
    assert (summary["sent"], audit["ticks"]) == (sent, sent)
    assert (audit["accepted"], audit["predictions"], sum(summary["refused"].values())) == (COUNT, COUNT, sent - COUNT)
    assert summary["kill"]["restarts"] == 1
    waits = [summary["latency"][name] for name in ("p50_ms", "p95_ms", "p99_ms", "longest_ms")]
    assert summary["latency"]["ticks"] == COUNT
    assert 0.0 < waits[0] < waits[1] < waits[2] < waits[3]
    assert summary["skill"]["scored"] == audit["outcomes"] > 0

    held = asyncio.run(everything(bootstrap, summary["prefix"] + "predictions"))
    contents = {json.loads(record.value or b"")["id"]: record.value for record in held}
    assert len(contents) == COUNT
    assert {record.value for record in held} == set(contents.values())
    assert not processes_of(tmp_path)


def test_real_ticks_run_on_a_broker_of_its_own_that_leaves_nothing_behind(tmp_path: Path) -> None:
    market = tmp_path / "market.jsonl.gz"
    market.write_bytes(gzip.compress(b"\n".join(encode(tick) for tick in synthetic_market(ticks=900)) + b"\n{}\n"))
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    done = subprocess.run(
        [*DEMO, "--ticks", str(market), "--no-kill", "--workers", "1", "--verbose"],
        env=surroundings(temporary),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "every tick is in the log: 901 of 901 acknowledged" in done.stdout
    assert "exactly one prediction for each accepted tick: 900 for 900" in done.stdout
    assert "malformed 1" in done.stdout
    assert "It ran, and every check holds" in done.stdout
    assert "predictions  900 for 900 accepted ticks, each once for a reader" in done.stdout
    assert not list(temporary.iterdir())
    assert not processes_of(temporary)


def test_ctrl_c_leaves_nothing_behind(tmp_path: Path) -> None:
    with subprocess.Popen(
        [*DEMO, "--count", "20000", "--workers", "1"],
        env=surroundings(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as running:
        deadline = time.monotonic() + PATIENCE_S
        assert running.stdout is not None
        for line in running.stdout:
            assert time.monotonic() < deadline
            if b"shared out" in line:
                break
        time.sleep(1.0)
        assert len(processes_of(tmp_path)) == 3  # demo, broker, worker
        running.send_signal(signal.SIGINT)
        said, _ = running.communicate(timeout=PATIENCE_S)
    assert running.returncode == 130, said
    assert b"stopped; nothing is left behind" in said
    assert not list(tmp_path.iterdir())
    assert not processes_of(tmp_path)


def test_a_missing_file_is_wrong_usage() -> None:
    done = CliRunner().invoke(cli, ["demo", "--ticks", "nowhere.csv"])
    assert done.exit_code == 2
    assert "nowhere.csv" in done.output


def test_the_story_of_an_experiment_comes_to_its_end(bootstrap: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [*DEMO, "--story", "experiment", "--json"],
        env=surroundings(tmp_path, bootstrap),
        capture_output=True,
        text=True,
        timeout=2 * PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert [decided["verdict"] for decided in told["decisions"]] == ["winner", "promoted", "rolled_back"]
    assert told["killed"].startswith("worker-")
    assert all(check["holds"] for check in told["checks"])
    assert processes_of(tmp_path) == []
    assert list(tmp_path.iterdir()) == []
