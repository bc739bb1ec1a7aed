"""Follows the topics for as long as the dashboard runs, whatever becomes of the broker."""

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version

from aiokafka.errors import KafkaError

from agents.broker import bootstrap
from agents.dashboard.alive import Alive, Clock, Link, alive
from agents.dashboard.board import Board
from agents.dashboard.latency import Latency
from agents.dashboard.lights import Lights
from agents.dashboard.rates import Rates
from agents.dashboard.tail import Tail
from agents.settings import Settings
from agents.telemetry.health import BROKER_S, Check, Verdict
from schemas.errors import EnvironmentProblem
from schemas.topics import TICKS

POLL_S = 0.4
LOOK_S = 1.0
AGAIN_S = 1.0
GIVE_UP_S = 15.0
"""A broker that is away for so long is asked for anew: it may have come back under another address."""

log = logging.getLogger(__name__)


class Replaced(Exception):
    """The topics are not those that were read before: they begin anew, and so does the page."""


class Watch:
    """What is known as of now.

    Args:
        settings: of the workers.
        clock: seconds since 1970.

    Attributes:
        board: what the topics say.
        link: how the broker answers.
        generation: grows when the topics were replaced by others.
    """

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.time) -> None:
        self.settings = settings
        self.address = ""
        self._clock = clock
        self._lights = Lights()
        self._began_s = clock()
        self.generation = 0
        self._anew()

    def _anew(self) -> None:
        self.board = Board()
        self.rates = Rates()
        self.latency = Latency()
        self.event_clock = Clock()
        self.link = Link(named=_named(self.settings))
        self._reached: dict[tuple[str, int], int] = {}
        self.generation += 1

    def alive(self) -> Alive:
        """The first band as of now."""
        return alive(
            self.rates, self.latency, self.event_clock, self.link, self._lights, self.board.alerts, self._clock()
        )

    def health(self) -> Verdict:
        """Whether it follows the topics: what it shows is old as soon as the broker does not answer."""
        now = self._clock()
        silent = now - (self.link.answered_s or self._began_s)
        ok = silent <= BROKER_S and not self.link.problem
        since = datetime.fromtimestamp(self._lights.since("broker", str(ok), now), UTC).isoformat(
            timespec="milliseconds"
        )
        said = self.link.problem or f"the broker answered {silent:.1f} s ago"
        check = Check("broker", ok, round(silent, 3), BROKER_S, since, said)
        return Verdict(ok, self.settings.group, "", version("tickloop"), (check,))

    async def run(self) -> None:
        """Follow the topics until cancelled."""
        while True:
            try:
                self.address = bootstrap(self.settings)
                session = Tail(self.settings, self.address, self.board.topics, self._reached)
                async with session as tail, asyncio.TaskGroup() as group:
                    group.create_task(self._read(tail))
                    group.create_task(self._look(tail))
            except* Replaced:
                log.warning("the topics were replaced: beginning anew")
                self._anew()
            except* (KafkaError, EnvironmentProblem, OSError) as errors:
                self._problem(errors.exceptions[0])
                await asyncio.sleep(AGAIN_S)

    async def _read(self, tail: Tail) -> None:
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            for topic, records in await tail.poll():
                self.board.take(topic, records, self._clock())
                await asyncio.sleep(0)
            await asyncio.sleep(max(0.05, POLL_S - (loop.time() - began)))

    async def _look(self, tail: Tail) -> None:
        loop = asyncio.get_running_loop()
        answered = loop.time()
        while True:
            now = self._clock()
            try:
                ends = await tail.ends(now)
                if ends.records[TICKS.name] < self.rates.count(TICKS.name):
                    raise Replaced
                state, members = await tail.group()
                for predictions, ticks in await tail.pairs():
                    self.latency.take(predictions, ticks, now)
            except (KafkaError, OSError) as error:
                self._problem(error)
                if loop.time() - answered > GIVE_UP_S:
                    raise
            else:
                answered = loop.time()
                self.rates.take(ends)
                self.event_clock.take(self.board.newest_ns, now)
                self.link = Link(self._clock(), "", members, state, self.link.named)
            await asyncio.sleep(LOOK_S)

    def _problem(self, error: BaseException) -> None:
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        said = "no answer" if isinstance(error, TimeoutError) or not str(error) else str(error)
        self.link = Link(self.link.answered_s, said.rstrip("."), -1, "", self.link.named)


def _named(settings: Settings) -> str:
    """Name of the replay run that these settings are of.

    >>> _named(Settings(prefix="lab-replay-monday.")), _named(Settings(prefix="lab-"))
    ('monday', '')
    """
    _, _, name = settings.prefix.rpartition("replay-")
    return name.rstrip(".") if "replay-" in settings.prefix else ""
