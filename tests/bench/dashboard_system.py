"""Runs `tickloop up` with its dashboard in a folder of its own, for benchmarks of the dashboard."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.request import urlopen

import psutil
from msgspec import Struct

from agents.broker import ports

TICKLOOP = [sys.executable, "-m", "agents.cli"]
READY_S = 60.0


class System(Struct):
    """A running system.

    Attributes:
        environment: environment variables with which commands reach it.
        page: address of the dashboard.
        dashboard: process of the dashboard.
    """

    environment: dict[str, str]
    page: str
    dashboard: psutil.Process


@contextmanager
def running(home: Path, workers: int = 2) -> Iterator[System]:
    """Run broker, topics, workers, retrainer and dashboard while the block runs.

    Raises:
        SystemExit: the dashboard did not start.
    """
    port = ports.any_free()
    environment = {
        **os.environ,
        "TICKLOOP_HOME": str(home),
        "TICKLOOP_BOOTSTRAP": "",
        "TICKLOOP_DASHBOARD_PORT": str(port),
    }
    up = subprocess.Popen(
        [*TICKLOOP, "up", "--workers", str(workers)],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    page = f"http://127.0.0.1:{port}"
    try:
        yield System(environment, page, _dashboard(up.pid, page))
    finally:
        up.terminate()
        up.wait(60)


def _dashboard(up: int, page: str) -> psutil.Process:
    until = time.monotonic() + READY_S
    while time.monotonic() < until:
        for child in psutil.Process(up).children(recursive=True):
            with suppress(psutil.Error):  # it ended while it was looked at
                if "dashboard" in child.cmdline() and _follows(page):
                    return child
        time.sleep(0.5)
    raise SystemExit("no dashboard came up")


def _follows(page: str) -> bool:
    try:
        with urlopen(f"{page}/healthz", timeout=2):
            return True
    except OSError:
        return False
