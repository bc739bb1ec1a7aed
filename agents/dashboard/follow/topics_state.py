"""State of the page, built up from records of all topics.

It reads no topic itself, so a test can feed it plain lists of records.
"""

from collections.abc import Callable, Mapping
from typing import Any

from agents.clients.reader import Once, Received
from agents.dashboard.bands.alerts import OpenAlerts
from agents.dashboard.bands.changed import (
    of_breach,
    of_break,
    of_command,
    of_decision,
    of_fault,
    of_job,
    of_retrain,
    of_version,
)
from agents.dashboard.bands.deciding import Courses
from agents.dashboard.bands.now import Symbols
from agents.dashboard.bands.timeline import TimeLine
from agents.dashboard.bands.versions import Versions
from agents.dashboard.state.dead_letters import Letters
from agents.dashboard.state.faults import FaultsSeen
from agents.dashboard.state.forecasts import Outcomes
from agents.dashboard.state.model_kinds import ModelKinds
from agents.dashboard.state.passed_over import Passed
from agents.dashboard.state.shown_fields import MarkFields, OutcomeFields, PredictionFields
from agents.pages.expert_names import NO_KINDS
from schemas.alerts import Alert
from schemas.breaks import ClockBroken
from schemas.codec import decoder
from schemas.commands import Command
from schemas.dead_letters import DeadLetter
from schemas.errors import Refused
from schemas.experiments import ExperimentDecided, ExperimentMoved, PooledDecided, PooledMoved
from schemas.faults import ComponentFailed
from schemas.positions import root_id
from schemas.retraining import RetrainFinished, RetrainJob
from schemas.topics import (
    ACCURACY_WINDOWS,
    ALERTS,
    BREAKS,
    CANDIDATES,
    COMMANDS,
    DEAD_LETTERS,
    EXPERIMENT_DECISIONS,
    EXPERIMENTS,
    FAULTS,
    MODEL_VERSIONS,
    OUTCOMES,
    PAPER_ACCOUNT,
    POOLED_EXPERIMENTS,
    PREDICTIONS,
    RETRAIN_JOBS,
)
from schemas.versions import ModelVersion
from schemas.windows import AccuracyWindow

BETWEEN_MS, AT_LEAST_ONE_OF = 200, 25
"""A prediction of a symbol is looked at if so much time has passed since the last one, or if it is the 25th since
then."""

END_OF_TIME = 2**63

MOST_KEYS = 20_000
"""Most symbols of which it is remembered when a prediction was last looked at."""

Take = Callable[[Received, float], None]


