"""Rows of the time line in the fifth section of the page: what changed, when and why.

Each function makes one row from one kind of record.
"""

import re
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from agents.experiments.status import shown
from agents.pages.wording import moment
from schemas.alerts import Alert
from schemas.breaks import ClockBroken
from schemas.commands import Command
from schemas.experiments import ExperimentDecided
from schemas.faults import ComponentFailed
from schemas.retraining import RetrainFinished, RetrainJob
from schemas.versions import ModelVersion
from schemas.windows import AccuracyWindow

LONGEST_ID, LONGEST_NAME, LONGEST_SENTENCE = 400, 120, 600
"""Longest texts that are shown, characters; the records on the topics have the whole texts."""

Weight = Literal["quiet", "plain", "strong", "harm"]

COMMANDS: dict[str, tuple[str, Weight]] = {
    "start_variant": ("asked to start", "quiet"),
    "stop_variant": ("asked to stop", "quiet"),
    "promote_variant": ("asked to promote", "plain"),
    "roll_back": ("asked to roll back", "plain"),
    "retrain": ("asked to retrain", "plain"),
    "pin_version": ("asked to pin", "plain"),
}

STATUSES: dict[str, tuple[str, Weight]] = {
    "candidate": ("candidate", "plain"),
    "shadow": ("runs in shadow", "quiet"),
    "champion": ("is live", "strong"),
    "frozen": ("kept, runs no more", "quiet"),
    "rejected": ("rejected", "plain"),
    "rolled_back": ("rolled back", "harm"),
    "stopped": ("stopped", "quiet"),
}

ALERTS: dict[str, tuple[str, Weight]] = {
    "retrain_started": ("training begins", "quiet"),
    "promoted": ("is live", "strong"),
    "candidate": ("runs in shadow", "quiet"),
    "roster": ("other versions run", "harm"),
}


def readable(cause: str) -> str:
    """A cause in words for people: without the id of a decision at its end, and with "rolled back" for `rolled_back`.

    >>> readable("experiment sharp: rolled_back, decision ticks:2:11359:0:1")
    'experiment sharp: rolled back'
    """
    return re.sub(r", decision \S+$", "", cause).replace("rolled_back", "rolled back").replace("no_diff", "no diff")


class Change(Struct, frozen=True):
    """One row of the time line: one thing that happened to a symbol.

    Attributes:
        ts_event: event time, ns since 1970.
        id: id of the record that reports the change; unique together with `kind`.
        kind: group of the row, such as `command` or `retrain`; the filters on the page use it.
        symbol: instrument that the change concerns; "all symbols" if it concerns no single one.
        title: two or three words on what happened.
        subject: name of the model version or experiment concerned, or the name under which a version runs; may be
            empty.
        sentence: why it happened.
        weight: how strongly the row is displayed; `harm` marks something bad.
        severity: severity of the alert about the same record; empty without an alert.
        written: whether `ts_event` is in truth the time of writing, because the record has no event time.
        written_ms: when the record was written, ms since 1970; rows are ordered by it.
    """

    ts_event: int
    id: str
    kind: str
    symbol: str
    title: str
    subject: str
    sentence: str
    weight: Weight
    severity: str = ""
    written: bool = False
    written_ms: int = 0


def fitted(change: Change, written_ms: int) -> Change:
    """Copy of a row with its texts cut to the lengths that the page shows, and with its time of writing set.

    Args:
        change: the row.
        written_ms: when its record was written, ms since 1970.
    """
    return replace(
        change,
        id=cut(change.id, LONGEST_ID),
        symbol=cut(change.symbol, LONGEST_NAME),
        title=cut(change.title, LONGEST_NAME),
        subject=cut(change.subject, LONGEST_NAME),
        sentence=cut(change.sentence, LONGEST_SENTENCE),
        written_ms=written_ms,
    )


def cut(text: str, longest: int) -> str:
    """Shorten a text to at most `longest` characters; a text that is shortened ends with " ...".

    >>> cut("as it is", longest=8), cut("too long", longest=7)
    ('as it is', 'too ...')
    """
    return text if len(text) <= longest else f"{text[: longest - 4]} ..."


def of_command(command: Command, record_id: str) -> Change:
    """Row for a command that a person or a part of the system wrote, such as "asked to retrain".

    Args:
        command: what is asked for.
        record_id: id of the command, made from its topic, partition and offset.
    """
    tag = str(command.__struct_config__.tag)
    title, weight = COMMANDS.get(tag, (tag.replace("_", " "), "plain"))
    subject = str(getattr(command, "arm", ""))
    return Change(
        command.ts_event, record_id, "command", command.symbol, title, subject, readable(command.cause), weight
    )


