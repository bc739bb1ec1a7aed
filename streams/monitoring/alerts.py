"""Alerts: which records a person should know of at once, and a sentence for each, made from the record alone."""

from typing import Any, Literal

from msgspec.structs import replace

from schemas.alerts import Alert, AlertKind, Severity
from schemas.breaks import ClockBroken
from schemas.dead_letters import DeadLetter
from schemas.faults import ComponentFailed
from schemas.limits import LONGEST_ID, cut
from schemas.names import is_candidate
from schemas.retraining import RetrainFinished, RetrainJob
from schemas.topics import ACCURACY_WINDOWS, BREAKS, CANDIDATES, DEAD_LETTERS, FAULTS, MODEL_VERSIONS, RETRAIN_JOBS
from schemas.versions import ModelVersion
from schemas.windows import AccuracyWindow

SOURCES = (ACCURACY_WINDOWS, RETRAIN_JOBS, CANDIDATES, MODEL_VERSIONS, DEAD_LETTERS, BREAKS, FAULTS)
"""Topics whose records may lead to an alert."""

OF_DIRECTIVES = ("bad_directive", "unsigned_directive", "unsigned_partial", "expired")
OF_COMMANDS = "lifecycle"

KEEPS_FAILING = 100
"""Failures of one component from which on the alert is an error; before that it is a warning."""

EACH_BREAK = 8
"""First breaks of a symbol's clock that are alerts, each; later ones are at every doubling of their number."""


def alert_of(record: Any) -> Alert | None:
    """The alert that tells a person about a record; None for a record that needs no alert.

    >>> version = ModelVersion("commands:0:7:0", "X", "v2", "v1", "champion", "found better", 5, "c1",
    ...     change="promote_variant")
    >>> alert_of(version).kind, alert_of(version).sentence
    ('promoted', 'v2 is live: found better')
    """
    alert = _alert_of(record)
    return alert and replace(alert, sentence=cut(alert.sentence))


def _alert_of(record: Any) -> Alert | None:
    if isinstance(record, AccuracyWindow):
        return _of_window(record)
    if isinstance(record, RetrainJob):
        return _of_job(record)
    if isinstance(record, RetrainFinished):
        return _of_result(record)
    if isinstance(record, ModelVersion):
        return _of_version(record)
    if isinstance(record, DeadLetter):
        return _of_letter(record)
    if isinstance(record, ClockBroken):
        return _of_break(record)
    if isinstance(record, ComponentFailed):
        return _of_fault(record)
    return None


def _of_break(record: ClockBroken) -> Alert | None:
    """Alert of a break: each of the first ones, later at doublings only, as a file may hold a thousand."""
    count = record.generation + (record.jumps or 0)
    if count > EACH_BREAK and count & (count - 1):
        return None
    told = f"{record.sentence} (break {count} of {record.symbol}; next told: {2 * count})"
    return Alert(
        id=record.id,
        node=BREAKS.name,
        symbol=record.symbol,
        ts_event=record.ts_event,
        kind="clock_broken",
        severity="warning",
        subject=record.reason,
        sentence=told if count >= EACH_BREAK else record.sentence,
    )


def _of_fault(failed: ComponentFailed) -> Alert:
    worse = failed.effect == "emptied" or failed.count >= KEEPS_FAILING
    return Alert(
        id=failed.id,
        node=FAULTS.name,
        symbol=failed.symbol,
        ts_event=failed.ts_event,
        kind="component_failed" if failed.effect == "failed" else "model_full",
        severity="error" if worse else "warning",
        subject=cut(f"{failed.version} {failed.component}".strip(), LONGEST_ID),
        sentence=failed.sentence,
    )


