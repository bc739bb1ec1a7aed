"""The report of an experiment in a headless Chromium: charts, no errors, no requests, phone size, dark colours."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from agents.experiments.report import experiment_report
from tests.support import chromium
from tests.support.experiment_courses import DECLARED, POOLED, courses, pooled_courses
from tests.support.opened_page import VIEWS, Opened

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(chromium.executable() is None, reason=chromium.ABSENT),
]

PANELS = {"evidence", "confidence", "dependence", "pairs", "watch"}


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "calmer.html"
    path.write_text(experiment_report("calmer", {"AAA": courses()["AAA"]}, DECLARED), encoding="utf-8")
    return path


@pytest.mark.parametrize(("width", "scheme"), VIEWS)
def test_every_panel_is_drawn_without_a_complaint_or_a_request(
    browser: Browser, report: Path, width: int, scheme: str
) -> None:
    opened = Opened(browser, report, width, scheme)
    assert opened.said == []
    assert opened.asked == [report.as_uri()]
    drawn = opened.ask(
        "[...document.querySelectorAll('.plot')].filter(p => p.querySelector('.scatterlayer path')).map(p => p.id)"
    )
    assert set(drawn) == PANELS
    assert opened.ask("document.documentElement.scrollWidth") <= width, "the page itself does not scroll sideways"
    axes = opened.ask("['evidence', 'watch'].map(id => document.getElementById(id)._fullLayout.yaxis.type)")
    assert axes == ["log", "log"]
    opened.page.close()


def test_several_symbols_are_drawn_on_one_page(browser: Browser, tmp_path: Path) -> None:
    path = tmp_path / "all.html"
    path.write_text(experiment_report("calmer", courses(), DECLARED), encoding="utf-8")
    opened = Opened(browser, path)
    assert opened.said == []
    assert opened.ask("document.querySelectorAll('.plot').length") >= 9
    assert "Pooled" in opened.page.locator("#symbols").inner_text()
    opened.page.close()


def test_symbols_that_are_decided_on_together_are_drawn_on_one_page(browser: Browser, tmp_path: Path) -> None:
    path = tmp_path / "together.html"
    path.write_text(experiment_report("calmer", pooled_courses(), POOLED), encoding="utf-8")
    opened = Opened(browser, path)
    assert opened.said == []
    assert opened.ask("document.querySelectorAll('.plot').length") == 4
    assert "tickloop arm promote OAK calmer" in opened.page.locator("#s0").inner_text()
    opened.page.close()
