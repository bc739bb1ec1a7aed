"""The tear sheet (the HTML report of a backtest) needs no other file, escapes names, and says what it does not know."""

import json
import re
from dataclasses import replace

import msgspec
import numpy as np
import pandas as pd
import pytest
from plotly import graph_objects as go

from agents.pages import palette
from agents.pages.charts.regimes import regimes
from agents.pages.charts.reliability import reliability
from agents.pages.charts.returns import returns
from agents.pages.charts.skill import forecasters, skill_over_time
from agents.pages.charts.strategies import strategies
from agents.pages.charts.trading import turnover
from agents.pages.charts.versions import versions
from agents.pages.charts.win_rate import rates
from agents.pages.insufficient_data import NotEnough
from agents.pages.tear_sheet import tear_sheet
from agents.pages.thinning import MOST, kept
from agents.pages.time_axis import time_axis
from streams.reports.track_record.frames import nanoseconds
from streams.reports.track_record.record import record
from streams.sources.synthetic import synthetic_market
from tests.support.paper_run import CHEAP, IDLE, PaperRun, paper_run
from tests.support.places import ROOT

pytestmark = pytest.mark.slow

HOUR = 3_600 * 10**9
PAGES = ROOT / "agents" / "pages"


@pytest.fixture(scope="module")
def run() -> PaperRun:
    return paper_run(synthetic_market(seed=3, symbols=("AAA", "BBB"), ticks=12_000))


def without_library(page: str) -> str:
    """The page without its two longest scripts, which are the chart library."""
    return re.sub(r"<script>.*?</script>", "", page, flags=re.DOTALL)


def test_the_page_names_nothing_that_would_have_to_be_fetched(run: PaperRun) -> None:
    page = tear_sheet(run)
    own = without_library(page) + (PAGES / "page.js").read_text() + (PAGES / "page.css").read_text()
    assert not re.search(r"https?://|src=|@import|url\(|fetch\(|XMLHttpRequest|WebSocket", own)
    assert "default-src 'none'" in own
    assert page.count("<link") == 1, "the empty icon, so that none is asked for"


def test_the_page_shows_the_figures_of_the_track_record(run: PaperRun) -> None:
    found = record(run.account, run.predictions)
    page = without_library(tear_sheet(run))
    assert found.trades > 0
    for said in (
        f"{found.net_bps:+.2f}",
        f"{found.drawdown.depth_bps:.2f}",
        f"{found.trades:,} round trips",
        "AAA, BBB",
    ):
        assert said in page
    for digest in (*run.summary["parameters"].values(), *run.summary["inputs"].values(), "1e" * 32):
        assert digest in page


def test_the_same_run_gives_the_same_bytes(run: PaperRun) -> None:
    assert tear_sheet(run) == tear_sheet(run)


def test_hostile_names_stay_text(run: PaperRun) -> None:
    evil = "</script><script>alert(1)</script><img src=x onerror=alert(1)>"
    hostile = replace(
        run,
        predictions=run.predictions.assign(symbol=evil, strategy=evil, model_version=evil),
        account=run.account.assign(symbol=evil, regime=evil),
        outcomes=run.outcomes.assign(symbol=evil),
        summary=run.summary | {"title": evil, "inputs": {evil: evil}},
        decisions=pd.DataFrame({"ts_event": [run.predictions["ts_event"].iloc[5]], "cause": [evil]}),
    )
    page = tear_sheet(hostile)
    assert "<script>alert" not in page
    assert "<img" not in without_library(page)
    assert page.count("<script") == tear_sheet(run).count("<script")


def test_a_run_that_never_traded_waits_instead_of_drawing_nothing() -> None:
    idle = paper_run(synthetic_market(seed=3, symbols=("AAA",), ticks=300), IDLE)
    page = without_library(tear_sheet(idle))
    assert idle.account["turnover"].max() == 0.0
    for waits in ("0 of 1 trades", "0 of 1 positions", "0 of 10 round trips", "of 40 effective outcomes"):
        assert f"Not enough data yet: {waits}" in page or waits in page
    assert "it closed no round trip" in page
    said = re.sub(r"<(script|style).*?</\1>|<[^>]+>", " ", page, flags=re.DOTALL)
    assert not re.search(r"\b(nan|inf|None)\b", said)


