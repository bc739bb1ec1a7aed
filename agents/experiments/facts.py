"""Figures of an experiment as people read them: the same on the dashboard and in the report."""

from msgspec import Struct

from agents.experiments.status import (
    DAY_NS,
    RUNNING,
    UNITS,
    Course,
    decision,
    evidence,
    held,
    interval,
    needed_worse,
    outlook,
    status,
)
from agents.pages.wording import lasting, moment, number
from schemas.experiments import ExperimentMoved
from streams.experiments.experiment import TOGETHER

Fact = tuple[str, str, str]
"""Name, value and note."""


class GuardrailRow(Struct, frozen=True):
    """What must not become worse: the fields of `GuardrailStanding` in words.

    Attributes:
        interval: from `low` to `high`.
        margin: the least effect that is let pass.
        log_e: as an e-value.
    """

    metric: str
    effect: str
    interval: str
    margin: str
    log_e: str
    kept: bool


def facts(course: Course) -> tuple[Fact, ...]:
    """Where an experiment stands."""
    latest = course.latest
    boundary = evidence(latest.threshold)
    last = decision(course)
    since = "not decided yet" if last is None else f"since {moment(last.ts_event)} UTC"
    dependence = (
        "no batch is full yet"
        if not latest.batches
        else "batches look independent"
        if latest.independent
        else "batches depend on each other: nothing is decided"
    )
    return (
        ("Status", status(course), held(latest) if latest.holding else since),
        (
            "Effect",
            effect(latest),
            f"{UNITS.get(latest.primary, '')}; 95 % confidence sequence {interval(latest.low, latest.high)}",
        ),
        ("Evidence better", evidence(latest.log_e_better), f"e-value, of {boundary} needed; p = {latest.p:.3g}"),
        ("Evidence worse", evidence(latest.log_e_worse), f"e-value, of {needed_worse(latest)} needed"),
        ("Pairs", f"{latest.scored:,}", f"of at most {latest.longest:,}, in {latest.batches:,} batches"),
        (
            "Dependence",
            number(estimate(latest, latest.autocorrelation), "+.3f"),
            f"lag-1 autocorrelation; {dependence}",
        ),
        ("Time left", *_time_left(course)),
    )


def guardrails(latest: ExperimentMoved) -> tuple[GuardrailRow, ...]:
    """Guardrails of an experiment in their order; empty if none was registered."""
    return tuple(
        GuardrailRow(
            each.metric.replace("_", " "),
            number(estimate(latest, each.effect), "+.4f"),
            interval(each.low, each.high),
            number(-each.margin, "+.4g"),
            evidence(each.log_e),
            each.kept,
        )
        for each in latest.guardrails
    )


def effect(latest: ExperimentMoved, unit: str = "") -> str:
    """Mean primary score."""
    return number(estimate(latest, latest.effect), "+.4f", unit)


def estimate(latest: ExperimentMoved, value: float) -> float | None:
    """The estimate from the closed batches; there is none before the first batch is full."""
    return value if latest.batches else None


def _time_left(course: Course) -> tuple[str, str]:
    latest, still = course.latest, outlook(course)
    if still is None:
        if latest.collects is True:
            return "-", TOGETHER
        return "-", "it is over" if latest.status not in RUNNING else "no rate is known yet"
    most = lasting(round(still.longest_days * DAY_NS))
    note = f"to a decision; at most {most} at {still.pairs_a_day:,.0f} pairs a day"
    if still.decided_days is None:
        return "-", f"the evidence does not grow; {note}"
    return lasting(round(still.decided_days * DAY_NS)), note
