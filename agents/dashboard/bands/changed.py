"""The fifth band: one time line of what changed, when and why."""

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
from schemas.retraining import RetrainFinished, RetrainJob
from schemas.versions import ModelVersion
from schemas.windows import AccuracyWindow

LONGEST_ID, LONGEST_NAME, LONGEST_SENTENCE = 400, 120, 600
"""Characters of what is shown; the topics have the rest."""

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
    """A cause without the ids in it, which are kept elsewhere, for people.

    >>> readable("experiment sharp: rolled_back, decision ticks:2:11359:0:1")
    'experiment sharp: rolled back'
    """
    return re.sub(r", decision \S+$", "", cause).replace("rolled_back", "rolled back").replace("no_diff", "no diff")


class Change(Struct, frozen=True):
    """One thing that happened.

    Attributes:
        ts_event: event time, ns.
        id: of the record that says so; unique together with its kind.
        kind: of the record: what the filters are called.
        symbol: of it, or "all symbols".
        title: in two or three words.
        subject: version, arm or experiment that it is about.
        sentence: why.
        weight: how much it matters.
        severity: of the alert about it, or empty.
        written: whether its time is that at which the record was written, for want of an event time.
        written_ms: when its record was written, ms since 1970: where it stands among others.
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
    """A change with the time at which it was written, its words no longer than is shown."""
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
    """
    >>> cut("as it is", 8), cut("too long", 7)
    ('as it is', 'too ...')
    """
    return text if len(text) <= longest else f"{text[: longest - 4]} ..."


def of_command(command: Command, record_id: str) -> Change:
    """Row about a command of a person or a node."""
    tag = str(command.__struct_config__.tag)
    title, weight = COMMANDS.get(tag, (tag.replace("_", " "), "plain"))
    subject = str(getattr(command, "arm", ""))
    return Change(
        command.ts_event, record_id, "command", command.symbol, title, subject, readable(command.cause), weight
    )


def of_version(version: ModelVersion) -> Change:
    """A change of a version's status."""
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
    """Row about the verdict of an experiment."""
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
    """Row about a breach; None for a window without one."""
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
    """Ticks that contradict a symbol's past were believed."""
    subject = "" if broken.reason == "price" else f"generation {broken.generation}"
    title = BROKEN[broken.reason]
    return Change(broken.ts_event, broken.id, "break", broken.symbol, title, subject, broken.sentence, "strong")


def of_job(job: RetrainJob) -> Change:
    """A retrain that was asked for, or withheld."""
    changed = f", for a change since {moment(job.breach.since)}" if job.breach.since else ""
    why = f"{job.breach.trigger}: from outcomes up to {moment(job.ts_event)} UTC{changed}"
    title, why = ("retrain withheld", job.withheld) if job.withheld else ("retrain called for", why)
    return Change(job.ts_event, job.id, "retrain", job.symbol, title, "", why, "plain")


def of_retrain(finished: RetrainFinished) -> Change:
    """The result of a retrain."""
    result = finished.result
    title = {"candidate": "candidate trained", "failed": "retrain failed"}.get(
        result.status, f"no candidate: {result.status.replace('_', ' ')}"
    )
    weight: Weight = "harm" if result.status == "failed" else "plain"
    version = result.candidate.version if result.candidate is not None else ""
    return Change(finished.ts_event, finished.id, "retrain", finished.symbol, title, version, result.sentence, weight)


def of_alert(alert: Alert, written_ms: int) -> Change:
    """What somebody should know at once; what was refused has no event time but that of the record about it."""
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
