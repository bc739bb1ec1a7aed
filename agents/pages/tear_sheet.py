"""The tear sheet: the report of a backtest in one HTML file that opens offline.

It says what was run, how it went, and how certain that is.
"""

from collections.abc import Mapping
from html import escape
from typing import Any, Protocol

import pandas as pd
from msgspec.structs import replace

from agents.pages import key_figures, questions
from agents.pages.document import Section, document
from agents.pages.thinning import MOST
from agents.pages.time_axis import TimeAxis, time_axis
from agents.pages.wording import lasting, moment
from streams.reports.track_record.forecasts import Forecasts, forecasts
from streams.reports.track_record.frames import nanoseconds
from streams.reports.track_record.record import Record, record


class Run(Protocol):
    """What the tear sheet needs of a backtest: tables of records, with the records' fields as columns, and a summary.

    The summary may have these keys: `title`, `ticks`, `trials` (how many set-ups were tried), `first` and `last`
    (event times), `counts` (number of records by topic), `parameters` and `inputs` (digest by name), `models` (kind by
    name) and `digests` (by topic). The page leaves out what is missing.
    """

    @property
    def predictions(self) -> pd.DataFrame: ...
    @property
    def outcomes(self) -> pd.DataFrame: ...
    @property
    def account(self) -> pd.DataFrame: ...
    @property
    def decisions(self) -> pd.DataFrame: ...
    @property
    def summary(self) -> Mapping[str, Any]: ...


def tear_sheet(run: Run) -> str:
    """HTML text of the report of a backtest; if nothing was predicted, the report says only this and what was run."""
    if run.predictions.empty or run.account.empty:
        return _nothing(run)
    found = record(run.account, run.predictions, int(run.summary.get("trials", 1)))
    told = forecasts(run.outcomes)
    title = str(run.summary.get("title", "Backtest"))
    kinds: Mapping[str, str] = run.summary.get("models", {})
    sections = [
        questions.earned(found, run.account, run.predictions),
        questions.predicted(run.outcomes, told, kinds),
        questions.traded(run.account, run.predictions),
        questions.saw_and_chose(run.predictions, run.outcomes, run.decisions, kinds),
        Section("figures", "All figures", before=key_figures.all_figures(found)),
        Section("care", "Read this with care", before=_caveats(found)),
        Section("run", "What was run", before=_run(run.summary)),
    ]
    axis = replace(time_axis(nanoseconds(run.predictions["ts_event"])), first=found.start_ns, last=found.end_ns)
    return document(f"{title} - {', '.join(found.symbols[:3])}", _top(title, found, told, run), sections, axis)


def _top(title: str, found: Record, told: Forecasts | None, run: Run) -> str:
    symbols = ", ".join(found.symbols[:6]) + (f" and {len(found.symbols) - 6} more" if len(found.symbols) > 6 else "")
    ticks = int(run.summary.get("ticks", len(run.predictions)))
    span = lasting(found.end_ns - found.start_ns)
    lead = (
        f"{symbols}; {moment(found.start_ns)} to {moment(found.end_ns)} UTC ({span}); "
        f"{ticks:,} ticks, {len(run.predictions):,} predictions, {_dead(run.summary):,} dead letters"
    )
    return (
        f'<header><h1>{escape(title)}</h1><p class="lead">{escape(lead)}</p></header>'
        f"{key_figures.verdict(found, told)}{key_figures.tiles(found, told)}"
    )


def _caveats(found: Record) -> str:
    span = lasting(found.end_ns - found.start_ns)
    year = found.ratios.year if found.ratios else None
    said = [
        "This is a paper account: every order is filled at once, whole, at the mid plus the configured cost. Latency, "
        "queues, partial fills, funding and the market's reaction are left out; all of them cost money.",
        f"It is {span} of one past. An interval says how far chance alone could carry these figures in a market like "
        "this one, not what another day would bring.",
        "Labels of neighbouring predictions overlap. Intervals count only what is independent, or are "
        "computed over blocks.",
        "The best baseline was picked with hindsight on the same outcomes: harder for the live arm, not easier.",
        f"Deflated figures count {found.ratios.trials if found.ratios else 1:,} trial(s): what was tried before and "
        "not declared is not taken off.",
        f"Annual figures assume a year like these ticks: {year.sentence}."
        if year
        else "Nothing is annualised: that takes at least a day of ticks.",
        f"Lines keep at most about {MOST:,} points: first, last, least and largest of each short span. Figures and "
        "tables are computed from everything.",
    ]
    return f'<ul class="caveats">{"".join(f"<li>{escape(each)}</li>" for each in said)}</ul>'


def _nothing(run: Run) -> str:
    title = str(run.summary.get("title", "Backtest"))
    said = f"Nothing was predicted: {int(run.summary.get('ticks', 0)):,} ticks, {_dead(run.summary):,} dead letters."
    top = f'<header><h1>{escape(title)}</h1></header><p class="verdict">{escape(said)}</p>'
    return document(title, top, [Section("run", "What was run", before=_run(run.summary))], TimeAxis(0, 1))


def _dead(summary: Mapping[str, Any]) -> int:
    return int(summary.get("counts", {}).get("dead-letters", 0))


def _run(summary: Mapping[str, Any]) -> str:
    rows = [(name, str(summary[name])) for name in ("first", "last", "ticks", "trials") if name in summary]
    rows += [(f"parameters, {part}", str(digest)) for part, digest in summary.get("parameters", {}).items()]
    rows += [(f"model {name}", str(kind)) for name, kind in summary.get("models", {}).items()]
    rows += [(f"input {name}", str(digest)) for name, digest in summary.get("inputs", {}).items()]
    rows += [(f"digest of {topic}", str(found["all"])) for topic, found in summary.get("digests", {}).items()]
    return (
        '<dl class="run">'
        + "".join(f"<dt>{escape(name)}</dt><dd><code>{escape(said)}</code></dd>" for name, said in rows)
        + "</dl>"
    )
