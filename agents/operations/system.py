"""Runs the whole system on one machine: broker, topics, workers and, if asked for, the dashboard."""

import asyncio
import time
from collections.abc import Mapping

from aiokafka.errors import KafkaError
from msgspec.structs import replace
from rich.console import Console
from rich.status import Status

from agents.broker import bootstrap, process
from agents.broker.cluster import describe
from agents.broker.launch import start
from agents.config.settings import Settings
from agents.dashboard.serve.guard import told
from agents.operations import addresses, topics
from agents.operations.addresses import port_of_page, ports_of_workers
from agents.operations.supervisor import Supervisor
from agents.operations.topic_counts import Gauge, TopicCounts
from agents.process.background import owned, said, ungrouped
from agents.process.waiting import waiting_for
from agents.runtime.binding import snapshot_topics
from agents.telemetry.health import Verdict
from agents.telemetry.health_queries import Answer, ask_all, is_live, standing, state
from schemas.errors import TickloopError
from schemas.topics import DEAD_LETTERS, OUTCOMES, PREDICTIONS, TICKS
from streams.engine.chain import chained
from streams.parameters import Parameters
from streams.topology import nodes

LOOK_S = 1.0
REPORT_S = 2.0
QUIET_REPORT_S = 15.0


def wanted_topics(settings: Settings) -> list[topics.TopicSpec]:
    """All topics that a system needs: those for records of all kinds, and those for snapshots."""
    loop = chained(nodes(Parameters()))
    names = [name for node in loop for name in snapshot_topics(settings, node)]
    return [*topics.registry(settings), *(topics.changelog(settings, name) for name in names)]


