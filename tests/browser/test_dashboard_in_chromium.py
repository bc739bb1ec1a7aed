"""The dashboard in a headless Chromium: every state, a thousand symbols, phone size, dark colours, a lost server."""

import time
from datetime import UTC, datetime

import msgspec
import pytest
from playwright.sync_api import Browser

from agents.dashboard.bands.alive import BrokerLink
from agents.dashboard.follow.topics_state import Board
from agents.dashboard.serve import browsers
from agents.dashboard.serve.server import Server
from agents.dashboard.state.rates import Ends
from schemas.codec import encode
from schemas.predictions import Prediction
from schemas.versions import ModelVersion
from streams.engine.partitioner import partition_of
from tests.support import chromium
from tests.support.dashboard_pages import FAILED, drawn, opened, whole_board
from tests.support.dashboard_records import NOW_S, PARTITIONS, fed, received, written
from tests.support.dashboard_server import TOKEN, served, server
from tests.support.golden_records import RECORDS

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(chromium.executable() is None, reason=chromium.ABSENT),
]

MANY = 1_000
SETTLED_S = 2.5


def test_alerts_stand_on_the_time_line_and_the_open_ones_beside_the_lights(browser: Browser) -> None:
    with served(server(whole_board())) as address:
        page, _ = opened(browser, address)
        page.wait_for_selector(".timeline li[data-kind=alert]:has-text('out of memory')")
        line = page.locator(".timeline li[data-kind=alert]:has-text('refused')")
        assert line.locator(".severity").inner_text() == "error"
        assert "ACORN refused" in line.inner_text()
        assert "no such arm" in line.inner_text()
        assert str(line.locator("time").get_attribute("title")).startswith("written 2024-01-01")
        tile = page.locator("#alive-tiles [data-name=alerts]")
        assert tile.get_attribute("data-colour") == "act"
        assert tile.locator(".value").inner_text() == "1", "a refusal of years ago is not open"
        assert "worst: retrain failed ACORN" in tile.inner_text()
        page.context.close()


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (1280, "dark"), (390, "light")])
def test_every_band_is_filled_without_a_complaint(browser: Browser, width: int, scheme: str) -> None:
    with served(server(whole_board())) as address:
        page, said = opened(browser, address, width, scheme)
        page.wait_for_selector("#table .rows .row")
        for plot in ("course", "reliability", "evidence"):
            drawn(page, plot)
        page.wait_for_selector(".timeline li[data-kind=version]")
        page.wait_for_selector(".experiment .tile")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, "the page does not scroll sideways"
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert ground == ("rgb(20, 24, 30)" if scheme == "dark" else "rgb(255, 255, 254)")
        assert said == []
        page.context.close()


def test_a_row_shows_what_the_board_knows(browser: Browser) -> None:
    board = whole_board()
    with served(server(board)) as address:
        page, _ = opened(browser, address)
        page.wait_for_selector("#table .rows .row")
        for state in board.symbols:
            text = page.locator(f"#table .rows .row:has(.c-symbol:text-is('{state.name}'))").inner_text()
            if state.mark is not None:
                assert f"{state.mark.net_bps:+.1f}" in text
            if state.prediction is not None:
                assert state.prediction.regime.replace("-", ", ") in text
        page.context.close()


DRAWN_BELIEFS = """() => Object.fromEntries(document.getElementById("course").data
    .filter(trace => trace.stackgroup && trace.visible === true)
    .map(trace => [trace.name, [trace.x.at(-1), trace.y.at(-1)]]))"""


