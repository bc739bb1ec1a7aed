"""The report of a run: one HTML file that opens offline and says what was run, how it went, and how sure that is."""

from collections.abc import Mapping
from html import escape
from typing import Any, Protocol

import pandas as pd

from agents.pages import key_figures
from agents.pages.charts.drawdown import drawdown
from agents.pages.charts.equity import equity
from agents.pages.charts.price import price
from agents.pages.charts.regimes import regimes
from agents.pages.charts.reliability import reliability
from agents.pages.charts.returns import returns
from agents.pages.charts.rolling_sharpe import rolling_sharpe
from agents.pages.charts.skill import forecasters, skill_over_time
from agents.pages.charts.strategies import strategies
from agents.pages.charts.trading import cost, position, turnover
from agents.pages.charts.versions import versions
from agents.pages.charts.win_rate import win_rate
from agents.pages.document import Panel, Section, document, table
from agents.pages.thinning import MOST
from agents.pages.wording import lasting, moment, number
from schemas.errors import TickloopError
from streams.performance.forecasts import Forecasts, forecasts
from streams.performance.periods import periods, unit_of
from streams.performance.record import Record, record, regular_curve

MOST_PERIODS = 400


class Run(Protocol):
    """What a backtest leaves: frames whose columns are the records' fields, and a summary.

    Of the summary the page shows what is there: `title`, `ticks`, `trials`, `parameters_digest`, `version`, `inputs`
    (name to digest) and `digests` (topic to digest).
    """

    @property
    def predictions(self) -> pd.DataFrame: ...
    @property
    def outcomes(self) -> pd.DataFrame: ...
    @property
    def account(self) -> pd.DataFrame: ...
    @property
    def dead_letters(self) -> pd.DataFrame: ...
    @property
    def summary(self) -> Mapping[str, Any]: ...


def tear_sheet(run: Run, decisions: pd.DataFrame | None = None) -> str:
    """The page as text.

    Args:
        run: frames and summary.
        decisions: what was decided in the run, with at least `ts_event`.

    Raises:
        TickloopError: nothing was predicted.
    """
    if run.predictions.empty or run.account.empty:
        raise TickloopError("expected predictions and a paper account, was none; fix: feed ticks that are accepted")
    found = record(run.account, run.predictions, int(run.summary.get("trials", 1)))
    told = forecasts(run.outcomes)
    title = str(run.summary.get("title", "Backtest"))
    return document(
        f"{title} - {', '.join(found.symbols[:3])}",
        _top(title, found, told, run),
        _sections(run, found, told, decisions),
    )


def _top(title: str, found: Record, told: Forecasts | None, run: Run) -> str:
    symbols = ", ".join(found.symbols[:6]) + (f" and {len(found.symbols) - 6} more" if len(found.symbols) > 6 else "")
    ticks = int(run.summary.get("ticks", len(run.predictions)))
    lead = (
        f"{symbols}; {moment(found.start_ns)} to {moment(found.end_ns)} UTC ({lasting(found.end_ns - found.start_ns)}); "
        f"{ticks:,} ticks, {len(run.predictions):,} predictions, {len(run.dead_letters):,} dead letters"
    )
    return (
        f'<header><h1>{escape(title)}</h1><p class="lead">{escape(lead)}</p></header>'
        f"{key_figures.verdict(found, told)}{key_figures.tiles(found, told)}"
    )