class Board:
    """All state that the page shows, built up by `take` from the records of every topic.

    Args:
        kinds: kind, such as `trees`, of each model that the configuration declares, by name.

    Attributes:
        symbols: state and history of each symbol.
        outcomes: the newest outcomes of predictions.
        courses: history of each experiment.
        timeline: what changed, newest first.
        alerts: alerts that nothing has resolved yet.
        versions: model versions.
        kinds: kinds of the models among the experts.
        faults: components that failed, and models that reached their largest size.
        letters: refused records.
        passed: number of records that could not be understood, and the newest of them.
    """

    def __init__(self, kinds: Mapping[str, str] = NO_KINDS) -> None:
        self.kinds = ModelKinds(kinds)
        self.symbols = Symbols()
        self.outcomes = Outcomes()
        self.courses = Courses()
        self.timeline = TimeLine()
        self.alerts = OpenAlerts()
        self.versions = Versions()
        self.faults = FaultsSeen()
        self.letters = Letters()
        self.passed = Passed()
        self._once = Once()
        self._letters_once = Once()
        self._looked: dict[bytes | None, list[int]] = {}
        self._prediction = decoder(PredictionFields)
        self._outcome = decoder(OutcomeFields)
        self._mark = decoder(MarkFields)
        self._takes: dict[str, Take] = {
            PREDICTIONS.name: self._predicted,
            OUTCOMES.name: self._matured,
            PAPER_ACCOUNT.name: self._marked,
            ACCURACY_WINDOWS.name: self._decoded(AccuracyWindow, self._windowed),
            EXPERIMENTS.name: self._decoded(ExperimentMoved, lambda record, _, __: self.courses.moved(record)),
            EXPERIMENT_DECISIONS.name: self._decoded(ExperimentDecided, self._decided),
            POOLED_EXPERIMENTS.name: self._decoded(PooledMoved | PooledDecided, self._pooled),
            MODEL_VERSIONS.name: self._decoded(ModelVersion, self._versioned),
            COMMANDS.name: self._decoded(Command, self._asked),
            RETRAIN_JOBS.name: self._decoded(RetrainJob, self._called_for),
            CANDIDATES.name: self._decoded(RetrainFinished, self._retrained),
            ALERTS.name: self._decoded(Alert, self._alerted),
            BREAKS.name: self._decoded(ClockBroken, self._broke),
            FAULTS.name: self._decoded(ComponentFailed, self._failed),
            DEAD_LETTERS.name: self._decoded(DeadLetter, self._refused),
        }

    @property
    def topics(self) -> tuple[str, ...]:
        """Names of the topics whose records `take` accepts, without the prefix that they have on the cluster."""
        return tuple(self._takes)

    def predicting(self) -> dict[str, str]:
        """Model version that made the newest prediction of each symbol, for symbols that have a version record."""
        states = map(self.symbols.get, self.versions.symbols())
        return {each.name: each.prediction.model_version for each in states if each is not None and each.prediction}

    def take(self, topic: str, records: list[Received], now: float) -> None:
        """Take records of one topic; those of each partition must come in the order of their offsets.

        A record that cannot be understood is counted in `passed`, and the next one is taken.

        Args:
            topic: name, without the prefix that it has on the cluster.
            records: as they were read.
            now: wall clock, seconds since 1970.
        """
        take = self._takes[topic]
        for record in records:
            try:
                take(record, now)
            except Exception as error:  # noqa: BLE001 - anybody may have written it: it is counted and shown
                self.passed.take(topic, record.partition, record.offset, error)

    def _predicted(self, record: Received, now: float) -> None:
        looked = self._looked.get(record.key)
        if looked is None:
            if len(self._looked) >= MOST_KEYS:
                self._looked.clear()
            looked = self._looked[record.key] = [0, 0]
        looked[1] += 1
        if record.timestamp_ms < looked[0] + BETWEEN_MS and looked[1] < AT_LEAST_ONE_OF:
            return
        looked[:] = record.timestamp_ms, 0
        prediction = self._prediction(record.value or b"")
        self.symbols.predicted(prediction, record.partition, record.offset, now, written_ms(record, now))

    def _matured(self, record: Received, now: float) -> None:
        if self._once.is_new(record.partition, record.value):
            outcome = self._outcome(record.value or b"")
            if self.symbols.matured(outcome, record.partition, now):
                self.outcomes.take(outcome)

    def _marked(self, record: Received, now: float) -> None:
        self.symbols.marked(self._mark(record.value or b""), record.partition, now)

    def _decoded(self, kind: Any, take: Callable[[Any, Received, float], None]) -> Take:
        decode = decoder(kind)

        def decoded(record: Received, now: float) -> None:
            found = decode(record.value)
            expect_time(getattr(found, "ts_event", 0))
            take(found, record, now)

        return decoded

    def _windowed(self, window: AccuracyWindow, record: Received, now: float) -> None:
        self.symbols.windowed(window, record.partition, now)
        self.timeline.take(of_breach(window), written_ms(record, now))
        self.alerts.windowed(window, written_ms(record, now) / 1e3)

    def _decided(self, decided: ExperimentDecided, record: Received, now: float) -> None:
        self.courses.decided(decided)
        self.timeline.take(of_decision(decided), written_ms(record, now))

    def _pooled(self, told: PooledMoved | PooledDecided, record: Received, now: float) -> None:
        if isinstance(told, PooledMoved):
            self.courses.moved(told)
        else:
            self._decided(told, record, now)

    def _versioned(self, version: ModelVersion, record: Received, now: float) -> None:
        self.symbols.versioned(version, record.partition, now)
        self.versions.take(version, written_ms(record, now))
        self.courses.versioned(version)
        self.kinds.versioned(version)
        self.timeline.take(of_version(version), written_ms(record, now))

    def _asked(self, command: Command, record: Received, now: float) -> None:
        self.kinds.asked(command)
        change = of_command(command, root_id(COMMANDS.name, record.partition, record.offset))
        self.timeline.take(change, written_ms(record, now))

    def _called_for(self, job: RetrainJob, record: Received, now: float) -> None:
        self.timeline.take(of_job(job), written_ms(record, now))

    def _retrained(self, finished: RetrainFinished, record: Received, now: float) -> None:
        self.timeline.take(of_retrain(finished), written_ms(record, now))
        self.versions.retrained(finished, written_ms(record, now))
        self.kinds.retrained(finished)

    def _alerted(self, alert: Alert, record: Received, now: float) -> None:
        self.timeline.alerted(alert, written_ms(record, now))
        self.alerts.take(alert, written_ms(record, now) / 1e3)

    def _broke(self, broken: ClockBroken, record: Received, now: float) -> None:
        self.timeline.take(of_break(broken), written_ms(record, now))
        if broken.reason != "price":
            self.alerts.broken(broken.symbol)

    def _failed(self, failed: ComponentFailed, record: Received, now: float) -> None:
        self.faults.take(failed)
        self.timeline.take(of_fault(failed), written_ms(record, now))

    def _refused(self, letter: DeadLetter, record: Received, now: float) -> None:
        if self._letters_once.is_new(record.partition, record.value):
            self.letters.take(letter, written_ms(record, now))


def written_ms(record: Received, now: float) -> int:
    """When a record was written, ms since 1970, by its Kafka timestamp.

    The time is limited to between 0 and `now` (wall clock, seconds since 1970), since producers can set any
    timestamp.
    """
    return max(0, min(record.timestamp_ms, round(now * 1e3)))


def expect_time(ts_event: int) -> None:
    """Check that an event time in ns fits into a signed 64-bit number and is not below 0.

    Raises:
        Refused: the time is out of this range.
    """
    if not 0 <= ts_event < END_OF_TIME:
        raise Refused("malformed", f"expected an event time of 0 to 2^63 ns, was {ts_event:.3e}")
