"""The chain of records by which a version became live, and other links between records of one symbol."""

from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import Struct, field

from agents.pages.wording import stands
from schemas.commands import Command, PinVersion, PromoteVariant, Retrain, RollBack, StartVariant, StopVariant
from schemas.experiments import ExperimentDecided
from schemas.names import is_arms_version, is_builtin
from schemas.outcomes import OutcomeMatured
from schemas.positions import job_of_start, parent_of
from schemas.predictions import Prediction
from schemas.retraining import RetrainFinished, RetrainingResult, RetrainJob
from schemas.ticks import Directive
from schemas.versions import ModelVersion
from schemas.windows import AccuracyWindow
from streams.lifecycle.rosters import valid_versions

ORDER = (AccuracyWindow, Retrain, RetrainJob, RetrainFinished, StartVariant, ExperimentDecided, PromoteVariant)
"""Order of records with one event time: causes before effects."""


class History(Struct):
    """The records of one symbol.

    Attributes:
        windows, commands, jobs, results, decisions, directives, versions: records of each topic, each once, in order.
        ticks, predictions, outcomes: how many there are in the given time; the latter two by version.
    """

    windows: list[AccuracyWindow] = field(default_factory=list)
    commands: dict[str, Command] = field(default_factory=dict)
    jobs: dict[str, RetrainJob] = field(default_factory=dict)
    results: dict[str, RetrainFinished] = field(default_factory=dict)
    decisions: list[ExperimentDecided] = field(default_factory=list)
    directives: dict[str, Directive] = field(default_factory=dict)
    versions: dict[str, ModelVersion] = field(default_factory=dict)
    ticks: int = 0
    predictions: dict[str, int] = field(default_factory=dict)
    outcomes: dict[str, int] = field(default_factory=dict)

    def live(self) -> ModelVersion | None:
        """The version that is live by the registry; None where no command was ever given for the symbol."""
        return next((each for each in valid_versions(self.versions.values()) if each.status == "champion"), None)

    def now(self, predicting: str) -> ModelVersion | None:
        """The registry's record of the version that predicts now; None where it has none.

        Args:
            predicting: version that the newest prediction names; empty where none was found: `live` is returned then.
        """
        if not predicting:
            return self.live()
        return self.versions.get(predicting) or next(
            (
                each
                for each in valid_versions(self.versions.values())
                if is_builtin(each.version) and is_builtin(predicting)
            ),
            None,
        )


class Link(Struct, frozen=True):
    """One record of the chain, as a step for people.

    Attributes:
        ts_event: event time, ns since 1970, UTC.
        kind: of the record.
        id: of the record.
        what: a sentence.
        manual: whether a person did it.
    """

    ts_event: int
    kind: str
    id: str
    what: str
    manual: bool = False


def why(history: History, version: ModelVersion) -> list[Link]:
    """The chain of records that led to the present status of a version, first cause first."""
    links: list[Link] = []
    began = next((each for each in history.commands.values() if starts(each, version)), None)
    if isinstance(began, StartVariant):
        links += _training(history, began)
        links.append(link(began))
        if began.id in history.directives:
            links.append(link(history.directives[began.id]))
    last = history.commands.get(version.command)
    if last is not None and (began is None or last.id != began.id):
        experiment = version.experiment
        links += [link(each) for each in history.decisions if each.experiment == experiment and led(each, last)]
        links.append(link(last))
        if last.id in history.directives:
            links.append(link(history.directives[last.id]))
    links.append(link(version))
    return links


def starts(command: Command, version: ModelVersion) -> bool:
    """Whether this command started a version."""
    if not isinstance(command, StartVariant):
        return False
    if command.model is not None:
        return command.model.version == version.version
    return command.version == version.version or is_arms_version(version.version, command.arm)


def _training(history: History, began: StartVariant) -> Iterator[Link]:
    job = job_of_start(began.id)
    if not job:
        return
    for window in history.windows:
        if window.breach is not None and window.breach.id == job:
            yield link(window)
    for records in (history.commands, history.jobs, history.results):
        if job in records:
            yield link(records[job])


