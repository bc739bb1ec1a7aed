"""Runs the dashboard and an open page for long, and checks memory and progress: `soak_dashboard.py --minutes 60`.

It runs `tickloop up` in a temporary folder on a synthetic market at a steady rate, with the page in a
headless Chromium. Every half minute it prints memory of server, browser and page, the time that a click or
key takes, the longest time without an update, rates and lag. The exit code is 1 if memory keeps growing or
the page stops updating, by the rules that are printed at the end.
"""

import argparse
import asyncio
import multiprocessing
import sys
import tempfile
import time
from itertools import pairwise
from math import inf
from multiprocessing.synchronize import Event
from pathlib import Path
from statistics import median
from typing import Any

import msgspec
import psutil
from msgspec import Struct
from playwright.sync_api import Page
from playwright.sync_api import TimeoutError as TookTooLong

from agents.broker import bootstrap
from agents.clients.pace import Pace
from agents.clients.publisher import publish
from agents.config.settings import Settings
from agents.operations import topics
from schemas.topics import TICKS, TOPICS
from streams.sources.synthetic import synthetic_market
from tests.bench.dashboard_system import System, running
from tests.support import chromium

KEPT_BYTES = 96 * 1024 * 1024
"""Retention of each partition, bytes, so that an hour fits on any disk; the dashboard reads only the ends."""

JUDGED_FROM_MINUTES = 10.0
"""Time from which on growth is judged, minutes; before, charts and lists still fill up."""

GROWTH = 0.05
FLOORS = {"server_mb": 10.0, "heap_mb": 6.0, "browser_mb": 30.0}
"""Growth that is accepted, MB: plotly's cache of label sizes grows by 4 MB and is emptied every 950 drawings."""

MOST_NODES = 10_000
"""Most DOM nodes of the page; it has about 7,000 once its lists are full."""

LONGEST_GAP_S = 10.0
RULES = (
    f"memory grows: Theil-Sen slope over the second half, times its length, is above {GROWTH:.0%} of its median and "
    f"above {', '.join(f'{name} {floor:g}' for name, floor in FLOORS.items())} (judged from {JUDGED_FROM_MINUTES:g} "
    f"minutes on), or nodes are above {MOST_NODES:,}; the page stops: no update or no answer to a click for "
    f"{LONGEST_GAP_S:g} s, or the same count of ticks at two samples"
)

PROBES = """() => {
    const soak = window.soak = { gap: 0, updated: performance.now(), task: 0, asked: 0, painted: 0, shown: 0 };
    new MutationObserver(() => {
        const now = performance.now();
        soak.gap = Math.max(soak.gap, now - soak.updated);
        soak.updated = now;
    }).observe(document.getElementById("alive-tiles"), { subtree: true, childList: true, characterData: true });
    new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) soak.task = Math.max(soak.task, entry.duration);
    }).observe({ entryTypes: ["longtask"] });
    const asked = ({ timeStamp }) => {
        Object.assign(soak, { asked: timeStamp, painted: 0, shown: 0 });
        requestAnimationFrame(() => setTimeout(() => { soak.painted = performance.now() - timeStamp; }));
    };
    for (const kind of ["keydown", "click"]) document.getElementById("table").addEventListener(kind, asked, true);
    new MutationObserver(() => { soak.shown = performance.now() - soak.asked; })
        .observe(document.getElementById("symbol-name"), { childList: true, characterData: true, subtree: true });
}"""

READ = """() => {
    const { soak } = window;
    const gap = Math.max(soak.gap, performance.now() - soak.updated), { task } = soak;
    Object.assign(soak, { gap: 0, task: 0 });
    const tile = (name) => document.querySelector(`#alive-tiles [data-name=${name}]`).innerText;
    return { gap, task, ticks: tile("ticks"), predictions: tile("predictions"), lag: tile("lag") };
}"""


class Sample(Struct):
    """One measurement. MB are 10^6 bytes; rates are those since the measurement before.

    Attributes:
        minute: time since the start, minutes.
        ticks_s, predictions_s: rates, per second.
        lag: ticks that no checkpoint covers yet.
        server_mb, server_cpu: memory and processor share of the server.
        heap_mb: heap of the page after a collection, MB.
        browser_mb: memory of the browser, MB.
        nodes: number of DOM nodes of the page.
        painted_ms, shown_ms: time from a click or key to the next frame, and to the changed page, ms.
        gap_s: longest time without an update, s.
        task_ms: longest task of the page, ms.
        ticks, predictions: numbers that the page shows.
    """

    minute: float
    ticks_s: float
    predictions_s: float
    lag: int
    server_mb: float
    server_cpu: float
    heap_mb: float
    browser_mb: float
    nodes: int
    painted_ms: float
    shown_ms: float
    gap_s: float
    task_ms: float
    ticks: int
    predictions: int


