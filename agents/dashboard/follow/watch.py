"""Reads the topics for as long as the dashboard runs, and reconnects when the broker or its topics change."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from importlib.metadata import version

from aiokafka.errors import KafkaError

from agents.broker import bootstrap
from agents.config.settings import Settings
from agents.dashboard.bands.alive import Alive, BrokerLink, Clock, FollowerState, alive
from agents.dashboard.bands.lights import Lights
from agents.dashboard.follow.acknowledged import Acknowledged, AlertRow, alert_rows, file_of
from agents.dashboard.follow.following import BEGIN_ANEW_S, STILL_S, Following
from agents.dashboard.follow.tail import Tail
from agents.dashboard.follow.topics_state import Board
from agents.dashboard.state.latency import SPAN_S, Latency, PredictionTimes
from agents.dashboard.state.rates import Rates
from agents.pages.expert_names import NO_KINDS
from agents.process.background import first_error
from agents.telemetry.health import BROKER_S, HealthCheck, Verdict
from schemas.errors import EnvironmentProblem
from schemas.topics import PREDICTIONS, TICKS

POLL_S = 0.4
LOOK_S = 1.0
AGAIN_S = 1.0
GIVE_UP_S = 15.0
"""After this long without an answer the broker's address is looked up again, seconds: it may have changed."""

MEASURED_EVERY = 3
"""At every third look at the broker, the progress of the page's consumer is measured, too."""

log = logging.getLogger(__name__)


class Replaced(Exception):
    """Raised when the topics were deleted and created anew, so that the page has to start from nothing."""


class StoodStill(Exception):
    """Raised when the consumer that reads for the page makes no progress and has to be restarted."""


