"""The report of a backtest in a headless Chromium: charts, no errors, no requests, phone size, dark colours."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from agents.pages.tear_sheet import tear_sheet
from streams.sources.synthetic import synthetic_market
from tests.support import chromium
from tests.support.opened_page import VIEWS, Opened
from tests.support.paper_run import IDLE, PaperRun, paper_run

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(chromium.executable() is None, reason=chromium.ABSENT),
]

PANELS = {
    "equity", "drawdown", "returns", "rolling-sharpe", "skill", "forecasters", "reliability", "position", "turnover",
    "cost", "win-rate", "price", "regimes", "strategies", "versions",
}  # fmt: skip


@pytest.fixture(scope="module")
def run() -> PaperRun:
    return paper_run(synthetic_market(seed=3, symbols=("AAA", "BBB"), ticks=20_000))


@pytest.fixture(scope="module")
def sheet(run: PaperRun, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "tear-sheet.html"
    path.write_text(tear_sheet(run), encoding="utf-8")
    return path


@pytest.mark.parametrize(("width", "scheme"), VIEWS)
def test_every_panel_is_drawn_without_a_complaint_or_a_request(
    browser: Browser, sheet: Path, width: int, scheme: str
) -> None:
    opened = Opened(browser, sheet, width, scheme)
    assert opened.said == []
    assert opened.asked == [sheet.as_uri()]
    drawn = opened.ask(
        "[...document.querySelectorAll('.plot')].filter(plot => plot.querySelector("
        "'.scatterlayer path, .scatterlayer text, .barlayer path, .heatmaplayer image')).map(plot => plot.id)"
    )
    assert set(drawn) == PANELS
    assert opened.ask("document.documentElement.scrollWidth") <= width, "the page itself does not scroll sideways"
    rights = opened.ask(
        "[...document.querySelectorAll('.plot .main-svg, .tile')].map(e => e.getBoundingClientRect().right)"
    )
    assert max(rights) <= width + 1
    opened.page.close()


def test_the_ground_and_the_lines_follow_the_scheme(browser: Browser, sheet: Path) -> None:
    opened = Opened(browser, sheet)
    ask = (
        "[getComputedStyle(document.body).backgroundColor, "
        "getComputedStyle([...document.querySelectorAll('#equity .scatterlayer path.js-line')].pop()).stroke]"
    )
    assert opened.ask(ask) == ["rgb(255, 255, 254)", "rgb(27, 95, 193)"]
    opened.page.emulate_media(color_scheme="dark")
    opened.until(ask, ["rgb(20, 24, 30)", "rgb(108, 171, 255)"])
    assert opened.said == []
    opened.page.close()


def test_the_cursor_and_the_range_are_shared(browser: Browser, sheet: Path) -> None:
    opened = Opened(browser, sheet)
    opened.page.locator("#equity").hover(position={"x": 500, "y": 120})
    lefts = opened.ask(
        "['equity', 'drawdown', 'price', 'regimes'].map(id => document.querySelector(`#${id} .cursor`)).map(c => "
        "[c.style.display, Math.round(parseFloat(c.style.left))])"
    )
    assert all(shown == "block" for shown, _ in lefts)
    assert max(left for _, left in lefts) - min(left for _, left in lefts) <= 1, "equal times stand below each other"
    assert " UTC, " in opened.page.locator(".clock").inner_text()

    def seen(name: str) -> str:
        return f"document.getElementById('{name}')._fullLayout.xaxis.range.map(String)"

    first, last = opened.ask(seen("equity"))
    assert opened.ask(seen("price")) == [first, last]
    later = opened.ask(f"new Date((Date.parse('{first}Z') + Date.parse('{last}Z')) / 2).toISOString().slice(0, 23)")
    opened.page.evaluate("later => { Plotly.relayout('equity', {'xaxis.range[0]': later}) }", later)
    opened.until(seen("price"), opened.ask(seen("equity")))
    assert opened.ask(seen("price"))[0] > first
    assert opened.said == []
    opened.page.close()


def test_the_page_is_used_by_keyboard_alone(browser: Browser, sheet: Path) -> None:
    opened = Opened(browser, sheet)
    opened.page.keyboard.press("Tab")
    assert opened.ask("document.activeElement.className") == "skip"
    reached = set()
    for _ in range(60):
        opened.page.keyboard.press("Tab")
        reached.add(opened.ask("document.activeElement.id"))
    assert reached >= PANELS
    opened.page.locator("#equity").focus()
    opened.page.keyboard.press("ArrowRight")
    first = opened.page.locator(".clock").inner_text()
    opened.page.keyboard.press("Shift+ArrowRight")
    second = opened.page.locator(".clock").inner_text()
    assert " UTC, " in first
    assert first < second
    opened.page.keyboard.press("Escape")
    assert "Times are UTC" in opened.page.locator(".clock").inner_text()
    opened.page.close()


def test_what_is_missing_is_named_in_its_place(browser: Browser, tmp_path: Path) -> None:
    idle = paper_run(synthetic_market(seed=3, symbols=("AAA",), ticks=300), IDLE)
    path = tmp_path / "idle.html"
    path.write_text(tear_sheet(idle), encoding="utf-8")
    opened = Opened(browser, path, 390)
    assert opened.said == []
    waits = opened.ask("[...document.querySelectorAll('.waits')].map(each => each.id)")
    assert {"turnover", "cost", "position", "win-rate", "returns"} <= set(waits)
    assert "Not enough data yet" in opened.page.locator("#turnover").inner_text()
    opened.page.close()