def test_the_band_of_weights_ends_with_those_of_the_newest_outcome(browser: Browser) -> None:
    board = whole_board()
    with served(server(board)) as address:
        page, said = opened(browser, address)
        page.wait_for_selector("#table .rows .row")
        drawn(page, "course")
        state = board.symbols.get(page.locator("#symbol-name").inner_text())
        assert state is not None
        newest = state.believed
        assert newest is not None
        shown = page.evaluate(DRAWN_BELIEFS)
        assert {name: y for name, (_, y) in shown.items()} == {
            name.replace("_", " "): weight for name, weight in newest.weights.items()
        }
        assert {x for x, _ in shown.values()} == {
            datetime.fromtimestamp(newest.ts_event // 10**6 / 1e3, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]
        }
        fills = page.locator("#course .scatterlayer .trace path.js-fill")
        assert fills.count() >= len(newest.weights), "the bands are drawn"
        words = page.locator("#course-legend").inner_text()
        for name, weight in newest.weights.items():
            assert f"{name.replace('_', ' ')} {100 * weight:.1f} %" in words
        assert said == []
        page.context.close()


def test_the_band_of_weights_says_that_there_is_no_outcome_yet(browser: Browser) -> None:
    board = Board()
    board.take("predictions", received(written()["predictions"]), NOW_S)
    with served(server(board)) as address:
        page, _ = opened(browser, address)
        page.wait_for_selector("#table .rows .row")
        drawn(page, "course")
        page.wait_for_selector("#course .annotation-text:has-text('Not enough data yet: 0 of 2 matured outcomes.')")
        assert page.evaluate(DRAWN_BELIEFS) == {}
        page.context.close()


def many_symbols(at_ns: int, mid: float) -> list[tuple[int, str, bytes]]:
    of = next(each for each in RECORDS[Prediction] if isinstance(each, Prediction))
    names = [f"SYM{number:04d}" for number in range(MANY)]
    found = []
    for number, name in enumerate(names):
        partition = partition_of(name, PARTITIONS)
        answers = f"ticks:{partition}:{at_ns // 10**9}"
        one = msgspec.structs.replace(of, id=answers, symbol=name, ts_event=at_ns, mid=mid + number)
        found.append((partition, "", encode(one)))
    return found


def test_a_thousand_symbols_stay_smooth(browser: Browser) -> None:
    board = Board()
    made = server(board)
    start = round(NOW_S * 1e9)
    board.take("predictions", received(many_symbols(start, 100.0)), NOW_S)
    with served(made) as address:
        page, said = opened(browser, address)
        page.wait_for_selector("#table .rows .row")
        assert page.locator("#found").inner_text() == "1,000 symbols"
        assert page.locator("#table .rows .row").count() < 40, "only the rows that can be seen are in the page"
        page.locator("#table .view").evaluate("view => { view.scrollTop = view.scrollHeight }")
        page.wait_for_selector("#table .rows .row:has-text('SYM0999')")
        page.click("#table .head .c-mid")
        page.locator("#table .view").evaluate("view => { view.scrollTop = 0 }")
        page.wait_for_selector("#table .rows .row:has-text('SYM0999')")
        page.evaluate(
            """() => {
                window.long = [];
                new PerformanceObserver(list => window.long.push(...list.getEntries().map(e => e.duration)))
                    .observe({ entryTypes: ["longtask"] });
            }"""
        )
        for second in range(1, 9):
            later = received(many_symbols(start + second * 10**9, 100.0 + second))
            moved = [each._replace(timestamp_ms=each.timestamp_ms + 60_000 * second) for each in later]
            board.take("predictions", moved, NOW_S + second)
            page.wait_for_timeout(700)
        page.wait_for_selector("#table .rows .row:has-text('SYM0999'):has-text('1,107')", timeout=30_000)
        longest = page.evaluate("Math.max(0, ...window.long)")
        assert longest < 700.0, f"the page stood still for {longest} ms"
        assert page.locator("#table .rows .row").count() < 40
        page.fill("#filter", "sym0042")
        page.wait_for_selector("#found:has-text('1 of 1,000')")
        assert said == []
        page.context.close()


def test_the_page_is_used_by_keyboard_alone(browser: Browser) -> None:
    with served(server(fed(written()))) as address:
        page, _ = opened(browser, address)
        page.wait_for_selector("#table .rows .row")
        before = page.locator("#table [aria-selected=true] .c-symbol").inner_text()
        page.focus("#table")
        page.keyboard.press("End")
        after = page.locator("#table [aria-selected=true] .c-symbol").inner_text()
        assert after != before
        page.wait_for_selector(f"#symbol-name:text-is('{after}')")
        page.context.close()


def _told(made: Server, link: BrokerLink, ticks: int = 0) -> None:
    """Set what the broker answered last; an answer at `NOW_S` counts as new for as long as the test lasts."""
    answered_s = time.time() + 600.0 if link.answered_s == NOW_S else link.answered_s
    made.watch.link = msgspec.structs.replace(link, answered_s=answered_s)
    made.watch.rates.take(Ends(NOW_S, {"ticks": ticks, "predictions": ticks, "dead-letters": 0}, {0: 0}, {0: ticks}))


@pytest.mark.parametrize(
    ("link", "ticks", "mode", "words"),
    [
        (None, 0, "starting", "Starting"),
        (BrokerLink(NOW_S, "", 2, "Stable"), 0, "no data yet", "No tick has arrived yet"),
        (BrokerLink(NOW_S, "", 0, "Empty"), 9, "recovering", "No worker runs"),
        (BrokerLink(NOW_S, "no answer"), 9, "broker gone", "The broker does not answer"),
        (BrokerLink(NOW_S - 1.0, "", 2, "Stable"), 9, "page stands still", "nobody has asked the broker"),
    ],
)
def test_every_state_of_the_loop_has_its_own_look(
    browser: Browser, link: BrokerLink | None, ticks: int, mode: str, words: str
) -> None:
    made = server()
    if link is not None:
        _told(made, link, ticks)
    with served(made) as address:
        page, said = opened(browser, address)
        page.wait_for_selector(f"#mode:text-is('{mode}')")
        page.wait_for_selector(f"#sentence:has-text('{words}')")
        assert "Not enough data yet" in page.locator("#good").inner_text() or mode == "starting"
        grey = page.evaluate("getComputedStyle(document.querySelector('main')).filter")
        assert (grey == "grayscale(1)") == (mode in ("broker gone", "page stands still"))
        assert said == []
        page.context.close()


def test_a_page_that_loses_its_server_says_so_and_comes_back_by_itself(browser: Browser) -> None:
    board = fed(written())
    with served(server(board)) as address:
        page, _ = opened(browser, address)
        page.wait_for_selector("#table .rows .row")
    page.wait_for_selector("body[data-link=lost]", timeout=30_000)
    assert "does not answer" in page.locator("#sentence").inner_text()
    assert page.locator("#table .rows .row").count() == len(board.symbols), "the last good figures stay, in grey"
    with served(server(board), port=int(address.rpartition(":")[2])):
        page.wait_for_selector("body[data-link=open]", timeout=30_000)
        page.context.close()


def test_a_page_on_which_nothing_changes_knows_that_its_server_is_there(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = server()
    _told(made, BrokerLink(NOW_S, "", 2, "Stable"))
    monkeypatch.setattr(browsers, "ALIVE_S", 1.0)
    with served(made) as address:
        page = browser.new_page()
        page.clock.install()
        page.goto(address)
        page.wait_for_selector("#good-verdict:has-text('Nothing that was predicted has moved yet')")  # the last to come
        page.evaluate("""() => {
            window.links = [];
            new MutationObserver(() => window.links.push(document.body.dataset.link))
                .observe(document.body, { attributeFilter: ["data-link"] });
        }""")
        page.clock.fast_forward(20_000)
        page.wait_for_function("() => window.links.join() === 'lost,open'", timeout=30_000)
        page.wait_for_selector("#mode:text-is('no data yet')", timeout=30_000)
        assert "No tick has arrived yet" in page.locator("#sentence").inner_text()
        page.close()


def test_an_action_says_what_it_will_do_asks_for_the_token_and_answers_in_place(browser: Browser) -> None:
    board = fed(written())
    with served(server(board)) as address:
        page, _ = opened(browser, address)
        page.wait_for_selector("#symbol-actions button")
        assert page.locator("#symbol-actions button:has-text('Roll back')").count() == 0, (
            "there is nothing to go back to"
        )
        page.click("#symbol-actions button:text-is('Pin the live version')")
        page.wait_for_selector("#ask-effect:has-text('Writes one command to commands, partition')")
        page.wait_for_selector("#ask-yes:enabled")
        page.click("#ask-yes")
        assert "Token missing" in page.locator("#ask-answer").inner_text()
        page.fill("#ask-token", "guess")
        page.click("#ask-yes")
        page.wait_for_selector("#ask-answer:has-text('another one')")
        page.context.close()


def test_the_token_behind_the_hash_unlocks_and_is_gone_from_the_address(browser: Browser) -> None:
    with served(server(fed(written()))) as address:
        page, _ = opened(browser, f"{address}/#token={TOKEN}")
        page.wait_for_selector("#unlock:text-is('Actions unlocked')")
        assert TOKEN not in page.url
        page.context.close()


def test_a_page_grows_until_its_lists_are_full_and_no_further(browser: Browser) -> None:
    board = whole_board()
    version = RECORDS[ModelVersion][-1]

    def told(begin: int, end: int) -> None:
        alerts = [
            msgspec.structs.replace(FAILED, id=f"ticks:0:{number}:0", ts_event=FAILED.ts_event + number)
            for number in range(begin, end)
        ]
        changed = [
            msgspec.structs.replace(
                version,
                id=f"commands:0:{number}:0",
                version=f"v{number}",
                status="frozen",
                ts_event=10**18 + number,
            )
            for number in range(begin, end)
        ]
        board.take("alerts", received([(0, "", encode(each)) for each in alerts]), NOW_S)
        board.take("model-versions", received([(0, "", encode(each)) for each in changed]), NOW_S)

    with served(server(board)) as address:
        page, said = opened(browser, address)
        page.wait_for_selector("#timeline li")
        sizes = []
        for begin, end in ((0, 40), (40, 400), (400, 1_200)):
            told(begin, end)
            page.wait_for_function(f"() => document.querySelector('#timeline').textContent.includes('v{end - 1}')")
            page.wait_for_timeout(1e3 * SETTLED_S)  # every list has been drawn again
            sizes.append(page.evaluate("document.querySelectorAll('*').length"))
        few, full, later = sizes
        assert few < full
        assert later == full
        assert said == []
