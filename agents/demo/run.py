"""Runs one demo: starts workers, publishes ticks, reads results, kills a worker, and checks the records afterwards."""

import asyncio
import os
import signal
from collections.abc import Callable, Sequence
from contextlib import aclosing, suppress

import msgspec
import psutil
from msgspec import Struct
from rich.console import Console

from agents.broker import process
from agents.broker.cluster import admin
from agents.clients.publisher import publish
from agents.clients.reader import Received, read_blocks
from agents.commands.keyring import signing
from agents.config.plugins import configured_parameters
from agents.config.settings import Settings
from agents.demo.audit import AuditCheck, audit
from agents.demo.market import Market, ids_of_broken
from agents.demo.membership import wait_for_owners, wait_for_workers
from agents.demo.observed import Observed
from agents.demo.plan import DemoPlan
from agents.demo.stopwatch import Stopwatch
from agents.demo.summary import Kill, Summary
from agents.demo.view import LiveView
from agents.operations import topics
from agents.operations.supervisor import Slot, Supervisor
from agents.operations.system import wanted_topics
from agents.operations.topic_counts import Gauge
from agents.process.background import ungrouped
from agents.process.waiting import waiting_for
from schemas.codec import decoder
from schemas.errors import TickloopError
from schemas.outcomes import OutcomeMatured
from schemas.topics import DEAD_LETTERS, OUTCOMES, PREDICTIONS, TICKS, TOPICS
from streams.scoring.skill import Skill, skill
from streams.topology import nodes

READY_S = 60.0
ANSWERED_S = 60.0
LOOK_S = 0.2
BEFORE_THE_KILL_S = 1.0
"""Ticks that were on the way when the worker was killed are no measure of undisturbed latency."""


class Played(Struct, frozen=True):
    """Result of the part of a demo that runs on Kafka.

    Attributes:
        sent: number of ticks that the broker acknowledged.
        seconds: time from the first to the last acknowledgement, seconds.
        killed: the killed worker, facts about the kill, and the time of the kill on the event loop's clock, seconds;
            None without a kill.
        stopwatch: the time that each tick waited for its prediction.
        observed: records that were read from the topics while the demo ran.
        logs: all records of each topic, by topic name (without the system's prefix).
        busy: average load of this machine's cores while ticks were published, 0 to 1.
    """

    sent: int
    seconds: float
    killed: tuple[Slot, Kill, float] | None
    stopwatch: Stopwatch
    observed: Observed
    logs: dict[str, list[Received]]
    busy: float


def run(plan: DemoPlan, market: Market, settings: Settings, console: Console, say: Callable[[str], None]) -> Summary:
    """Run a demo on the given system: publish the market, kill a worker if planned, check all records.

    Args:
        plan: the options of the demo.
        market: the ticks to publish.
        settings: settings of a cluster and a home folder for this demo alone.
        console: where the demo is shown while it runs.
        say: called with a sentence about each event.

    Raises:
        EnvironmentProblem: the cluster does not answer, or the workers do not get ready.
        TickloopError: a worker repeatedly fails.
    """
    environment = {
        f"TICKLOOP_{name.upper()}": str(getattr(settings, name))
        for name in ("bootstrap", "home", "prefix", "partitions", "replication", "metrics_port")
    }
    supervisor = Supervisor(settings.workers, settings.home_path, environment, say)
    try:
        played = asyncio.run(_play(plan, market, settings, supervisor, console, say))
    finally:
        _kill_what_is_left(supervisor.slots)
    replaying = "replaying the tick log in one process, to compare every byte"
    with console.status(replaying), waiting_for(f"the proof: {replaying}", say):
        return _summary(plan, market, settings, played)


async def _play(
    plan: DemoPlan,
    market: Market,
    settings: Settings,
    supervisor: Supervisor,
    console: Console,
    say: Callable[[str], None],
) -> Played:
    stopwatch = Stopwatch(market.feed, plan.rate, settings.partitions)
    observed = Observed(stopwatch)
    view = LiveView(console, market.title, stopwatch, observed, supervisor.slots)
    takers = {
        PREDICTIONS: observed.take_predictions,
        OUTCOMES: observed.take_outcomes,
        DEAD_LETTERS: observed.take_dead_letters,
    }
    with waiting_for("the topics", say):
        await topics.apply(settings.bootstrap, wanted_topics(settings))
    async with ungrouped(TickloopError), asyncio.TaskGroup() as group:
        background = [group.create_task(supervisor.run())]
        background += [group.create_task(_read(settings, topic.name, take)) for topic, take in takers.items()]
        with console.status(f"starting {settings.workers} workers"):
            await wait_for_workers(settings.bootstrap, settings, say)
        say(f"workers: {settings.workers}, {settings.partitions} partitions shared out among them, and ready")
        background.append(group.create_task(view.run()))
        killing = group.create_task(_kill_half_way(settings, stopwatch, supervisor.slots, say)) if plan.kill else None
        psutil.cpu_percent()  # from here on
        published = await publish(stopwatch.play(), settings.bootstrap, settings.topic(TICKS.name))
        busy = psutil.cpu_percent() / 100
        killed = await killing if killing is not None else None
        with suppress(TimeoutError):  # what is missing then, the checks will say
            async with asyncio.timeout(ANSWERED_S):
                await observed.until(published.ticks)
                await _caught_up(settings)
        for task in background:
            task.cancel()
    with console.status("reading everything back"), waiting_for("everything to be read back", say):
        logs = {topic.name: await _everything(settings, topic.name) for topic in TOPICS}
    return Played(published.ticks, published.seconds, killed, stopwatch, observed, logs, busy)