def test_the_page_says_that_there_are_no_predictions(run: PaperRun) -> None:
    page = tear_sheet(replace(run, predictions=run.predictions.iloc[:0], account=run.account.iloc[:0]))
    assert "Nothing was predicted: 12,000 ticks, 0 dead letters." in page
    assert 'class="plot"' not in without_library(page)


def test_few_outcomes_are_a_state_not_a_chart(run: PaperRun) -> None:
    few = run.outcomes.iloc[:3]
    for chart in (reliability, skill_over_time, forecasters):
        assert isinstance(chart(few), NotEnough)
    assert isinstance(returns(run.account.iloc[:1], run.predictions.iloc[:10]), NotEnough)
    assert isinstance(turnover(run.account.assign(turnover=0.0), run.predictions), NotEnough)


def test_rates_by_regime_add_up_over_symbols(run: PaperRun) -> None:
    found = rates(run.account)
    whole = record(run.account, run.predictions)
    assert found[0][1] == whole.win_rate
    assert sum(part.count for _, part in found[1:]) == whole.trades


def test_decisions_stand_on_the_time_line(run: PaperRun) -> None:
    decided = pd.DataFrame({"ts_event": [run.predictions["ts_event"].iloc[9]], "action": ["activate"]})
    made = versions(run.predictions, decided)
    assert made.data[-1].customdata[0] == "action: activate"
    assert len(made.data) == 1 + run.predictions.groupby(["symbol", "model_version"]).ngroups


def test_thinned_lines_keep_every_extreme() -> None:
    random = np.random.default_rng(1)
    times = np.sort(random.integers(0, 10**12, 300_000))
    values = random.normal(size=300_000).cumsum()
    places = kept(times, values)
    assert len(places) <= MOST
    assert values[places].max() == values.max()
    assert values[places].min() == values.min()
    assert (places[0], places[-1]) == (0, len(times) - 1)
    assert (np.diff(places) > 0).all()


def test_every_colour_has_a_counterpart_on_the_dark_page(run: PaperRun) -> None:
    """A colour without a counterpart for the dark page would stay as it is, and might be invisible."""
    page = without_library(tear_sheet(run))
    figures = re.findall(r'<script type="application/json" id="[a-z-]+-figure">(.*?)</script>', page, flags=re.DOTALL)
    assert len(figures) >= 10
    used = {colour for figure in figures for colour in re.findall(r"#[0-9a-fA-F]{6}\b|rgba\([^)]*\)", figure)}
    assert used <= {*palette.twins(), "rgba(0,0,0,0)"}


def test_no_colour_is_also_the_counterpart_of_another() -> None:
    twins = palette.twins()
    assert not set(twins) & set(twins.values())


def test_figures_are_figures_of_a_notebook_too(run: PaperRun) -> None:
    made = skill_over_time(run.outcomes)
    assert isinstance(made, go.Figure)
    assert made.layout.title.text.startswith("skill against ")
    assert CHEAP.costs.fee_bps == 0.0


def test_the_strategy_mix_is_what_outcomes_say() -> None:
    outcomes = pd.DataFrame(
        {
            "ts_event": pd.to_datetime([0, 1, 10**9, 10**9 + 1], utc=True),
            "weight.flat": [0.1, 0.3, 0.5, 0.5],
            "weight.imbalance": [0.9, 0.7, 0.5, 0.5],
        }
    )
    drawn = strategies(outcomes)
    assert isinstance(drawn, go.Figure)
    assert [trace.name for trace in drawn.data] == ["imbalance", "flat"]
    assert list(drawn.data[0].y) == pytest.approx([0.8, 0.5])
    assert list(drawn.data[1].y) == pytest.approx([0.2, 0.5])
    assert strategies(outcomes[["ts_event"]]) == NotEnough(0, 2, "outcomes")


