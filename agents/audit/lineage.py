"""Links the records of one symbol: how a model version became live, and how a prediction was made and scored."""

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
"""Order of records that have the same event time: causes before effects."""


class History(Struct):
    """The records of one symbol that an audit needs, each once.

    Attributes:
        windows: accuracy windows (scores of a version over a span of outcomes), in the order of the topic.
        commands: commands that people or nodes gave, by id.
        jobs: retrains that were asked for, by job id.
        results: results of retrains, by job id.
        decisions: verdicts of experiments, in the order of the topic.
        directives: records in the topic of ticks that start, promote or stop a version, by id.
        versions: newest registry record of each model version, by name of the version.
        ticks: number of ticks in the span of event time that was counted.
        predictions, outcomes: number of predictions and number of outcomes in that span, by the version that predicted.
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
        """Return the registry's record of the version whose status is `champion` (live).

        None if the registry has no live version of the symbol. This is so until the first command for
        the symbol, since the registry has no record of any version of the symbol before that command.
        """
        return next((each for each in valid_versions(self.versions.values()) if each.status == "champion"), None)

    def now(self, predicting: str) -> ModelVersion | None:
        """Return the registry's record of the model version that predicts now; None if there is no record.

        The version that a symbol begins with gets a new name whenever its parameters change. If
        `predicting` is one of these names but has no record, the record under the newest of them is
        returned.

        Args:
            predicting: version that the newest prediction names. Empty if no prediction was found: then
                the version that is live by the registry is returned.
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
    """One record of an audit trail, described for people.

    Attributes:
        ts_event: event time of the record, ns since 1970, UTC.
        kind: kind of the record: command, window, job, retrain, decision, directive or version.
        id: id of the record.
        what: what the record says, as a sentence.
        manual: whether a person gave this command; False for records of any other kind.
    """

    ts_event: int
    kind: str
    id: str
    what: str
    manual: bool = False


def why(history: History, version: ModelVersion) -> list[Link]:
    """Return the chain of records that led to the present status of a model version, the first cause first.

    A full chain is: the accuracy window that called for a retrain, the retrain, the command that started the
    version, the decision of an experiment, the command that promoted the version, and its registry record.
    Records that are missing in `history` are left out.
    """
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
    """Whether a command is the one that started a model version; False for any command but `start_variant`."""
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
    """Whether an experiment's decision caused a command: both ids then begin with the id of the same outcome."""
    return parent_of(decided.id) == parent_of(command.id)


def trail(history: History, begin: int, end: int) -> list[Link]:
    """Return the records of a span of event time, described for people.

    They are sorted by event time; at equal times a cause comes before its effect. Accuracy windows are included
    only if they called for a retrain; registry records of versions are not included.

    Args:
        history: records of one symbol.
        begin, end: first and last event time of the span, both included, ns since 1970, UTC.
    """
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
    """Return how many of the records are commands that a person gave."""
    return sum(each.manual for each in links)


def link(record: Any) -> Link:
    """Describe a record for people.

    Args:
        record: a command, retrain job, retrain result, decision of an experiment, directive or registry record of
            a version, or an accuracy window that called for a retrain.

    Raises:
        AssertionError: `record` is an accuracy window that called for no retrain.
    """
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
    """One prediction, what became of it, and how the model version that made it became live.

    Attributes:
        tick: id of the tick that the prediction answers.
        prediction: the record as it was published.
        outcome: outcome of the prediction; None if the prediction was not chosen to be scored, or if its horizon has
            not passed yet.
        window: the accuracy window (scores over a span of outcomes) in which the outcome is counted; None if that
            window is still open, or if there is no outcome.
        version: records that led to the version, the first cause first; empty if the registry does not know the
            version.
    """

    tick: str
    prediction: Prediction
    outcome: OutcomeMatured | None
    window: AccuracyWindow | None
    version: list[Link]


def window_of(history: History, outcome: OutcomeMatured) -> AccuracyWindow | None:
    """Return the accuracy window that counts an outcome for the live version; None if that window is still open."""
    version = outcome.arms[0].model_version
    for window in history.windows:
        if window.version == version and window.ts_from <= outcome.ts_prediction <= window.ts_until:
            return window
    return None


def failed_gates(result: RetrainingResult) -> str:
    """Return the conditions that a retrained model did not meet, with their numbers; empty if it met all of them.

    >>> from schemas.retraining import GateRow
    >>> row = GateRow(
    ...     name="beats last_move", estimate=0.1, bound=-0.2, limit=0.0, passed=False, sentence="at least -0.2 nats"
    ... )
    >>> failed_gates(RetrainingResult(job_id="b1", symbol="X", status="rejected", sentence="", gates=(row,)))
    'beats last move: at least -0.2 nats'
    """
    return "; ".join(f"{each.name.replace('_', ' ')}: {each.sentence}" for each in result.gates if not each.passed)
