"""`tickloop up`, `publish` and `consume` as a user calls them; processes that are killed are started again."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from agents.broker import process
from agents.broker.process import RunningBroker
from schemas.codec import encode
from schemas.ticks import Quote, Trade
from streams.sources.synthetic import synthetic_market

pytestmark = pytest.mark.broker

TICKLOOP = (sys.executable, "-m", "agents.cli")
PATIENCE_S = 90.0
PART = 1_200
MARKET = list(synthetic_market(seed=3, ticks=3 * PART))


class Up:
    """A running `tickloop up`, and other commands on the same home folder."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        self._folder = folder
        self._said = folder / "said.txt"
        self._environment = {
            **os.environ,
            "TICKLOOP_HOME": str(self.home),
            "TICKLOOP_BOOTSTRAP": "",
            "TICKLOOP_SESSION_TIMEOUT_S": "4",
        }
        with self._said.open("wb") as output:
            self.process = subprocess.Popen(
                [*TICKLOOP, "up"], env=self._environment, stdout=output, stderr=output, cwd=folder
            )

    @property
    def said(self) -> str:
        return self._said.read_text()

    def tickloop(self, *words: str) -> str:
        """Run `tickloop` with these arguments and return its standard output; fails if the exit code is not 0."""
        done = subprocess.run(
            [*TICKLOOP, *words], env=self._environment, capture_output=True, text=True, timeout=PATIENCE_S, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def publish(self, ticks: list[Quote | Trade], *broken: bytes) -> dict[str, Any]:
        file = self._folder / "ticks.jsonl"
        file.write_bytes(b"\n".join([*map(encode, ticks), *broken]) + b"\n")
        report: dict[str, Any] = json.loads(self.tickloop("publish", str(file), "--json"))
        return report

    def consumed(self, topic: str) -> list[dict[str, Any]]:
        lines = self.tickloop("consume", topic, "--from", "beginning", "--until-end", "--json").splitlines()
        return [json.loads(line) for line in lines]

    def predicted(self, expected: int) -> list[dict[str, Any]]:
        """Wait until there are `expected` predictions, then return all of them."""
        self.tickloop("consume", "predictions", "--from", "beginning", "-n", str(expected), "--json")
        return self.consumed("predictions")

    def broker(self) -> RunningBroker | None:
        return process.running(self.home)

    def workers(self) -> list[psutil.Process]:
        """Worker processes, without those that are about to become workers."""
        children = psutil.Process(self.process.pid).children()
        return [child for child in children if "worker" in child.cmdline()]


def until(holds: Callable[[], bool], up: Up) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert up.process.poll() is None, up.said
        assert time.monotonic() < deadline, up.said
        time.sleep(0.1)


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Up]:
    running = Up(tmp_path)
    yield running
    if running.process.poll() is None:
        for child in psutil.Process(running.process.pid).children(recursive=True):
            child.kill()
        running.process.kill()
        running.process.wait()
    process.stop(running.home)


def test_from_nothing_to_predictions_through_two_kills_to_a_clean_end(up: Up) -> None:
    until(lambda: "workers: 2" in up.said, up)

    report = up.publish(MARKET[:PART], b'{"kind":"quote"}', b"no JSON")
    assert (report["ticks"], report["unreadable"]) == (PART + 2, 2)
    assert_one_prediction_each(up.predicted(PART), PART)
    assert sorted(letter["reason"] for letter in up.consumed("dead-letters")) == ["malformed", "not_json"]

    killed = up.workers()
    assert len(killed) == 2
    for worker in killed:
        worker.kill()
    up.publish(MARKET[PART : 2 * PART])
    assert_one_prediction_each(up.predicted(2 * PART), 2 * PART)
    assert not {worker.pid for worker in killed} & {worker.pid for worker in up.workers()}

    broker = up.broker()
    assert broker is not None
    assert broker.process is not None
    broker.process.kill()
    until(lambda: "the broker is back" in up.said, up)
    back = up.broker()
    assert back is not None
    assert (back.address, back.pid == broker.pid) == (broker.address, False)
    up.publish(MARKET[2 * PART :])
    assert_one_prediction_each(up.predicted(3 * PART), 3 * PART)

    whole = psutil.Process(up.process.pid)
    until(lambda: len(whole.children(recursive=True)) == 5, up)  # broker, two workers, the retrainer and the dashboard
    started = whole.children(recursive=True)
    up.process.send_signal(signal.SIGINT)
    assert up.process.wait(60) == 0, up.said
    assert up.said.rstrip().endswith("stopped")
    assert psutil.wait_procs(started, timeout=60)[1] == []
    assert up.broker() is None


def assert_one_prediction_each(predictions: list[dict[str, Any]], ticks: int) -> None:
    """There must be one prediction for each of the first `ticks` ticks of the market, with that tick's data."""
    answered = sorted((prediction["symbol"], prediction["ts_event"]) for prediction in predictions)
    assert answered == sorted((tick.symbol, tick.ts_event) for tick in MARKET[:ticks])
    assert len({prediction["id"] for prediction in predictions}) == ticks