def test_a_model_that_comes_later_has_no_weight_before_and_hides_no_outcome() -> None:
    outcomes = pd.DataFrame(
        {
            "ts_event": pd.to_datetime([0, 1, 10**9, 10**9 + 1], utc=True),
            "weight.flat": [1.0, 1.0, 0.25, 0.25],
            "weight.forest": [None, None, 0.75, 0.75],
        }
    )
    drawn = strategies(outcomes, {"forest": "river"})
    assert isinstance(drawn, go.Figure)
    assert {trace.name: list(trace.y) for trace in drawn.data} == {"flat": [1.0, 0.25], "forest (River)": [0.0, 0.75]}


def test_of_many_strategies_the_last_share_a_colour() -> None:
    names = [f"weight.s{number}" for number in range(9)]
    outcomes = pd.DataFrame(
        {"ts_event": pd.to_datetime([0, 10**9], utc=True)}
        | {name: [(9 - number) / 45] * 2 for number, name in enumerate(names)}
    )
    drawn = strategies(outcomes)
    assert isinstance(drawn, go.Figure)
    assert [trace.name for trace in drawn.data] == ["s0", "s1", "s2", "s3", "s4", "all others"]
    assert sum(trace.y[0] for trace in drawn.data) == pytest.approx(1.0)


def with_a_night(ticks: int = 12_000, hours: int = 17) -> PaperRun:
    """A run whose market is closed for `hours` hours after half of the ticks."""
    fed = [*synthetic_market(seed=3, symbols=("AAA", "BBB"), ticks=ticks)]
    later = [msgspec.structs.replace(tick, ts_event=tick.ts_event + hours * HOUR) for tick in fed[ticks // 2 :]]
    return paper_run([*fed[: ticks // 2], *later])


def test_a_night_takes_no_room_on_any_time_chart_and_no_rows_of_the_table() -> None:
    run = with_a_night()
    page = without_library(tear_sheet(run))
    figures = {
        name: json.loads(text)
        for name, text in re.findall(r'<script type="application/json" id="([a-z-]+)-figure">(.*?)</script>', page)
    }
    shared = {name for name, figure in figures.items() if "rangebreaks" in figure["layout"]["xaxis"]}
    assert {"equity", "skill", "price", "regimes", "strategies", "position"} <= shared
    times = np.sort(nanoseconds(run.predictions["ts_event"]))
    before = int(times[np.argmax(np.diff(times))])
    for name in shared:
        (pause,) = figures[name]["layout"]["xaxis"]["rangebreaks"]
        begin, end = (np.datetime64(each, "ns").astype(int) for each in pause["bounds"])
        assert before < begin < before + 60 * 10**9 < end, name
    ((begin, end),) = time_axis(times).closed
    for figure in (strategies(run.outcomes), skill_over_time(run.outcomes), regimes(run.predictions)):
        assert isinstance(figure, go.Figure)
        drawn = np.array([x for trace in figure.data for x in trace.x if x is not None]) * 1e6
        assert not ((drawn > begin + 1e6) & (drawn < end - 1e6)).any(), "nothing is drawn where no room is"
        early = (drawn <= begin + 1e6).mean()
        assert 0.25 < early < 0.75, "both sides have as many cells as they have room"
    equity = time_axis(times)
    thinned = kept(times, np.arange(len(times), dtype=float), most=400)
    assert 0.3 < (times[thinned] <= equity.closed[0][0]).mean() < 0.7, "points go where there is room"
    hours = re.findall(r"<td>(\d{4}-\d\d-\d\d \d\d:\d\d)</td>", page)
    assert hours == ["2024-01-01 00:00"], (
        "the hours of the night are no rows, and the second morning is no whole interval"
    )