def _sections(run: Run, found: Record, told: Forecasts | None, decisions: pd.DataFrame | None) -> list[Section]:
    account, predictions, outcomes = run.account, run.predictions, run.outcomes
    every = lasting(found.interval_ns)
    return [
        Section(
            "earned",
            "What did it earn?",
            [
                Panel("equity", "Equity", "The distance between the lines is what trading cost.", equity(account, predictions), wide=True),
                Panel("drawdown", "Drawdown", "After cost, from the highest value so far.", drawdown(account, predictions), wide=True),
                Panel("returns", "Returns", f"Of intervals of {every}, after cost.", returns(account, predictions)),
                Panel("rolling-sharpe", "Rolling Sharpe ratio", "The band is that of independent normal returns; where it "
                      "holds zero, nothing is shown.", rolling_sharpe(account, predictions)),
            ],
            after=_periods(account, predictions),
        ),
        Section(
            "predicts",
            "Does it predict?",
            [
                Panel("skill", "Skill over event time", "1 - log-loss / log-loss of the best baseline, chosen with hindsight; "
                      "above zero is better.", skill_over_time(outcomes), wide=True),
                Panel("forecasters", "Skill of each forecaster", "Over the whole run, with 95 % intervals that allow for "
                      "overlapping labels.", forecasters(outcomes)),
                Panel("reliability", "Calibration", "On the dotted line a probability means what it says.", reliability(outcomes)),
            ],
            after=key_figures.forecasting_table(told) if told else "",
        ),
        Section(
            "traded",
            "How did it trade?",
            [
                Panel("position", "Position", "After each trade and mark.", position(account), wide=True),
                Panel("turnover", "Turnover", "Sum of the sizes of all trades.", turnover(account, predictions)),
                Panel("cost", "Cost", "Where it reaches the gain, nothing is left.", cost(account, predictions)),
                Panel("win-rate", "Win rate", "By the regime in which a round trip ended; Wilson intervals.", win_rate(account), wide=True),
            ],
        ),
        Section(
            "did",
            "What did it see and choose?",
            [
                Panel("price", "Market", "What was predicted.", price(predictions), wide=True),
                Panel("regimes", "Regime", "The one that most predictions of each short span named.", regimes(predictions), wide=True),
                Panel("strategies", "Strategy mix", "Weight of the strategy that led; the rest up to the top belongs to all "
                      "the others.", strategies(predictions), wide=True),
                Panel("versions", "Model versions and decisions", "When each version predicted; a diamond is a decision.",
                      versions(predictions, pd.DataFrame() if decisions is None else decisions), wide=True),
            ],
        ),
        Section("figures", "All figures", before=key_figures.all_figures(found)),
        Section("care", "Read this with care", before=_caveats(found)),
        Section("run", "What was run", before=_run(run.summary, found)),
    ]  # fmt: skip


def _periods(account: pd.DataFrame, predictions: pd.DataFrame) -> str:
    curve = regular_curve(account, predictions)
    if len(curve.times) < 2:
        return ""
    found = periods(curve)
    most = max((abs(each.net_bps) for each in found), default=0.0) or 1.0
    unit = unit_of(int(curve.times[-1] - curve.times[0]))

    def bar(net: float) -> str:
        width = round(100.0 * abs(net) / most, 1)
        drawn = f'<span class="bar{" down" if net < 0.0 else ""}" style="width:{width}%"></span>'
        left, right = (drawn, "") if net < 0.0 else ("", drawn)
        return f'<div class="halves" aria-hidden="true"><span>{left}</span><span>{right}</span></div>'

    rows = [
        (each.name, number(each.net_bps), number(each.gross_bps), number(each.worst_bps, ".2f"), bar(each.net_bps))
        for each in found[-MOST_PERIODS:]
    ]
    left_out = f"; the first {len(found) - MOST_PERIODS:,} are left out" if len(found) > MOST_PERIODS else ""
    caption = f"By {unit}, UTC; bps of capital; whole intervals only{left_out}"
    return table((unit, "after cost", "before cost", "deepest fall", ""), rows, caption)


def _caveats(found: Record) -> str:
    span = lasting(found.end_ns - found.start_ns)
    year = found.ratios.year if found.ratios else None
    said = [
        "This is a paper account: every order is filled at once, whole, at the mid plus the configured cost. Latency, "
        "queues, partial fills, funding and the market's reaction are left out; all of them cost money.",
        f"It is {span} of one past. An interval says how far chance alone could carry these figures in a market like this "
        "one, not what another day would bring.",
        "Labels of neighbouring predictions overlap. Intervals count only what is independent, or are computed over blocks.",
        "The best baseline was picked with hindsight on the same outcomes, which is harder for the live arm, not easier.",
        f"Deflated figures count {found.ratios.trials if found.ratios else 1:,} trial(s): what was tried before and not "
        "declared is not taken off.",
        f"Annual figures assume a year like these ticks: {year.sentence}."
        if year
        else "Nothing is annualised: that takes at least a day of ticks.",
        f"Lines keep at most about {MOST:,} points: first, last, least and largest of each short span. Figures and tables "
        "are computed from everything.",
    ]
    return f'<ul class="caveats">{"".join(f"<li>{escape(each)}</li>" for each in said)}</ul>'


def _run(summary: Mapping[str, Any], found: Record) -> str:
    rows = [("first tick, UTC", moment(found.start_ns)), ("last tick, UTC", moment(found.end_ns))]
    rows += [(name, str(summary[key])) for key, name in NAMED.items() if key in summary]
    rows += [(f"input {name}", str(digest)) for name, digest in dict(summary.get("inputs", {})).items()]
    rows += [(f"digest of {name}", str(digest)) for name, digest in dict(summary.get("digests", {})).items()]
    return (
        '<dl class="run">'
        + "".join(f"<dt>{escape(name)}</dt><dd><code>{escape(said)}</code></dd>" for name, said in rows)
        + "</dl>"
    )


NAMED = {"version": "tickloop", "ticks": "ticks", "parameters_digest": "parameters", "trials": "trials"}
