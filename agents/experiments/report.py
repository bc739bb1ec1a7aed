"""Writes the HTML report of an experiment: the verdict, its reasons, and charts of the evidence over time."""

from collections.abc import Mapping
from html import escape

import numpy as np

from agents.experiments.charts import confidence, dependence, evidence_path, pairs_against_plan, watch
from agents.experiments.facts import effect, facts, guardrails
from agents.experiments.status import (
    UNITS,
    Course,
    applied,
    ended,
    evidence,
    interval,
    shown,
    status,
    to_do,
    together,
    verdict,
    waits_for,
)
from agents.pages.document import Panel, Section, document, table
from agents.pages.time_axis import time_axis
from agents.pages.wording import lasting, moment
from streams.experiments.declaration import Declaration
from streams.experiments.pooled import Pooled
from streams.experiments.pooling_node import EVERYONE

MOST_SYMBOLS = 12
"""Most symbols that get charts of their own; the table at the top has all symbols."""

CARE = (
    "Evidence is an e-value: what a bet of 1 against 'the challenger is not better' has become. It may be looked at "
    "after every batch: under no difference it ever reaches the boundary in at most alpha of all experiments.",
    "That holds for batches of scores that say nothing about each other. The dependence check looks for the contrary, "
    "and nothing is decided while it finds it; it cannot find everything.",
    "The confidence sequence holds the mean score at all times at once, so the one at the decision is honest. The mean "
    "at the decision by itself is too large: a test that stops when it looks good stops at a lucky moment.",
    "Both arms are paper accounts on the same ticks. Neither moved the market, and cost is what was configured.",
    "It is one past. That a challenger was better then does not say that it will be: that is what the watch is for.",
)


def experiment_report(name: str, courses: Mapping[str, Course], declaration: Declaration | None) -> str:
    """Return the HTML page of one experiment, complete in one file.

    Args:
        name: name of the experiment.
        courses: records of the experiment by symbol, each with at least one record.
        declaration: declaration of the experiment; None if the configuration no longer has it.
    """
    pool = together(courses, declaration)
    symbols = [symbol for symbol in courses if symbol != EVERYONE]
    # Where symbols decide together, one by itself has something to show only once its winner is watched.
    drawn = [
        (symbol, course)
        for symbol, course in sorted(courses.items(), key=lambda each: each[0] != EVERYONE)
        if EVERYONE not in courses or symbol == EVERYONE or course.latest.watched
    ][:MOST_SYMBOLS]
    sections = []
    if len(courses) > 1:
        waiting = waits_for(courses, declaration)
        sections.append(Section("symbols", "All symbols", before=_overview(courses) + _pooled(pool, waiting)))
    for place, (symbol, course) in enumerate(drawn):
        sections.append(_symbol(f"s{place}" if len(courses) > 1 else "", symbol, course, declaration))
    sections.append(Section("care", "Read this with care", before=_list(CARE)))
    sections.append(Section("plan", "What was registered", before=_registered(courses, declaration)))
    times = [record.ts_event for course in courses.values() for record in course.moves]
    told = drawn[:1] if EVERYONE in courses else drawn[:3]
    said = " ".join(verdict(course) for _, course in told)
    more = f" And {len(symbols) - 3} more symbols." if len(symbols) > 3 and EVERYONE not in courses else ""
    names = ", ".join(symbols) if len(symbols) <= 6 else f"{len(symbols)} symbols"
    lead = f"{names}; {moment(min(times))} to {moment(max(times))} UTC ({lasting(max(times) - min(times))})"
    top = (
        f'<header><h1>Experiment {escape(name)}</h1><p class="lead">{escape(lead)}</p></header>'
        f'<p class="verdict">{escape(said + more)}</p>'
    )
    if len(courses) == 1:
        top += _tiles(next(iter(courses.values())))
    return document(f"Experiment {name}", top, sections, time_axis(np.array(times, np.int64)))


def _symbol(prefix: str, symbol: str, course: Course, declaration: Declaration | None) -> Section:
    unit = UNITS.get(course.latest.primary, "")
    at = f"{prefix}-" if prefix else ""
    latest = course.latest
    panels = [
        Panel(
            f"{at}evidence",
            "Evidence",
            "It may be looked at at any time; beyond a boundary it is decided, unless held back.",
            evidence_path(course.moves),
            wide=True,
        ),
        Panel(
            f"{at}confidence",
            "Confidence sequence",
            "Holds the mean at all times at once; the band narrows as batches close.",
            confidence(course.moves, unit),
            wide=True,
        ),
        Panel(
            f"{at}dependence",
            "Dependence check",
            "Outside of the band batches depend on each other, and nothing is decided.",
            dependence(course.moves),
        ),
        Panel(
            f"{at}pairs",
            "Pairs against the plan",
            f"{latest.scored:,} of at most {latest.longest:,}: there it ends without a decision.",
            pairs_against_plan(course.moves),
        ),
    ]
    if latest.watched or latest.status == "winner":
        panels.append(
            Panel(
                f"{at}watch",
                "Watch over the winner",
                "Change detection since it is live; at 1 the version before is made live again.",
                watch(course.moves),
                wide=True,
            )
        )
    before = f'<p class="verdict">{escape(verdict(course))}</p>{_tiles(course)}' if prefix else ""
    after = _guardrails(course) + _decisions(course, declaration)
    title = "Decided together" if symbol == EVERYONE else symbol if prefix else "How sure is it?"
    return Section(prefix or "found", title, panels, before, after)