def led(decided: ExperimentDecided, command: Command) -> bool:
    """Whether a decision caused a command: their ids come from the same outcome."""
    return parent_of(decided.id) == parent_of(command.id)


def trail(history: History, begin: int, end: int) -> list[Link]:
    """All records between two event times as steps, causes before effects."""
    records: Sequence[Any] = [
        *(window for window in history.windows if window.breach is not None),
        *history.commands.values(),
        *history.jobs.values(),
        *history.results.values(),
        *history.decisions,
        *history.directives.values(),
    ]
    found = [(each.ts_event, _rank(each), link(each)) for each in records if begin <= each.ts_event <= end]
    return [each for _, _, each in sorted(found, key=lambda place: place[:2])]


def _rank(record: Any) -> int:
    return next((at for at, kind in enumerate(ORDER) if isinstance(record, kind)), len(ORDER))


def manual_steps(links: Sequence[Link]) -> int:
    """Number of steps that a person took."""
    return sum(each.manual for each in links)


def link(record: Any) -> Link:
    """A record as a step."""
    if isinstance(record, (StartVariant, StopVariant, PromoteVariant, RollBack, Retrain, PinVersion)):
        by = "by itself" if record.automatic else "by hand"
        kind = str(record.__struct_config__.tag)
        return Link(record.ts_event, "command", record.id, f"{kind}, {by}: {record.cause}", not record.automatic)
    kind, identity, what = "", record.id, ""
    if isinstance(record, AccuracyWindow):
        breach = record.breach
        assert breach is not None, "windows without a breach are no step"
        kind, what = "window", f"{record.version}: {breach.sentence}" + (f"; {breach.withheld}" * bool(breach.withheld))
    elif isinstance(record, RetrainJob):
        kind, what = "job", f"withheld: {record.withheld}" if record.withheld else f"retrain for {record.job}"
    elif isinstance(record, RetrainFinished):
        kind, what = "retrain", f"{record.result.status}: {record.result.sentence}"
    elif isinstance(record, ExperimentDecided):
        kind, what = "decision", f"{record.experiment}: {record.verdict}: {record.reason}"
    elif isinstance(record, Directive):
        kind, what = "directive", f"{record.action} {record.arm}"
    elif isinstance(record, ModelVersion):
        kind, what = "version", f"{record.version} is {stands(record.status)}: {record.reason}"
    return Link(record.ts_event, kind, identity, what)


class PredictionLineage(Struct, frozen=True):
    """One prediction from its tick to the version that made it.

    Attributes:
        tick: id of the tick that it answers.
        prediction: as it was made.
        outcome: what became of it; none if it was not scored or has not matured.
        window: accuracy window that counts it; None while that is open.
        version: links that led to the version that made it.
    """

    tick: str
    prediction: Prediction
    outcome: OutcomeMatured | None
    window: AccuracyWindow | None
    version: list[Link]


def window_of(history: History, outcome: OutcomeMatured) -> AccuracyWindow | None:
    """The window in which the live version was scored on an outcome."""
    version = outcome.arms[0].model_version
    for window in history.windows:
        if window.version == version and window.ts_from <= outcome.ts_prediction <= window.ts_until:
            return window
    return None


def failed_gates(result: RetrainingResult) -> str:
    """Gates that a candidate did not pass, with their numbers; empty where it passed all.

    >>> from schemas.retraining import GateRow
    >>> rows = (GateRow("beats last_move", 0.1, -0.2, 0.0, False, "at least -0.2 nats"),)
    >>> failed_gates(RetrainingResult("b1", "X", "rejected", "", gates=rows))
    'beats last move: at least -0.2 nats'
    """
    return "; ".join(f"{each.name.replace('_', ' ')}: {each.sentence}" for each in result.gates if not each.passed)