def of_version(version: ModelVersion) -> Change:
    """Row for a change in the status of a model version, such as "is live" or "rolled back"."""
    title, weight = STATUSES.get(version.status, (version.status.replace("_", " "), "plain"))
    return Change(
        version.ts_event,
        version.id,
        "version",
        version.symbol,
        title,
        version.version,
        readable(version.reason),
        weight,
    )


def of_decision(decided: ExperimentDecided) -> Change:
    """Row for the decision of an experiment. An experiment tests a model version against the live one."""
    weight: Weight = "harm" if decided.verdict in ("harm", "rolled_back") else "strong"
    return Change(
        decided.ts_event,
        decided.id,
        "experiment",
        shown(decided.symbol),
        decided.verdict.replace("_", " "),
        decided.experiment,
        decided.reason,
        weight,
    )


def of_breach(window: AccuracyWindow) -> Change | None:
    """Row for a breach (a reason to retrain that an accuracy report found); None if the report found none."""
    breach = window.breach
    if breach is None:
        return None
    withheld = f" No retrain: {breach.withheld}." if breach.withheld else ""
    weight: Weight = "harm" if breach.retrain else "plain"
    return Change(
        window.ts_event,
        window.id,
        "breach",
        window.symbol,
        "breach",
        window.version,
        breach.sentence + withheld,
        weight,
    )


BROKEN: dict[str, str] = {
    "set_back": "clock set back",
    "ahead": "clock jumped ahead",
    "scale": "price in another unit",
    "price": "price jumped",
}


def of_break(broken: ClockBroken) -> Change:
    """Row for a break in a symbol's event time or price.

    A break means that ticks contradicted the last time or price, but were accepted because enough of them
    agreed with each other.
    """
    subject = "" if broken.reason == "price" else f"generation {broken.generation}"
    title = BROKEN[broken.reason]
    return Change(broken.ts_event, broken.id, "break", broken.symbol, title, subject, broken.sentence, "strong")


FAULTS: dict[str, str] = {
    "failed": "component failed",
    "frozen": "model frozen",
    "emptied": "model without opinion",
    "restarted": "model started anew",
}


def of_fault(failed: ComponentFailed) -> Change:
    """Row for a component that failed, or for a model that reached its largest size."""
    title, subject = FAULTS[failed.effect], failed.version or failed.component
    return Change(failed.ts_event, failed.id, "fault", failed.symbol, title, subject, failed.sentence, "harm")


def of_job(job: RetrainJob) -> Change:
    """Row for a retrain that was asked for; if the retrain was not started, the row gives the reason."""
    changed = f", for a change since {moment(job.breach.since)}" if job.breach.since else ""
    why = f"{job.breach.trigger}: from outcomes up to {moment(job.ts_event)} UTC{changed}"
    title, why = ("retrain withheld", job.withheld) if job.withheld else ("retrain called for", why)
    return Change(job.ts_event, job.id, "retrain", job.symbol, title, "", why, "plain")


def of_retrain(finished: RetrainFinished) -> Change:
    """Row for the end of a retrain: a new model was trained, the new model was rejected, or the training failed."""
    result = finished.result
    title = {"candidate": "candidate trained", "failed": "retrain failed"}.get(
        result.status, f"no candidate: {result.status.replace('_', ' ')}"
    )
    weight: Weight = "harm" if result.status == "failed" else "plain"
    version = result.candidate.version if result.candidate is not None else ""
    return Change(finished.ts_event, finished.id, "retrain", finished.symbol, title, version, result.sentence, weight)


def of_alert(alert: Alert, written_ms: int) -> Change:
    """Row for an alert.

    Args:
        alert: if it is about a refused record, it has no event time, and the row shows the time of writing.
        written_ms: when the alert was written, ms since 1970.
    """
    title, weight = ALERTS.get(alert.kind, (alert.kind.replace("_", " "), "plain"))
    return Change(
        alert.ts_event or written_ms * 10**6,
        f"{alert.node} {alert.id}",
        "alert",
        alert.symbol or "all symbols",
        title,
        alert.subject,
        alert.sentence,
        "harm" if alert.severity == "error" else weight,
        alert.severity,
        not alert.ts_event,
    )
