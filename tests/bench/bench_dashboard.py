"""What the dashboard costs while the loop runs: `bench_dashboard.py [RATE] [SECONDS] [SYMBOLS]`.

A `tickloop up` with its dashboard in a temporary home; ticks at a steady rate; processor time and memory of the
dashboard's process without and with an open page, and, where a Chromium is there, the page's own.
"""

import os
import subprocess
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).parents[1] / "browser"))
import chromium
from playwright.sync_api import Page

from agents.broker import ports
from schemas.codec import encode
from streams.sources.synthetic import SYMBOLS, synthetic_market

TICKLOOP = [sys.executable, "-m", "agents.cli"]
READY_S = 60.0
SETTLE_S = 8.0


def main(rate: int, seconds: float, symbols: int) -> None:
    """Print one line a measurement."""
    names = SYMBOLS if symbols <= len(SYMBOLS) else [f"SYM{number:04d}" for number in range(symbols)]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "ticks.jsonl"
        count = int(rate * (2 * seconds + 4 * SETTLE_S))
        with file.open("wb") as output:
            output.writelines(encode(tick) + b"\n" for tick in islice(synthetic_market(1, names), count))
        port = ports.any_free()
        environment = {
            **os.environ,
            "TICKLOOP_HOME": str(Path(folder) / "home"),
            "TICKLOOP_BOOTSTRAP": "",
            "TICKLOOP_DASHBOARD_PORT": str(port),
        }
        quiet = {"env": environment, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        up = subprocess.Popen([*TICKLOOP, "up"], **quiet)  # type: ignore[call-overload]
        try:
            process = _dashboard(up.pid)
            time.sleep(SETTLE_S)
            publishing = subprocess.Popen([*TICKLOOP, "publish", str(file), "--rate", str(rate)], **quiet)  # type: ignore[call-overload]
            time.sleep(SETTLE_S)
            _measured(f"{rate:,} ticks/s, {symbols:,} symbols, no page", process, seconds)
            with chromium.browser() as browser:
                page = browser.new_page(viewport={"width": 1280, "height": 900})
                page.goto(f"http://127.0.0.1:{port}")
                time.sleep(SETTLE_S)
                before = _heap(page)
                _measured("the same, one page", process, seconds)
                print(f"  page: JavaScript heap {before:.1f} MB, after {seconds:.0f} s {_heap(page):.1f} MB")
                print(f"  page: {page.locator('#alive-tiles').inner_text()!r}")
            publishing.terminate()
        finally:
            up.terminate()
            up.wait(60)


def _dashboard(up: int) -> psutil.Process:
    until = time.monotonic() + READY_S
    while time.monotonic() < until:
        for child in psutil.Process(up).children(recursive=True):
            if "dashboard" in child.cmdline():
                return child
        time.sleep(0.5)
    raise SystemExit("no dashboard came up")


def _measured(what: str, process: psutil.Process, seconds: float) -> None:
    used, began = process.cpu_times(), time.monotonic()
    time.sleep(seconds)
    now, took = process.cpu_times(), time.monotonic() - began
    part = (now.user + now.system - used.user - used.system) / took
    print(f"{what}: {part:.1%} of a core, {process.memory_info().rss / 1e6:.0f} MB resident", flush=True)


def _heap(page: Page) -> float:
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    used: float = session.send("Runtime.getHeapUsage")["usedSize"]
    return used / 1e6


if __name__ == "__main__":
    given = [float(argument) for argument in sys.argv[1:]]
    rate, seconds, symbols = (*given, *(5_000.0, 30.0, 4.0)[len(given) :])
    main(int(rate), seconds, int(symbols))
