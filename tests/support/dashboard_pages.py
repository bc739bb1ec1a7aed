"""Opens pages of the dashboard in a browser, and fills a dashboard with records for each of its five parts."""

from typing import Any

from playwright.sync_api import Browser, Page

from agents.dashboard.follow.topics_state import Board
from schemas.alerts import Alert
from schemas.codec import encode
from schemas.experiments import ExperimentDecided, ExperimentMoved
from schemas.versions import ModelVersion
from tests.support.dashboard_records import NOW_S, fed, received, written
from tests.support.golden_records import RECORDS


def opened(browser: Browser, address: str, width: int = 1280, scheme: Any = "light") -> tuple[Page, list[str]]:
    """Open a page; return it and the list to which its errors and warnings are added as they come.

    Args:
        browser: running Chromium.
        address: address of the page.
        width: width of the window, pixels.
        scheme: preferred colours, `light` or `dark`.
    """
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(address)
    return page, said


def drawn(page: Page, plot: str) -> None:
    """Scroll to a figure and wait until it is drawn: figures are drawn when they become visible."""
    page.wait_for_function(
        "id => { const plot = document.getElementById(id); plot?.scrollIntoView();"
        " return plot?.querySelector('.scatterlayer path, .waits .progress') }",
        arg=plot,
        polling=300,
    )


def whole_board() -> Board:
    """State of a dashboard with content in each of its five parts."""
    board = fed(written())
    for kind, topic in ((ExperimentMoved, "experiments"), (ExperimentDecided, "experiment-decisions")):
        one = next(each for each in RECORDS[kind] if type(each) is kind)
        board.take(topic, received([(0, "", encode(one))]), NOW_S)
    versions = [(0, "", encode(each)) for each in RECORDS[ModelVersion]]
    board.take("model-versions", received(versions), NOW_S)
    board.take("alerts", received([(0, "", encode(each)) for each in (REFUSED, FAILED)]), NOW_S)
    return board


REFUSED = Alert("commands:3:7", "dead-letters/lifecycle", "ACORN", 0, "refused", "error", "bad_command", "no such arm")
FAILED = Alert("ticks:0:9:0", "candidates", "ACORN", 10**18, "retrain_failed", "error", "job", "out of memory")
"""An alert whose record is no longer on its topic."""