def _tiles(course: Course) -> str:
    tiles = "".join(
        f'<div class="tile"><dt>{escape(title)}</dt><dd class="value">{escape(value)}</dd>'
        f'<dd class="note">{escape(said)}</dd></div>'
        for title, value, said in facts(course)
    )
    return f'<dl class="tiles">{tiles}</dl>'


def _guardrails(course: Course) -> str:
    rows = [
        (
            escape(each.metric),
            each.effect,
            escape(each.interval),
            each.margin,
            each.log_e,
            "kept" if each.kept else "not shown to be kept",
        )
        for each in guardrails(course.latest)
    ]
    if not rows:
        return '<p class="lead">No guardrail is registered: nothing but the primary metric was looked at.</p>'
    titles = ("guardrail", "estimate", "confidence sequence", "limit", "evidence", "state")
    return table(titles, rows, "What must not become worse")


def _decisions(course: Course, declaration: Declaration | None) -> str:
    rows = [
        (
            moment(each.ts_event),
            escape(each.verdict.replace("_", " ")),
            applied(each).strip(" ()"),
            f"{escape(each.reason)} <code>{escape(each.id)}</code>",
        )
        for each in course.decisions
    ]
    rows += [(when, escape(what), by, escape(why)) for when, what, by, why in ended(course)]
    if not rows:
        return '<p class="lead">Nothing is decided yet.</p>'
    line = to_do(course, declaration)
    lines = "".join(f"<br><code>{escape(each)}</code>" for each in line.splitlines())
    said = f'<p class="lead">To apply it:{lines}</p>' if line else ""
    return table(("when, UTC", "decision", "", "reason"), rows, "Decisions", says=True) + said


def _overview(courses: Mapping[str, Course]) -> str:
    rows = []
    for symbol, course in courses.items():
        latest = course.latest
        rows.append(
            (
                f"<strong>{escape(shown(symbol))}</strong>",
                escape(status(course)),
                f"{latest.scored:,}",
                effect(latest),
                escape(interval(latest.low, latest.high)),
                evidence(latest.log_e_better),
                evidence(latest.log_e_worse),
            )
        )
    titles = ("symbol", "status", "pairs", "effect", "confidence sequence", "better", "worse")
    return table(titles, rows, "Together, and each by itself" if EVERYONE in courses else "Each symbol by itself")


def _pooled(found: Pooled | None, waiting: str) -> str:
    if found is None:
        return f'<p class="lead">{escape(waiting[0].upper() + waiting[1:])}.</p>' if waiting else ""
    known = (
        ""
        if found.error is None
        else f" with a standard error of {found.error:.4f} ({interval(found.low, found.high)})"
    )
    said = (
        f"Pooled: evidence {evidence(found.log_e_better)} that it is better on some of {found.planned} symbols, "
        f"{evidence(found.log_e_worse)} that it is worse on some, of {evidence(found.threshold)} needed: the mean of "
        f"their e-values, valid however the symbols depend on each other. Mean effect {found.effect:+.4f}{known}, "
        f"clustered by symbol and by {found.spans:,} spans of time; an interval for a single look."
    )
    return f'<p class="verdict">{escape(said)}</p>'


def _registered(courses: Mapping[str, Course], declaration: Declaration | None) -> str:
    latest = next(iter(courses.values())).latest
    rows = [("digest", latest.plan), ("primary", latest.primary), ("longest", f"{latest.longest:,} pairs")]
    if declaration is not None:
        test = declaration.test
        rows += [(field, str(getattr(test, field))) for field in test.__struct_fields__ if field not in dict(rows)]
        rows += [("arm", str(declaration.arm)), ("starts", declaration.starts), ("apply", declaration.apply)]
        rows += [(f"watch {field}", str(getattr(declaration.watch, field))) for field in ("run", "canary", "confirmed")]
    cells = "".join(f"<dt>{escape(title)}</dt><dd><code>{escape(said)}</code></dd>" for title, said in rows)
    return f'<dl class="run">{cells}</dl>'


def _list(sentences: tuple[str, ...]) -> str:
    return f'<ul class="caveats">{"".join(f"<li>{escape(each)}</li>" for each in sentences)}</ul>'
