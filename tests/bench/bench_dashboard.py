"""Measures the dashboard while ticks come in: `bench_dashboard.py [RATE] [SECONDS] [SYMBOLS]`.

It runs `tickloop up` in a temporary folder, with ticks at a steady rate. Processor time and memory of the
dashboard's process are measured with and without an open page, and those of the page if there is a Chromium.
"""

import subprocess
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path

import psutil
from playwright.sync_api import Page

from schemas.codec import encode
from streams.sources.synthetic import SYMBOLS, synthetic_market
from tests.bench.dashboard_system import TICKLOOP, running
from tests.support import chromium

SETTLE_S = 8.0


def main(rate: int, seconds: float, symbols: int) -> None:
    """Run the benchmark and print one line for each measurement.

    Args:
        rate: ticks per second.
        seconds: duration of each measurement, s.
        symbols: number of symbols.
    """
    names = SYMBOLS if symbols <= len(SYMBOLS) else [f"SYM{number:04d}" for number in range(symbols)]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "ticks.jsonl"
        count = int(rate * (2 * seconds + 4 * SETTLE_S))
        with file.open("wb") as output:
            output.writelines(encode(tick) + b"\n" for tick in islice(synthetic_market(1, names), count))
        with running(Path(folder) / "home") as system:
            time.sleep(SETTLE_S)
            publishing = subprocess.Popen(
                [*TICKLOOP, "publish", str(file), "--rate", str(rate)],
                env=system.environment,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            time.sleep(SETTLE_S)
            _measured(f"{rate:,} ticks/s, {symbols:,} symbols, no page", system.dashboard, seconds)
            with chromium.browser() as browser:
                page = browser.new_page(viewport={"width": 1280, "height": 900})
                page.goto(system.page)
                time.sleep(SETTLE_S)
                before = _heap(page)
                _measured("the same, one page", system.dashboard, seconds)
                print(f"  page: JavaScript heap {before:.1f} MB, after {seconds:.0f} s {_heap(page):.1f} MB")
                print(f"  page: {page.locator('#alive-tiles').inner_text()!r}")
            publishing.terminate()


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
