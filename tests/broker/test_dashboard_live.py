"""The dashboard of `tickloop up` shows what is on the topics, also after its process and a worker were killed."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.request import Request, urlopen

import psutil
import pytest
from playwright.sync_api import Page

from agents.broker import ports
from schemas.codec import encode
from streams.sources.synthetic import synthetic_market
from tests.support import chromium

pytestmark = [
    pytest.mark.broker,
    pytest.mark.browser,
    pytest.mark.skipif(chromium.executable() is None, reason=chromium.ABSENT),
]

TICKLOOP = (sys.executable, "-m", "agents.cli")
PATIENCE_S = 90.0
MARKET = list(synthetic_market(seed=3, ticks=6_000))
MOVING_WITHIN_S = 60.0


class Live:
    """A running `tickloop up` with its dashboard, on topics of its own."""

    def __init__(self, folder: Path, bootstrap: str, prefix: str) -> None:
        self.started = time.monotonic()
        self.port = ports.any_free()
        self.environment = {
            **os.environ,
            "TICKLOOP_HOME": str(folder / "home"),
            "TICKLOOP_BOOTSTRAP": bootstrap,
            "TICKLOOP_PREFIX": prefix,
            "TICKLOOP_DASHBOARD_PORT": str(self.port),
        }
        self._folder = folder
        self._said = folder / "said.txt"
        with self._said.open("wb") as output:
            self.process = subprocess.Popen(
                [*TICKLOOP, "up", "--workers", "1"], env=self.environment, stdout=output, stderr=output, cwd=folder
            )
        self._publishing: subprocess.Popen[bytes] | None = None

    @property
    def said(self) -> str:
        return self._said.read_text()

    @property
    def token(self) -> str:
        found = re.search(r"#token=(\S+)", self.said)
        assert found is not None, self.said
        return found[1]

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def publish(self, rate: int) -> None:
        file = self._folder / "ticks.jsonl"
        file.write_bytes(b"".join(encode(tick) + b"\n" for tick in MARKET) + b'{"kind":"quote"}\n')
        self._publishing = subprocess.Popen(
            [*TICKLOOP, "publish", str(file), "--rate", str(rate)],
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def published(self) -> None:
        assert self._publishing is not None
        assert self._publishing.wait(PATIENCE_S) == 0

    def kill(self, what: str) -> None:
        """Kill -9 the process of this system that runs a command.

        Args:
            what: the command, for example `worker`.
        """
        for child in psutil.Process(self.process.pid).children(recursive=True):
            if what in child.cmdline():
                child.kill()
                return
        raise AssertionError(f"no {what} runs")

    def records(self, topic: str) -> list[dict[str, object]]:
        done = subprocess.run(
            [*TICKLOOP, "consume", topic, "--from", "beginning", "--until-end", "--json"],
            env=self.environment, capture_output=True, text=True, timeout=PATIENCE_S, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    def until(self, holds: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not holds():
            assert self.process.poll() is None, self.said
            assert time.monotonic() < deadline, self.said
            time.sleep(0.2)

    def end(self) -> None:
        self.process.terminate()
        self.process.wait(40)


@pytest.fixture
def live(tmp_path: Path, bootstrap: str, prefix: str) -> Iterator[Live]:
    running = Live(tmp_path, bootstrap, prefix)
    yield running
    running.end()


def tile(page: Page, name: str) -> str:
    return page.locator(f"#alive-tiles [data-name={name}]").inner_text()


def test_what_the_page_shows_is_what_lies_on_the_topics(live: Live) -> None:
    live.until(lambda: "dashboard: http" in live.said)
    live.until(lambda: _answers(live.address))
    live.publish(rate=300)
    with chromium.browser() as browser:
        page = browser.new_page()
        page.goto(f"{live.address}/#token={live.token}")
        page.wait_for_selector("#table .rows .row", timeout=60_000)
        page.wait_for_function("() => Number(document.getElementById('course').dataset.points) > 3", timeout=60_000)
        assert time.monotonic() - live.started < MOVING_WITHIN_S, "a moving dashboard within a minute of `tickloop up`"

        live.kill("dashboard")
        page.wait_for_selector("body[data-link=lost]", timeout=60_000)
        page.wait_for_selector("body[data-link=open]", timeout=60_000)
        live.kill("worker")
        page.wait_for_selector("#alive-tiles .tile:is([data-colour=attention], [data-colour=act])", timeout=60_000)

        live.published()
        page.wait_for_selector("#mode:text-is('quiet')", timeout=90_000)
        live.until(lambda: tile(page, "lag").split("\n")[1] == "0")  # it may have come back late
        predictions, letters = live.records("predictions"), live.records("dead-letters")
        assert f"{len(MARKET) + 1:,} on the topic" in tile(page, "ticks")
        assert len(predictions) + len(letters) == len(MARKET) + 1
        newest = {str(each["symbol"]): each for each in predictions}
        rows = {
            row.locator(".c-symbol").inner_text(): row.inner_text() for row in page.locator("#table .rows .row").all()
        }
        assert set(rows) == set(newest)
        accounts = {str(each["symbol"]): each for each in live.records("paper-account")}
        for symbol, text in rows.items():
            assert f"{accounts[symbol]['net_bps']:+.1f}" in text
        page.click("#letters summary")
        assert "malformed 1" in page.locator("#letters-body").inner_text()

        page.click("#symbol-actions [data-action=pin]")
        page.wait_for_selector("#ask-yes:enabled")
        page.fill("#ask-cause", "a test holds on to it")
        page.click("#ask-yes")
        page.wait_for_selector("#ask-answer:not(:empty)")
        page.wait_for_selector(".timeline li[data-kind=command]:has-text('a test holds on to it')", timeout=60_000)
        asked = live.records("commands")
        assert [(each["kind"], each["cause"]) for each in asked] == [("pin_version", "a test holds on to it")]
        assert live.token not in "".join(
            path.read_text() for path in (Path(live.environment["TICKLOOP_HOME"]) / "logs").iterdir()
        )


def _answers(address: str) -> bool:
    try:
        with urlopen(Request(address), timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