COLUMNS = tuple(name for name in Sample.__struct_fields__ if name not in ("ticks", "predictions"))


def slope(times: list[float], values: list[float]) -> float:
    """Median slope between all pairs of points (Theil 1950, Sen 1968), which single outliers do not change.

    >>> slope(times=[0.0, 1.0, 2.0, 3.0], values=[5.0, 7.0, 90.0, 11.0])
    2.0
    """
    found = [
        (values[late] - values[early]) / (times[late] - times[early])
        for early in range(len(times))
        for late in range(early + 1, len(times))
    ]
    return median(found) if found else 0.0


def problems(samples: list[Sample]) -> list[str]:
    """Sentences about the rules that the samples break; empty if they break none.

    >>> def sample(minute, server_mb, ticks):
    ...     return Sample(
    ...         minute=minute, ticks_s=5e3, predictions_s=5e3, lag=0, server_mb=server_mb, server_cpu=0.1, heap_mb=9.0,
    ...         browser_mb=300.0, nodes=1_000, painted_ms=20.0, shown_ms=400.0, gap_s=0.5, task_ms=50.0, ticks=ticks,
    ...         predictions=ticks,
    ...     )
    >>> problems([sample(0.5 * n, 300.0 + n % 3, n) for n in range(60)])
    []
    >>> problems([sample(0.5 * n, 300.0 + 2.0 * n, n) for n in range(60)])
    ['server_mb grows: +58.0 in the last 14.5 minutes, to 418.0']
    >>> problems([sample(0.5 * n, 300.0, min(n, 7)) for n in range(9)])
    ['the page stands still at minute 4.0: 7 ticks, as half a minute before']
    """
    found = []
    half = samples[len(samples) // 2 :]
    if samples and samples[-1].minute >= JUDGED_FROM_MINUTES:
        times = [each.minute for each in half]
        for name, floor in FLOORS.items():
            values = [float(getattr(each, name)) for each in half]
            grown = slope(times, values) * (times[-1] - times[0])
            if grown > max(floor, GROWTH * median(values)):
                found.append(
                    f"{name} grows: {grown:+.1f} in the last {times[-1] - times[0]:.1f} minutes, to {values[-1]:.1f}"
                )
    found += [f"{each.nodes:,} nodes at minute {each.minute:.1f}" for each in samples[-1:] if each.nodes > MOST_NODES]
    for before, each in pairwise(samples):
        if max(each.gap_s, each.shown_ms / 1e3) > LONGEST_GAP_S:
            found.append(
                f"the page stands still at minute {each.minute:.1f}: no update for {each.gap_s:.1f} s, "
                f"a choice shown after {each.shown_ms / 1e3:.1f} s"
            )
        elif each.ticks <= before.ticks:
            found.append(
                f"the page stands still at minute {each.minute:.1f}: {each.ticks:,} ticks, as half a minute before"
            )
    return found


def _count(tile: str) -> int:
    r"""The number before `on the topic` in the text of a tile, or the first number.

    >>> _count("Ticks\n5,012 /s\n1,204,311 on the topic"), _count("Lag\n1,950\nticks without")
    (1204311, 1950)
    """
    words = tile.replace(",", "").split()
    return int(words[words.index("on") - 1] if "on" in words and "topic" in words else words[1])


def publishing(address: str, topic: str, symbols: int, rate: float, stop: Event) -> None:
    """Publish a synthetic market until `stop` is set; runs in a process of its own."""

    async def send() -> None:
        ending = asyncio.Event()
        market = synthetic_market(1, [f"SYM{number:04d}" for number in range(symbols)])

        def progress(_: int) -> None:
            if stop.is_set():
                ending.set()

        await publish(market, address, topic, pace=Pace(rate=rate), stop=ending, progress=progress)

    asyncio.run(send())


def keeping_little(settings: Settings) -> list[topics.TopicSpec]:
    """Topics that are not compacted, with a retention that is small enough for any disk."""
    bounds = {"retention.bytes": str(KEPT_BYTES), "segment.bytes": str(KEPT_BYTES // 4)}
    specified = [topics.specification(settings, topic) for topic in TOPICS if topic.cleanup == "delete"]
    return [msgspec.structs.replace(each, configs=each.configs | bounds) for each in specified]


class Observer:
    """Takes samples of an open page and its server."""

    def __init__(self, page: Page, system: System) -> None:
        self._page = page
        self._system = system
        self._began = self._before = time.monotonic()
        self._cpu = sum(system.dashboard.cpu_times()[:2])
        self._session = page.context.new_cdp_session(page)
        self._session.send("Performance.enable")
        page.evaluate(PROBES)
        self._counts = self._counted(page.evaluate(READ))

    @staticmethod
    def _counted(read: Any) -> tuple[int, int]:
        return _count(read["ticks"]), _count(read["predictions"])

    def sample(self, number: int) -> Sample:
        """Take one sample; even numbers use the mouse, odd ones a key."""
        read: Any = self._page.evaluate(READ)
        painted, shown = self._ask(number)
        self._session.send("HeapProfiler.collectGarbage")
        metrics = {each["name"]: each["value"] for each in self._session.send("Performance.getMetrics")["metrics"]}
        now, cpu = time.monotonic(), sum(self._system.dashboard.cpu_times()[:2])
        counts = self._counted(read)
        self._page.evaluate(READ)  # what the collection took is nobody's long task
        span = now - self._before
        taken = Sample(
            minute=(now - self._began) / 60.0,
            ticks_s=(counts[0] - self._counts[0]) / span,
            predictions_s=(counts[1] - self._counts[1]) / span,
            lag=_count(read["lag"]),
            server_mb=self._system.dashboard.memory_info().rss / 1e6,
            server_cpu=(cpu - self._cpu) / span,
            heap_mb=metrics["JSHeapUsedSize"] / 1e6,
            browser_mb=sum(each.memory_info().rss for each in self._browser()) / 1e6,
            nodes=int(metrics["Nodes"]),
            painted_ms=painted,
            shown_ms=shown,
            gap_s=read["gap"] / 1e3,
            task_ms=read["task"],
            ticks=counts[0],
            predictions=counts[1],
        )
        self._before, self._counts, self._cpu = now, counts, cpu
        return taken

    def _ask(self, number: int) -> tuple[float, float]:
        """Select another symbol; return the ms until the page is painted, and until the symbol's chart is shown."""
        page = self._page
        if number % 2:
            page.locator("#table .rows .row:not([aria-selected=true])").first.click(position={"x": 20, "y": 10})
        else:
            page.locator("#table").press("ArrowDown")
        try:
            page.wait_for_function("() => window.soak.painted && window.soak.shown", timeout=2e3 * LONGEST_GAP_S)
        except TookTooLong:
            return inf, inf
        painted, shown = page.evaluate("() => [window.soak.painted, window.soak.shown]")
        return painted, shown

    def _browser(self) -> list[psutil.Process]:
        ours = psutil.Process().children(recursive=True)
        return [each for each in ours if each.is_running() and "chrom" in each.name()]


def soak(minutes: float, rate: float, symbols: int, workers: int, every_s: float, say: bool) -> list[Sample]:
    """Run the system and return its samples in order.

    Args:
        minutes: duration.
        rate: ticks per second.
        symbols: number of symbols.
        workers: number of workers.
        every_s: time between samples, s.
        say: whether each sample is printed.
    """
    samples: list[Sample] = []
    context = multiprocessing.get_context("spawn")
    stop = context.Event()
    with tempfile.TemporaryDirectory() as folder, running(Path(folder) / "home", workers) as system:
        settings = Settings.load(system.environment)
        address = bootstrap(settings)
        asyncio.run(topics.apply(address, keeping_little(settings)))
        market = context.Process(
            target=publishing, args=(address, settings.topic(TICKS.name), symbols, rate, stop), daemon=True
        )
        market.start()
        try:
            with chromium.browser() as browser:
                page = browser.new_page(viewport={"width": 1280, "height": 900})
                page.goto(system.page)
                page.wait_for_selector("#table .rows .row", timeout=60_000)
                observer = Observer(page, system)
                until, due = time.monotonic() + 60.0 * minutes, time.monotonic()
                while time.monotonic() < until:
                    due += every_s
                    page.wait_for_timeout(max(0.0, 1e3 * (due - time.monotonic())))
                    try:
                        samples.append(observer.sample(len(samples)))
                    except psutil.NoSuchProcess as error:
                        raise SystemExit("the dashboard ended") from error
                    if say:
                        _print(samples[-1], first=len(samples) == 1)
        finally:
            stop.set()
            market.join(30)
    return samples


def _print(sample: Sample, first: bool) -> None:
    if first:
        print(" ".join(f"{name:>{_width(name)}}" for name in COLUMNS))
    values = ((name, getattr(sample, name)) for name in COLUMNS)
    print(" ".join(f"{value:{_width(name)},.{0 if value > 100 else 2}f}" for name, value in values), flush=True)


def _width(name: str) -> int:
    return max(8, len(name))


def main() -> int:
    """Run with the arguments of the command line; return 1 if the samples break a rule, else 0."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--rate", type=float, default=5_000.0, help="ticks a second")
    parser.add_argument("--symbols", type=int, default=64)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--every", type=float, default=30.0, help="seconds between two samples")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    given = parser.parse_args()
    samples = soak(given.minutes, given.rate, given.symbols, given.workers, given.every, say=not given.json)
    wrong = problems(samples)
    if given.json:
        print(msgspec.json.encode({"rules": RULES, "problems": wrong, "samples": samples}).decode())
    else:
        print(f"\nRules: {RULES}.")
        print("\n".join(wrong) or "None is broken.")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