class System:
    """A broker, its topics and the workers, run from one set of settings.

    Args:
        settings: settings of the system.
        console: where messages for the user are printed.
        dashboard: whether to run a dashboard.
        port: port that the dashboard must have; None takes the port of the settings, or the next free one.

    Attributes:
        settings: the settings, with the ports that were chosen.
        started_broker: whether this object started the local broker. If so, the caller has to stop the broker.
    """

    def __init__(
        self, settings: Settings, console: Console, *, dashboard: bool = False, port: int | None = None
    ) -> None:
        self.settings = settings
        self._dashboard, self._port = dashboard, port
        self._cluster = ""
        self.started_broker = False
        self._retrainer = True
        self._console = console

    def say(self, sentence: str) -> None:
        self._console.print(f"[dim]{time.strftime('%H:%M:%S')}[/dim] {sentence}", highlight=False, soft_wrap=True)

    async def prepare(self) -> str:
        """Start the local broker if the settings name no external cluster, and create missing topics.

        Returns:
            The address of the cluster, `host:port`.
        """
        if self.settings.bootstrap:
            address = bootstrap(self.settings)
        else:
            broker, self.started_broker = await asyncio.to_thread(start, self.settings.home_path, None, self.say)
            address = broker.address
            # The mock cluster has one group, and the workers are in it.
            self._retrainer = broker.kind != "mock"
            self.say(f"broker: Apache Kafka {broker.version} at {address}")
        with waiting_for(f"the cluster at {address} to have the topics", self.say):
            self._cluster = (await describe(address)).id
            changed = await topics.apply(address, wanted_topics(self.settings))
        self.say(f"topics: {len({difference.topic for difference in changed})} created or changed")
        return address

    async def choose_ports(self) -> None:
        """Choose free ports for dashboard and workers, put them into `settings`, and record them in the home folder.

        Raises:
            EnvironmentProblem: the port that the dashboard must have is taken.
        """
        page = await port_of_page(self.settings, self._port, self.say) if self._dashboard else 0
        metrics = await ports_of_workers(self.settings, self.say)
        self.settings = replace(
            self.settings, metrics_port=metrics, dashboard_port=page or self.settings.dashboard_port
        )
        addresses.write(self.settings, dashboard=self._dashboard)

    async def run(self) -> None:
        """Start the system and keep it running until cancelled.

        Raises:
            EnvironmentProblem: the port that the dashboard must have is taken.
            TickloopError: a worker repeatedly fails, or the broker cannot be started again.
        """
        await self.choose_ports()
        address = await self.prepare()
        workers = self.settings.workers
        environment = {
            "TICKLOOP_BOOTSTRAP": address,
            "TICKLOOP_HOME": str(self.settings.home_path),
            "TICKLOOP_METRICS_PORT": str(self.settings.metrics_port),
        }
        port = self.settings.dashboard_port if self._dashboard else 0
        supervisor = Supervisor(
            workers, self.settings.home_path, environment, self.say, retrainer=self._retrainer, dashboard_port=port
        )
        self.say(f"workers: {workers}, logs in {self.settings.home_path / 'logs'}")
        if port:
            self.say(told(self.settings, port))
        async with ungrouped(TickloopError), asyncio.TaskGroup() as group:
            group.create_task(owned("the supervisor", supervisor.run()))
            group.create_task(owned("the report", self._report(address)))
            if self.settings.metrics_port:
                group.create_task(owned("the watch over workers", self._watch_workers()))
            if not self.settings.bootstrap:
                group.create_task(owned("the keeper of the broker", self._keep_broker()))

    async def _keep_broker(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            if process.running(self.settings.home_path) is None:
                self.say("the broker is gone; starting it again on its data")
                await asyncio.to_thread(start, self.settings.home_path, None, self.say)
                self.say("the broker is back")

    async def _watch_workers(self) -> None:
        """Say how each worker is whenever its state changes; changes of mere measurements do not count.

        Until all workers have been ready once, it is also said now and then which ones are waited for.
        """
        before: dict[int, str] = {}
        logs = self.settings.home_path / "logs"
        fix = f"their logs are in {logs}; `tickloop doctor` looks for what is wrong"
        with waiting_for("the workers to be ready", self.say, fix) as waiting:
            answers: dict[int, Answer] = {}
            while not (answers and all(map(is_live, answers.values()))):
                answers = await ask_all(self.settings, self._cluster)
                waiting.stands = standing(answers)
                self._say_what_changed(answers, before)
                await asyncio.sleep(LOOK_S)
        while True:
            self._say_what_changed(await ask_all(self.settings, self._cluster), before)
            await asyncio.sleep(LOOK_S)

    def _say_what_changed(self, answers: Mapping[int, Answer], before: dict[int, str]) -> None:
        for slot, answer in answers.items():
            words = state(answer)
            kind = (
                str([check.name for check in answer.checks if not check.ok]) if isinstance(answer, Verdict) else words
            )
            if before.get(slot, "") != kind:
                if slot in before or answer is not None:
                    self.say(f"worker-{slot}: {words}")
                before[slot] = kind

    async def _report(self, address: str) -> None:
        """Show a status line about the topics, for ever; without a terminal, print one when something has changed.

        If the broker does not answer, it is asked again with a new client; workers are not stopped for that.
        """
        pause = REPORT_S if self._console.is_terminal else QUIET_REPORT_S
        with self._console.status("waiting for ticks") as status:
            while True:
                try:
                    async with Gauge(self.settings, address) as gauge:
                        await self._keep_reading(gauge, status, pause)
                except (KafkaError, OSError) as error:
                    status.update(f"the broker does not answer: {said(error)}")
                    await asyncio.sleep(pause)

    async def _keep_reading(self, gauge: Gauge, status: Status, pause: float) -> None:
        before: TopicCounts | None = None
        while True:
            reading = await gauge.read()
            if before is not None:
                line = summary(before, reading, pause)
                status.update(line)
                if not self._console.is_terminal and reading != before:
                    self.say(line)
            before = reading
            await asyncio.sleep(pause)


def summary(before: TopicCounts, now: TopicCounts, seconds: float) -> str:
    """Status line with the number of records on the main topics, and their rates since the previous reading.

    Args:
        before: the previous reading.
        now: the present reading.
        seconds: time between the two readings, seconds.

    >>> earlier = TopicCounts({"ticks": 0, "predictions": 0, "outcomes": 0, "dead-letters": 0}, lag=0)
    >>> later = TopicCounts({"ticks": 5000, "predictions": 4990, "outcomes": 700, "dead-letters": 10}, lag=120)
    >>> summary(earlier, later, seconds=2.0)
    'ticks 5,000 (2,500/s)  predictions 4,990 (2,495/s)  outcomes 700  dead letters 10  lag 120'
    """
    counts, rates = now.records, {name: (now.records[name] - before.records[name]) / seconds for name in now.records}
    moving = "  ".join(f"{name} {counts[name]:,} ({rates[name]:,.0f}/s)" for name in (TICKS.name, PREDICTIONS.name))
    return f"{moving}  outcomes {counts[OUTCOMES.name]:,}  dead letters {counts[DEAD_LETTERS.name]:,}  lag {now.lag:,}"
