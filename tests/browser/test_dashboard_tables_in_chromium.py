"""Tables, times and alerts of the dashboard in a headless Chromium, at desktop and phone size."""

import itertools
import re
import statistics
from datetime import datetime
from pathlib import Path

import msgspec
import pytest
from playwright.sync_api import Browser

from agents.dashboard.follow.topics_state import Board
from schemas.codec import encode
from schemas.dead_letters import DeadLetter
from schemas.predictions import Prediction
from streams.engine.partitioner import partition_of
from tests.support import chromium
from tests.support.dashboard_pages import drawn, opened, whole_board
from tests.support.dashboard_records import NOW_S, PARTITIONS, received
from tests.support.dashboard_server import TOKEN, served, server
from tests.support.golden_records import RECORDS

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(chromium.executable() is None, reason=chromium.ABSENT),
]


CLIPPED = """() => [...document.querySelectorAll(".grid .row > *, .tile .value, .tile .note, td, th")]
    .filter(cell => cell.offsetParent && cell.scrollWidth > cell.clientWidth + 1).map(cell => cell.textContent)"""
WIDE = """() => [...document.querySelectorAll(".scroll")].filter(each => each.scrollWidth > each.clientWidth)
    .map(each => each.getAttribute("aria-label"))"""


@pytest.mark.parametrize("width", [1440, 390])
def test_no_table_loses_a_column_and_no_cell_is_cut(browser: Browser, width: int) -> None:
    board = whole_board()
    letters = [each for each in RECORDS[DeadLetter] if isinstance(each, DeadLetter)]
    far = msgspec.structs.replace(letters[0], value=b"x" * 400, detail="y" * 300)
    board.take("dead-letters", received([(0, "", encode(each)) for each in (*letters, far)]), NOW_S)
    with served(server(board)) as address:
        page, said = opened(browser, address, width)
        page.wait_for_selector("#table .rows .row")
        page.wait_for_selector(".experiment .tile")
        page.evaluate("() => document.querySelectorAll('section > details').forEach(each => { each.open = true })")
        page.wait_for_selector("#letters-body td code")
        page.wait_for_selector("#alerts-body td")
        assert page.evaluate(CLIPPED) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        if width == 1440:
            assert page.evaluate(WIDE) == [], "on a desk there is room for every column"
        assert said == []
        page.context.close()


def test_times_of_another_day_bear_their_date(browser: Browser) -> None:
    with served(server(whole_board())) as address:
        page, _ = opened(browser, address)
        page.wait_for_selector(".timeline.dated li[data-kind=version]")
        times = page.locator(".timeline li time").all_inner_texts()
        assert all(re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", each) for each in times)
        page.context.close()


def test_hours_in_which_a_market_was_closed_take_no_room(browser: Browser) -> None:
    of = next(each for each in RECORDS[Prediction] if isinstance(each, Prediction))
    board, night = Board(), 17 * 3_600 * 10**9
    partition = partition_of("X", PARTITIONS)
    made = []
    for number in range(60):
        at = round(NOW_S * 1e9) + number * 10 * 10**9 + (night if number >= 30 else 0)
        one = msgspec.structs.replace(of, id=f"ticks:{partition}:{number}", symbol="X", ts_event=at, mid=100.0 + number)
        made.append((partition, "", encode(one)))
    board.take("predictions", received(made, every_ms=1_000), NOW_S + 90.0)
    with served(server(board)) as address:
        page, said = opened(browser, address)
        page.wait_for_selector("#table .rows .row")
        drawn(page, "course")
        breaks = page.evaluate("document.getElementById('course')._fullLayout.xaxis.rangebreaks")
        ((begin, end),) = [each["bounds"] for each in breaks]
        length = datetime.fromisoformat(end) - datetime.fromisoformat(begin)
        assert 16.9 < length.total_seconds() / 3_600 < 17.0
        places = page.evaluate("""() => { const axis = document.getElementById("course")._fullLayout.xaxis;
            return document.getElementById("course").data[0].x.map(at => axis.d2p(at)) }""")
        steps = [later - one for one, later in itertools.pairwise(places)]
        assert max(steps) < 12 * statistics.median(steps), "the night is a gap, not the chart"
        edges, cells = page.evaluate("""() => { const plot = document.getElementById("course");
            const regime = plot.data.find(trace => trace.type === "heatmap");
            return [regime.x, regime.z[0]] }""")
        assert len(edges) == len(cells) + 1
        assert [cell for cell in cells if cell is None] == [None], "one cell of nothing over the night"
        assert not [edge for edge in edges if begin <= edge <= end], "an edge within a break is drawn nowhere"
        assert said == []
        page.context.close()


def test_an_alert_is_acknowledged_on_the_page_and_stays_so(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with served(server(whole_board())) as address:
        page, said = opened(browser, f"{address}/#token={TOKEN}")
        page.wait_for_selector("#alerts-summary:text-is('Open alerts: 1')")
        page.click("#alerts-summary")
        page.click("#alerts-body button:text-is('Acknowledge')")
        page.wait_for_selector("#ask-effect:has-text('to no topic')")
        page.fill("#ask-cause", "more memory is ordered")
        page.click("#ask-yes")
        page.wait_for_selector("#ask-answer:has-text('Done')")
        page.keyboard.press("Escape")
        page.wait_for_selector("#alerts-summary:text-is('Open alerts: none; 1 acknowledged')")
        page.reload()
        page.wait_for_selector("#alerts-summary:text-is('Open alerts: none; 1 acknowledged')")
        page.click("#alerts-summary")
        page.wait_for_selector("#alerts-body tr.seen:has-text('more memory is ordered')")
        assert page.locator("#alerts-body button").count() == 0
        assert page.locator("#alive-tiles [data-name=alerts] .value").inner_text() == "0"
        assert said == []
        page.context.close()