def started(job: RetrainJob) -> Alert:
    """The alert that the training of a retrain has begun, made from the retrain's job.

    Other alerts are made from the record of what happened, but no record reports that a training has begun.
    """
    sentence = f"retraining {job.symbol}: {job.breach.sentence}"
    return Alert(
        id=job.id,
        node="retrainer",
        symbol=job.symbol,
        ts_event=job.ts_event,
        kind="retrain_started",
        severity="info",
        subject=job.job,
        sentence=sentence,
    )


def _of_window(window: AccuracyWindow) -> Alert | None:
    breach = window.breach
    # Cool-downs and too few labels recur at every window and are no alerts.
    if breach is None or not (breach.retrain or breach.withheld_by in ("waiting", "budget", "passed")):
        return None
    kind: AlertKind = "budget_spent" if breach.withheld_by == "budget" else "breach"
    severity: Literal["info", "warning"] = "info" if breach.withheld_by == "passed" else "warning"
    sentence = f"{window.version}: {breach.sentence}" + (f"; {breach.withheld}" if breach.withheld else "")
    return Alert(
        id=window.id,
        node=ACCURACY_WINDOWS.name,
        symbol=window.symbol,
        ts_event=window.ts_event,
        kind=kind,
        severity=severity,
        subject=window.version,
        sentence=sentence,
    )


def _of_job(job: RetrainJob) -> Alert | None:
    if not job.withheld:
        return None
    sentence = f"no retrain of {job.symbol}: {job.withheld}"
    return Alert(
        id=job.id,
        node=RETRAIN_JOBS.name,
        symbol=job.symbol,
        ts_event=job.ts_event,
        kind="retrain_withheld",
        severity="warning",
        subject=job.job,
        sentence=sentence,
    )


def _of_result(finished: RetrainFinished) -> Alert | None:
    result = finished.result
    if result.status in ("candidate", "superseded"):
        return None
    failed = result.status == "failed"
    return Alert(
        id=finished.id,
        node=CANDIDATES.name,
        symbol=finished.symbol,
        ts_event=finished.ts_event,
        kind="retrain_failed" if failed else "retrain_rejected",
        severity="error" if failed else "info",
        subject=result.job_id,
        sentence=f"retrain of {finished.symbol}: {result.status.replace('_', ' ')}: {result.sentence}",
    )


OF_CHANGES: dict[tuple[str, str], tuple[AlertKind, Severity, str]] = {
    ("promote_variant", "champion"): ("promoted", "info", "is live"),
    ("roll_back", "rolled_back"): ("rolled_back", "error", "was rolled back"),
    ("stop_variant", "rejected"): ("rejected", "info", "was not found better"),
}
"""By change and status of a version: kind and severity of the alert, and its verb."""


def _of_version(version: ModelVersion) -> Alert | None:
    told = OF_CHANGES.get((version.change, version.status))
    if version.held is True and version.change in ("promote_variant", "roll_back"):
        told = ("held_back", "error" if version.change == "roll_back" else "warning", "is held back")
    if version.change == "start_variant" and version.status == "shadow" and is_candidate(version.arm):
        told = ("candidate", "info", "runs in shadow")
    if told is None:
        return None
    kind, severity, verb = told
    return Alert(
        id=version.id,
        node=MODEL_VERSIONS.name,
        symbol=version.symbol,
        ts_event=version.ts_event,
        kind=kind,
        severity=severity,
        subject=version.version,
        sentence=f"{version.version} {verb}: {version.reason}",
    )


def _of_letter(letter: DeadLetter) -> Alert | None:
    if letter.node != OF_COMMANDS and letter.reason not in OF_DIRECTIVES:
        return None
    symbol = (letter.key or b"").decode("ascii", "backslashreplace")[:32]
    sentence = f"refused by the {letter.node} node: {letter.detail}"[:1_000]
    return Alert(
        id=letter.id,
        node=f"{DEAD_LETTERS.name}/{letter.node}",
        symbol=symbol,
        ts_event=0,
        kind="refused",
        severity="error",
        subject=letter.reason,
        sentence=sentence,
    )
