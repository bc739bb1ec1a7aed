"""Everything that the page knows: records of any topic in, nothing out but its parts; lists are enough to test it."""

from collections.abc import Callable
from typing import Any

import msgspec

from agents.clients.reader import Once, Received
from agents.dashboard.alerts import OpenAlerts
from agents.dashboard.changes import (
    Versions,
    of_breach,
    of_command,
    of_decision,
    of_job,
    of_retrain,
    of_version,
)
from agents.dashboard.deciding import Courses
from agents.dashboard.forecasting import Outcomes
from agents.dashboard.lean import LeanMark, LeanOutcome, LeanPrediction
from agents.dashboard.letters import Letters
from agents.dashboard.symbols import Symbols
from agents.dashboard.timeline import TimeLine
from schemas.alerts import Alert
from schemas.codec import decoder
from schemas.commands import Command
from schemas.dead_letters import DeadLetter
from schemas.errors import Refused
from schemas.experiments import ExperimentDecided, ExperimentMoved, PooledDecided, PooledMoved
from schemas.positions import root_id
from schemas.retraining import RetrainFinished, RetrainJob
from schemas.topics import (
    ACCURACY_WINDOWS,
    ALERTS,
    CANDIDATES,
    COMMANDS,
    DEAD_LETTERS,
    EXPERIMENT_DECISIONS,
    EXPERIMENTS,
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
"""Of one symbol a prediction is looked at when this time has passed, or as many have: they come in bursts, too."""

Take = Callable[[Received, float], None]


class Board:
    """The parts of the page, fed by `take`.

    Attributes:
        symbols, outcomes, courses, timeline, alerts, versions, letters: what the bands show.
        unreadable: records that were none of their topic.
    """

    def __init__(self) -> None:
        self.symbols = Symbols()
        self.outcomes = Outcomes()
        self.courses = Courses()
        self.timeline = TimeLine()
        self.alerts = OpenAlerts()
        self.versions = Versions()
        self.letters = Letters()
        self.unreadable = 0
        self._once = Once()
        self._looked: dict[bytes | None, list[int]] = {}
        self._prediction = msgspec.json.Decoder(LeanPrediction).decode
        self._outcome = msgspec.json.Decoder(LeanOutcome).decode
        self._mark = msgspec.json.Decoder(LeanMark).decode
        self._takes: dict[str, Take] = {
            PREDICTIONS.name: self._predicted,
            OUTCOMES.name: self._matured,
            PAPER_ACCOUNT.name: self._marked,
            ACCURACY_WINDOWS.name: self._decoded(AccuracyWindow, self._windowed),
            EXPERIMENTS.name: self._decoded(ExperimentMoved, lambda record, _: self.courses.moved(record)),
            EXPERIMENT_DECISIONS.name: self._decoded(ExperimentDecided, self._decided),
            POOLED_EXPERIMENTS.name: self._decoded(PooledMoved | PooledDecided, self._pooled),
            MODEL_VERSIONS.name: self._decoded(ModelVersion, self._versioned),
            COMMANDS.name: self._decoded(Command, self._asked),
            RETRAIN_JOBS.name: self._decoded(RetrainJob, lambda record, _: self.timeline.take(of_job(record))),
            CANDIDATES.name: self._decoded(RetrainFinished, lambda record, _: self.timeline.take(of_retrain(record))),
            ALERTS.name: self._decoded(Alert, self._alerted),
            DEAD_LETTERS.name: self._decoded(DeadLetter, self._refused),
        }

    @property
    def topics(self) -> tuple[str, ...]:
        """Names of the topics that it takes records of."""
        return tuple(self._takes)

    def take(self, topic: str, records: list[Received], now: float) -> None:
        """Take records of one topic, those of a partition in their order.

        Args:
            topic: logical name.
            records: as they lie on the broker.
            now: clock, seconds since 1970.
        """
        take = self._takes[topic]
        for record in records:
            try:
                take(record, now)
            except (Refused, msgspec.DecodeError):
                # Whoever reads the topic by its contract meets it, too; a page goes on and says how many there were.
                self.unreadable += 1

    @property
    def newest_ns(self) -> int:
        """Event time of the newest prediction that was looked at, ns; 0 without one."""
        return max((state.ts_event for state in self.symbols), default=0)

    def _predicted(self, record: Received, now: float) -> None:
        looked = self._looked.get(record.key)
        if looked is None:
            looked = self._looked[record.key] = [0, 0]
        looked[1] += 1
        if record.timestamp_ms < looked[0] + BETWEEN_MS and looked[1] < AT_LEAST_ONE_OF:
            return
        looked[:] = record.timestamp_ms, 0
        self.symbols.predicted(self._prediction(record.value or b""), record.partition, record.offset, now)

    def _matured(self, record: Received, now: float) -> None:
        if self._once.is_new(record.partition, record.value):
            outcome = self._outcome(record.value or b"")
            self.outcomes.take(outcome)
            self.symbols.matured(outcome, record.partition)

    def _marked(self, record: Received, now: float) -> None:
        self.symbols.marked(self._mark(record.value or b""), record.partition)

    def _decoded(self, kind: Any, take: Callable[[Any, Received], None]) -> Take:
        decode = decoder(kind)
        return lambda record, now: take(decode(record.value), record)

    def _windowed(self, window: AccuracyWindow, record: Received) -> None:
        self.symbols.windowed(window, record.partition)
        self.timeline.take(of_breach(window))
        self.alerts.windowed(window)

    def _decided(self, decided: ExperimentDecided, record: Received) -> None:
        self.courses.decided(decided)
        self.timeline.take(of_decision(decided))

    def _pooled(self, told: PooledMoved | PooledDecided, record: Received) -> None:
        if isinstance(told, PooledMoved):
            self.courses.moved(told)
        else:
            self._decided(told, record)

    def _versioned(self, version: ModelVersion, record: Received) -> None:
        self.symbols.versioned(version, record.partition)
        self.versions.take(version)
        self.timeline.take(of_version(version))

    def _asked(self, command: Command, record: Received) -> None:
        self.timeline.take(of_command(command, root_id(COMMANDS.name, record.partition, record.offset)))

    def _alerted(self, alert: Alert, record: Received) -> None:
        self.timeline.alerted(alert, record.timestamp_ms)
        self.alerts.take(alert, record.timestamp_ms / 1e3)

    def _refused(self, letter: DeadLetter, record: Received) -> None:
        self.letters.take(letter, record.timestamp_ms)
