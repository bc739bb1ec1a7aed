"""An open page and `/healthz` report within seconds that broker, worker or dashboard is gone, and recover."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from playwright.sync_api import Page

from agents.broker import ports
from agents.broker.process import RunningBroker, running
from agents.broker.reserved_ports import release
from schemas.codec import encode
from streams.sources.synthetic import SYMBOLS, synthetic_market
from tests.support import chromium

pytestmark = [
    pytest.mark.broker,
    pytest.mark.browser,
    pytest.mark.faults,
    pytest.mark.timeout(600),
    pytest.mark.skipif(chromium.executable() is None, reason=chromium.ABSENT),
]

TICKLOOP = (sys.executable, "-m", "agents.cli")
PATIENCE_S = 120.0
SAYS_SO_S = 20.0
"""Longest time until the page must report a fault, s: 5 s without an answer, and reserve for a busy machine."""

ALL_ARE_SHOWN = f"() => document.querySelectorAll('#table .rows .row').length === {len(SYMBOLS)}"

RATE, TICKS = 200, 30_000
"""Ticks per second, and more ticks than are sent while the test lasts."""


class System:
    """The parts of `tickloop up`, each in a process of its own, as they run on several machines."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        self.dashboard_port = ports.any_free()
        self.metrics_port = ports.any_free() - 1
        self._folder = folder
        self._environment = {
            **os.environ,
            "TICKLOOP_HOME": str(self.home),
            "TICKLOOP_BOOTSTRAP": "",
            "TICKLOOP_SESSION_TIMEOUT_S": "6",
            "TICKLOOP_METRICS_PORT": str(self.metrics_port),
        }
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def run(self, command: str, *options: str) -> None:
        """Start `tickloop command options` and leave it running."""
        with (self._folder / f"{command}.log").open("ab") as output:
            self._running[command] = subprocess.Popen(
                [*TICKLOOP, command, *options], env=self._environment, cwd=self._folder, stdout=output, stderr=output
            )

    def done(self, *command: str) -> None:
        """Run `tickloop command` to its end."""
        subprocess.run([*TICKLOOP, *command], env=self._environment, check=True, capture_output=True)

    def kill(self, command: str) -> None:
        """Kill -9 the process that runs a command, and wait for its end."""
        process = self._running.pop(command)
        process.kill()
        process.wait()

    def end(self) -> None:
        for command in list(self._running):
            self.kill(command)

    def serve(self) -> None:
        """Start the dashboard, each time on the same port."""
        self.run("dashboard", "--port", str(self.dashboard_port))

    @property
    def page(self) -> str:
        return f"http://127.0.0.1:{self.dashboard_port}"

    @property
    def worker(self) -> str:
        return f"http://127.0.0.1:{self.metrics_port + 1}"


@pytest.fixture
def system(fresh_broker: Callable[[str], RunningBroker], tmp_path: Path) -> Iterator[System]:
    # This process reserved the port; the broker that is started in its place later, by another one, must get it again.
    release(fresh_broker("home").port)
    made = System(tmp_path)
    made.done("topics", "apply")
    market = tmp_path / "ticks.jsonl"
    market.write_bytes(b"".join(encode(tick) + b"\n" for tick in synthetic_market(seed=5, ticks=TICKS)))
    made.serve()
    made.run("worker", "--slot", "1")
    made.run("publish", str(market), "--rate", str(RATE))
    yield made
    made.end()


def health(address: str) -> tuple[int, list[str]]:
    """HTTP status of `/healthz` and names of the failed checks; status 0 if nothing answers."""
    try:
        with urlopen(f"{address}/healthz", timeout=2) as answer:
            status, body = answer.status, answer.read()
    except HTTPError as error:
        status, body = error.code, error.read()
    except OSError:
        return 0, []
    return status, [check["name"] for check in json.loads(body)["checks"] if not check["ok"]]


def until(holds: Callable[[], bool], seconds: float = PATIENCE_S) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def well(page: Page) -> None:
    """Wait until the page shows that the market runs and that ticks are predicted.

    The latency is not checked: for a while it still includes the time before.
    """
    page.wait_for_selector("#mode:text-is('replaying')", timeout=1e3 * PATIENCE_S)
    page.wait_for_function(
        "() => parseFloat(document.querySelector('[data-name=predictions] .value').textContent) > 0",
        timeout=1e3 * PATIENCE_S,
    )


def greyed(page: Page) -> bool:
    return bool(page.evaluate("getComputedStyle(document.querySelector('main')).filter") == "grayscale(1)")


def test_the_page_tells_who_is_gone_and_comes_back_by_itself(system: System) -> None:
    until(lambda: health(system.page)[0] == 200)
    with chromium.browser() as browser:
        page = browser.new_page()
        page.goto(system.page)
        well(page)
        page.wait_for_function(ALL_ARE_SHOWN, timeout=1e3 * PATIENCE_S)

        _broker_dies(system, page)
        assert page.evaluate(ALL_ARE_SHOWN), "what was good last stays"
        system.done("broker", "start")
        page.wait_for_function("() => document.body.dataset.mode !== 'broker_gone'", timeout=1e3 * PATIENCE_S)
        until(lambda: health(system.page) == (200, []) and health(system.worker) == (200, []))
        # The page hears of it up to a second after whoever asks, and a broker that has just started may stop answering.
        until(lambda: not greyed(page))
        well(page)

        system.kill("worker")
        assert health(system.worker) == (0, [])
        page.wait_for_selector("#mode:text-is('recovering')", timeout=1e3 * SAYS_SO_S)
        page.wait_for_selector("#mode:is([data-colour=attention], [data-colour=act])")
        system.run("worker", "--slot", "1")
        well(page)

        system.kill("dashboard")
        page.wait_for_selector("body[data-link=lost]", timeout=1e3 * SAYS_SO_S)
        assert greyed(page)
        assert "does not answer: what is shown is" in page.locator("#sentence").inner_text()
        page.evaluate("window.same = true")
        system.serve()
        page.wait_for_selector("body[data-link=open]", timeout=1e3 * PATIENCE_S)
        well(page)
        assert page.evaluate("window.same"), "nobody loaded the page again"


def _broker_dies(system: System, page: Page) -> None:
    broker = running(system.home)
    assert broker is not None
    assert broker.process is not None
    broker.process.kill()
    page.wait_for_selector("#mode:text-is('broker gone')", timeout=1e3 * SAYS_SO_S)
    assert greyed(page)
    sentence = page.locator("#sentence")
    assert "what is shown is" in sentence.inner_text()
    first = sentence.inner_text()
    page.wait_for_function("said => document.getElementById('sentence').textContent !== said", arg=first)
    until(lambda: health(system.page) == (503, ["broker"]), SAYS_SO_S)
    until(lambda: health(system.worker)[0] == 503 and "broker" in health(system.worker)[1], SAYS_SO_S)