async def _caught_up(settings: Settings) -> None:
    """Wait until the workers have computed everything, also from records that they wrote themselves."""
    async with Gauge(settings, settings.bootstrap) as gauge:
        reading = await gauge.read()
        while reading.lag:
            await asyncio.sleep(LOOK_S)
            reading = await gauge.read()


async def _read(settings: Settings, topic: str, take: Callable[[Sequence[Received], float], None]) -> None:
    clock = asyncio.get_running_loop().time
    async with aclosing(read_blocks(settings.bootstrap, settings.topic(topic))) as blocks:
        async for block in blocks:
            take(block, clock())


async def _everything(settings: Settings, topic: str) -> list[Received]:
    found: list[Received] = []
    name = settings.topic(topic)
    async with aclosing(read_blocks(settings.bootstrap, name, until_end=True, repeats=True)) as blocks:
        async for block in blocks:
            found += block
    return found


async def _kill_half_way(
    settings: Settings, stopwatch: Stopwatch, slots: Sequence[Slot], say: Callable[[str], None]
) -> tuple[Slot, Kill, float]:
    """Kill the worker that owns the partition with the most ticks, with SIGKILL, when half of the ticks are sent."""
    await stopwatch.half_way.wait()
    async with admin(settings.bootstrap) as cluster, asyncio.timeout(READY_S):
        owned = await wait_for_owners(cluster, settings)
    name = owned[stopwatch.busiest]
    slot = next(slot for number, slot in enumerate(slots, 1) if name == f"{settings.group}-{number}")
    if slot.pid is None:
        raise TickloopError(f"expected {slot.name} to run, it had ended by itself; its log is {slot.log_file}")
    os.kill(slot.pid, signal.SIGKILL)
    partitions = tuple(sorted(number for number, owner in owned.items() if owner == name))
    say(f"kill -9 of {slot.name}, which has partitions {', '.join(map(str, partitions))}")
    return slot, Kill(slot.name, stopwatch.sent, partitions, 0), asyncio.get_running_loop().time()


def _kill_what_is_left(slots: Sequence[Slot]) -> None:
    """Kill workers that still run because the supervisor was interrupted while it stopped them."""
    for slot in slots:
        if slot.pid is not None:
            with suppress(ProcessLookupError):  # it ended, and nobody was left to be told
                os.kill(slot.pid, signal.SIGKILL)


def _summary(plan: DemoPlan, market: Market, settings: Settings, played: Played) -> Summary:
    stopwatch, observed = played.stopwatch, played.observed
    loop = nodes(configured_parameters(), signing(settings))
    broken = ids_of_broken(market.feed, settings.partitions) if market.synthetic else None
    audited = audit(loop, played.sent, broken, played.logs)
    checks = audited.checks
    kill, undisturbed = None, None
    if played.killed is not None:
        slot, kill, when = played.killed
        kill = msgspec.structs.replace(kill, restarts=slot.restarts)
        undisturbed = stopwatch.latency(until=when - BEFORE_THE_KILL_S)
        found = f"{kill.worker}, started again {slot.restarts} time" + ("" if slot.restarts == 1 else "s")
        checks += (AuditCheck("the killed worker came back by itself", found, slot.restarts == 1),)
    return Summary(
        market=market.title,
        synthetic=market.synthetic,
        cluster=_cluster(settings),
        symbols=tuple(sorted(observed.latest)),
        market_seconds=market.seconds,
        seconds=played.seconds,
        rate=plan.rate,
        workers=settings.workers,
        sent=played.sent,
        refused=dict(observed.refused.most_common()),
        audit=msgspec.structs.replace(audited, checks=checks),
        latency=stopwatch.latency(),
        undisturbed=undisturbed,
        kill=kill,
        skill=_skill(played.logs[OUTCOMES.name]),
        holds=all(check.holds for check in checks),
        cores=os.cpu_count() or 0,
        busy=played.busy,
    )


def _cluster(settings: Settings) -> str:
    broker = process.running(settings.home_path)
    if broker is None:
        return f"the cluster at {settings.bootstrap}"
    return (
        f"Apache Kafka {broker.version}" if broker.kind == "kafka" else "librdkafka's mock cluster, which is no Kafka"
    )


def _skill(records: Sequence[Received]) -> Skill | None:
    decode = decoder(OutcomeMatured)
    in_order = sorted(records, key=lambda record: (record.partition, record.offset))
    outcomes = list({outcome.id: outcome for outcome in (decode(record.value) for record in in_order)}.values())
    return skill(outcomes) if any(outcome.label for outcome in outcomes) else None