class TopicWatch:
    """Keeps the state of the page up to date from the topics.

    Args:
        settings: the settings that the workers run with.
        clock: gives the wall time, seconds since 1970.
        kinds: kind, such as `trees`, of each model that the configuration declares, by name.

    Attributes:
        board: state built up from the records.
        link: state of the connection to the broker.
        following: progress of the consumer that reads the topics.
        acknowledged: alerts that a person has acknowledged.
        troubles: parts of the page that cannot be updated, each with its error, by name of the part.
        generation: counter that grows when the topics were replaced by new ones and `board` was emptied.
        cluster: id of the Kafka cluster; empty until it has answered.
    """

    def __init__(
        self, settings: Settings, clock: Callable[[], float] = time.time, kinds: Mapping[str, str] = NO_KINDS
    ) -> None:
        self.settings = settings
        self._kinds = kinds
        self.address = self.cluster = ""
        self._clock = clock
        self._lights = Lights()
        self._began_s = clock()
        self.acknowledged = Acknowledged(file_of(settings))
        self.following = Following()
        self.troubles: dict[str, str] = {}
        self._begun_again = 0
        self.generation = 0
        self._anew()

    def _anew(self) -> None:
        self.board = Board(self._kinds)
        self.rates = Rates()
        self.latency = Latency()
        self.link = BrokerLink(named=_named(self.settings))
        self._reached: dict[tuple[str, int], int] = {}
        self.generation += 1

    def alive(self) -> Alive:
        """Compute the first section of the page as of now: does the system run and keep up?"""
        now = self._clock()
        return alive(
            self.rates,
            self.latency,
            Clock(self.board.symbols.newest_ns(now), self.board.symbols.speed(now)),
            self.link,
            self._lights,
            self.board.alerts,
            now,
            self._itself(now),
            lambda alert: self.acknowledged.get(alert) is not None,
        )

    def alerts(self) -> list[AlertRow]:
        """Rows for the open alerts, those not acknowledged first."""
        found = self.board.alerts.open(self._clock())
        return alert_rows(found, self.acknowledged)

    def _itself(self, now: float) -> FollowerState:
        passed = self.board.passed
        newest = ""
        if passed.newest:
            last = passed.newest[-1]
            newest = f"{last.topic} {last.partition} at {last.offset}: {last.reason}"
        return FollowerState(
            self.following.problem(now),
            self._begun_again,
            passed.count,
            tuple(passed.by_topic.items()),
            newest,
            tuple(self.troubles.items()),
        )

    def health(self) -> Verdict:
        """Result of the dashboard's own health check, which `/healthz` reports.

        The check fails if the broker has not answered for 5 seconds, or has answered with an error. It also fails if
        the consumer that reads the topics has made no progress for 10 seconds. What the page shows is out of date
        then.
        """
        now = self._clock()
        silent = now - (self.link.answered_s or self._began_s)
        said = self.link.problem or f"the broker answered {silent:.1f} s ago"
        broker = self._check("broker", silent <= BROKER_S and not self.link.problem, silent, BROKER_S, said)
        still, problem = self.following.still_s(now)
        if self.link.problem:  # whether records wait is not known then
            still, problem = 0.0, "not known while the broker does not answer"
        follows = self._check("follower", still <= STILL_S, still, STILL_S, problem or "it has not begun yet")
        checks = (broker, follows)
        ok = all(check.ok for check in checks)
        home = str(self.settings.home_path)
        return Verdict(ok, self.settings.group, "", version("tickloop"), checks, home, self.cluster)

    def _check(self, name: str, ok: bool, value: float, limit: float, says: str) -> HealthCheck:
        began = self._lights.since(name, str(ok), self._clock())
        since = datetime.fromtimestamp(began, UTC).isoformat(timespec="milliseconds")
        return HealthCheck(name, ok, round(value, 3), limit, since, says)

    async def run(self) -> None:
        """Read the topics until cancelled.

        It reconnects after an error of the broker, and restarts a consumer that makes no progress.
        """
        while True:
            try:
                self.address = bootstrap(self.settings)
                session = Tail(self.settings, self.address, self.board.topics, self._reached)
                async with session as tail, asyncio.TaskGroup() as group:
                    self.cluster = tail.cluster
                    self.following.anew(self._clock())
                    group.create_task(self._read(tail))
                    group.create_task(self._look(tail))
            except* Replaced:
                log.warning("the topics were replaced: beginning anew")
                self._anew()
            except* StoodStill as still:
                log.error("the page's follower is begun anew: %s", first_error(still))
                self._begun_again += 1
            except* (KafkaError, EnvironmentProblem, OSError) as errors:
                self._problem(first_error(errors))
                await asyncio.sleep(AGAIN_S)

    async def _read(self, tail: Tail) -> None:
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            for topic, records in await tail.poll():
                self.board.take(topic, records, self._clock())
                await asyncio.sleep(0)
            self.following.turned(self._clock())
            await asyncio.sleep(max(0.05, POLL_S - (loop.time() - began)))

    async def _look(self, tail: Tail) -> None:
        loop = asyncio.get_running_loop()
        answered, looks = loop.time(), 0
        while True:
            now = self._clock()
            try:
                ends = await tail.ends(now)
                if ends.records[TICKS.name] < self.rates.count(TICKS.name):
                    raise Replaced
                state, members = await tail.group()
                self.timed(await tail.pairs(), now)
                if looks % MEASURED_EVERY == 0:
                    self.following.measured(*await tail.reach(), self._clock())
            except (KafkaError, OSError) as error:
                self._problem(error)
                if loop.time() - answered > GIVE_UP_S:
                    raise
            else:
                answered = loop.time()
                self.rates.take(ends)
                self.link = BrokerLink(self._clock(), "", members, state, self.link.named)
                still, problem = self.following.still_s(self._clock())
                if still > BEGIN_ANEW_S:
                    raise StoodStill(problem)
            looks += 1
            await asyncio.sleep(LOOK_S)

    def timed(self, pairs: Iterable[tuple[Mapping[int, PredictionTimes], Mapping[int, int]]], now: float) -> None:
        """Measure latencies from times of predictions and of the ticks that they were made from.

        Nothing is measured if no prediction was written in the last 30 seconds, since all given times are then older.

        Args:
            pairs: for each partition, times of predictions, and times of ticks in ms; both by the offset of the tick.
            now: wall clock, seconds since 1970.
        """
        if self.rates.grown(PREDICTIONS.name, SPAN_S):
            for predictions, ticks in pairs:
                self.latency.take(predictions, ticks, now)

    def _problem(self, error: BaseException) -> None:
        said = "no answer" if isinstance(error, TimeoutError) or not str(error) else str(error)
        self.link = BrokerLink(self.link.answered_s, said.rstrip("."), -1, "", self.link.named)


def _named(settings: Settings) -> str:
    """Name of the replay run whose topics these settings are for; empty for the live topics.

    >>> _named(Settings(prefix="lab-replay-monday.")), _named(Settings(prefix="lab-"))
    ('monday', '')
    """
    _, _, name = settings.prefix.rpartition("replay-")
    return name.rstrip(".") if "replay-" in settings.prefix else ""
