"""Turns the numbers of an experiment into text, the same for the dashboard and for the HTML report."""

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
"""A row of name, value and note."""


class GuardrailRow(Struct, frozen=True):
    """A guardrail as text: the test that a version is not worse than the live one by more than a margin.

    Attributes:
        metric: name of the metric.
        effect: mean difference in the metric, version under test less live version; "-" before the first batch is full.
        interval: confidence sequence of the difference: an interval that holds at all times at once.
        margin: the lowest difference that is accepted, a negative number.
        log_e: evidence that the difference is above the margin, as an e-value.
        kept: whether that evidence is enough.
    """

    metric: str
    effect: str
    interval: str
    margin: str
    log_e: str
    kept: bool


def facts(course: Course) -> tuple[Fact, ...]:
    """Return the state of an experiment as rows of name, value and note: status, effect, evidence and so on."""
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
    """Return the guardrails of an experiment as text, in the order of their declaration; empty if it has none.

    A guardrail is a second metric in which the version under test must not be worse by more than a margin.
    """
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
    """Format the mean primary score, version under test less live version; "-" before the first batch is full.

    Args:
        latest: newest record of the experiment.
        unit: text that is appended to the number.
    """
    return number(estimate(latest, latest.effect), "+.4f", unit)


def estimate(latest: ExperimentMoved, value: float) -> float | None:
    """Return `value`, or None if the experiment had no full batch of predictions when `latest` was written.

    Before the first full batch, the fields of a record that hold estimates are 0 and mean nothing.

    Args:
        latest: newest record of the experiment.
        value: an estimate that was read from this record.
    """
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
