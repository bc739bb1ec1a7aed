"""The story of a model: the market drifts, it is retrained, replaced, and a sabotaged successor is thrown out again."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from typing import Any, Literal

import msgspec
from msgspec import Struct
from rich.console import Console

from agents.clients.commander import Commander, Place, commander
from agents.clients.pace import Pace
from agents.clients.publisher import publish
from agents.clients.reader import read_blocks
from agents.clients.versions import retrains
from agents.demo.audit import Check
from agents.demo.drift_checks import Happened, checks_of
from agents.demo.membership import wait_for_workers
from agents.demo.scenes import end, environment, kill, kill_worker
from agents.operations import topics
from agents.operations.supervisor import Supervisor
from agents.operations.system import wanted_topics
from agents.settings import Settings
from schemas.alerts import Alert, AlertKind
from schemas.codec import decoder
from schemas.commands import Command, PromoteVariant, StartVariant
from schemas.errors import TickloopError
from schemas.experiments import ExperimentMoved
from schemas.models import ModelState
from schemas.topics import ACCURACY_WINDOWS, ALERTS, EXPERIMENTS, PREDICTIONS, TICKS, Topic
from schemas.windows import AccuracyWindow
from streams.parameters import Parameters, load_parameters
from streams.retraining.identity import CANDIDATE
from streams.sources.planted import GradedMarket

SYMBOL = "AAA"
KEPT = (f"models why {SYMBOL}", f"audit {SYMBOL}", "dashboard")
"""Commands that look at what the story leaves there."""

SABOTAGED = f"{CANDIDATE}sabotaged"
RATE = 500.0
READY_S, PATIENCE_S, LINE_S = 60.0, 120.0, 3.0
BEGUN = 3_000
"""Predictions before the drift: what is usual has to be known before anything can be unusual."""

Kills = Sequence[tuple[AlertKind, Literal["caretaker", "worker"]]]

KILLS: Kills = (("retrain_started", "caretaker"), ("candidate", "worker"))
"""In the middle of the training, and while the candidate is being tested."""

AFTERWARDS = 1_000
"""Predictions after the roll-back."""

CONFIGURATION = """
[market]
horizon_ns = 100_000_000
scored_per_horizon = 4

[market.model]
learning_rate = 0.002

[market.recall]
most = 0

[market.mixture]
share = 0.0
prior = {signed_logistic = 1.0, flat = 0.0, imbalance = 0.0, momentum = 0.0, mean_reversion = 0.0}

[market.correction]
variance = 0.0

[monitor]
window = 400
block = 20
min_samples_for_retrain = 400
min_samples_since_change = 300
cool_down = 20_000

[monitor.skill]
run = 5_000.0
warmup = 15
memory = 60

[retraining]
labels = 4_000
candidates = 1
least_validated = 100
learning_rate = 0.2

[retraining.trial.test]
batch = 20
expected = 400.0
warmup = 40
longest = 5_000
worth = 0.02

[retraining.trial.watch]
run = 2_000.0
canary = 100
confirmed = 100_000
"""
"""The live model believes in the imbalance of the book and learns slowly; nothing else has an opinion."""


def parameters() -> Parameters:
    """Those of the story."""
    return load_parameters(msgspec.toml.decode(CONFIGURATION))


class StorySummary(Struct, frozen=True):
    """What happened.

    Attributes:
        alerts: in their order.
        ticks: that were published.
        killed: processes that were killed.
        breach_to_retrain_s: from the breach on its topic to the start of the training, seconds of the broker's clock.
        checks: each with what was found.
        holds: whether every check holds.
    """

    alerts: tuple[Alert, ...]
    ticks: int
    killed: tuple[str, ...]
    breach_to_retrain_s: float
    checks: tuple[Check, ...]
    holds: bool


class _Told:
    """What the topics have told so far, with the broker's clock."""

    def __init__(self) -> None:
        self.predicted = 0
        self.moved: ExperimentMoved | None = None
        self.alerts: list[Alert] = []
        self.breached_ms = self.started_ms = 0
        self.changed = asyncio.Event()

    async def until(self, seen: Callable[[], Any]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not seen():
                self.changed.clear()
                await self.changed.wait()

    def kinds(self) -> list[str]:
        return [alert.kind for alert in self.alerts]

    def line(self) -> str:
        moved = self.moved
        if moved is None:
            return f"{self.predicted:,} predictions"
        of = f"{self.predicted:,} predictions; {moved.challenger}: {moved.status}"
        if moved.watched:
            return f"{of}, {moved.watched:,} pairs watched, alarm at {moved.alarm:.0%} of its threshold"
        return f"{of}, {moved.scored:,} pairs tested, effect {moved.effect:+.3f} nats"

    def take(self, topic: Topic, record: Any, timestamp_ms: int, say: Callable[[str], None]) -> None:
        if isinstance(record, AccuracyWindow):
            if record.breach is not None and record.breach.retrain and not self.breached_ms:
                self.breached_ms = timestamp_ms
        elif isinstance(record, Alert):
            self.alerts.append(record)
            say(f"alert: {record.kind.replace('_', ' ')}. {record.sentence}")
            if record.kind == "retrain_started" and not self.started_ms:
                self.started_ms = timestamp_ms
                say(f"from the breach to the start of the training: {self.breach_to_retrain_s:.2f} s")
        else:
            self.moved = record

    @property
    def breach_to_retrain_s(self) -> float:
        return (self.started_ms - self.breached_ms) / 1e3


def run(settings: Settings, console: Console, say: Callable[[str], None], kills: Kills = KILLS) -> StorySummary:
    """Tell the story on the loop that `settings` point to.

    Args:
        settings: where.
        console: for what passes by.
        say: gets a sentence about whatever happens.
        kills: what is killed with -9, and at which alert.

    Raises:
        EnvironmentProblem: the cluster or the workers do not do their part.
        TickloopError: a process cannot live, or the story does not come to its end in time.
    """
    settings.home_path.mkdir(parents=True, exist_ok=True)
    configuration = settings.home_path / "story.toml"
    configuration.write_text(CONFIGURATION)
    surroundings = environment(settings, configuration)
    supervisor = Supervisor(settings.workers, settings.home_path, surroundings, say, caretaker=True)
    try:
        return asyncio.run(_tell(settings, supervisor, console, say, kills))
    except TimeoutError as error:
        raise TickloopError(f"expected the story to end within {PATIENCE_S:.0f} s; see {settings.home}/logs") from error
    finally:
        end(supervisor.all)


async def _tell(
    settings: Settings, supervisor: Supervisor, console: Console, say: Callable[[str], None], kills: Kills
) -> StorySummary:
    told, stop, market = _Told(), asyncio.Event(), GradedMarket(SYMBOL, seed=7)
    await topics.apply(settings.bootstrap, wanted_topics(settings))
    try:
        async with asyncio.TaskGroup() as group:
            background = [group.create_task(supervisor.run())]
            background += [
                group.create_task(_read(settings, topic, told, say))
                for topic in (PREDICTIONS, ACCURACY_WINDOWS, EXPERIMENTS, ALERTS)
            ]
            with console.status(f"starting {settings.workers} workers"):
                owned = await wait_for_workers(settings.bootstrap, settings, READY_S)
            ticks = settings.topic(TICKS.name)
            sending = group.create_task(publish(market, settings.bootstrap, ticks, pace=Pace(rate=RATE), stop=stop))
            background.append(group.create_task(_show(told, console)))
            say(f"market: {SYMBOL}, how heavy a side of the book is tells the next moves; the live model knows that")
            await told.until(lambda: told.predicted >= BEGUN)
            killing = group.create_task(_kill(settings, supervisor, owned, kills, told, say))
            market.inverted = True
            say("drift: from now on the book tells the opposite")
            await told.until(lambda: "promoted" in told.kinds())
            await told.until(lambda: told.moved is not None and told.moved.status == "promoted")
            async with commander(settings, settings.bootstrap) as client:
                place = await client.place_of(SYMBOL)
                await _sabotage(settings, client, place, told, say)
            await told.until(lambda: "rolled_back" in told.kinds())
            await killing
            left = told.predicted + AFTERWARDS
            await told.until(lambda: told.predicted >= left)
            stop.set()
            published = await sending
            await told.until(lambda: told.predicted >= published.ticks)
            for task in background:
                task.cancel()
    except* TickloopError as errors:
        raise errors.exceptions[0] from None
    with console.status("replaying the tick log in one process, and training again, to compare every byte"):
        happened = Happened(settings, parameters(), SYMBOL, SABOTAGED, tuple(told.alerts))
        checks = await checks_of(happened)
    holds = all(check.holds for check in checks)
    return StorySummary(
        tuple(told.alerts), published.ticks, tuple(killing.result()), told.breach_to_retrain_s, tuple(checks), holds
    )


async def _kill(
    settings: Settings,
    supervisor: Supervisor,
    owned: Mapping[int, str],
    kills: Kills,
    told: _Told,
    say: Callable[[str], None],
) -> list[str]:
    """Kill one process after the other, each at its alert; their names."""
    killed = []
    for kind, what in kills:
        await told.until(lambda kind=kind: kind in told.kinds())  # type: ignore[misc]
        if what == "worker":
            killed.append(kill_worker(settings, supervisor.slots, owned, SYMBOL))
        else:
            assert supervisor.caretaker is not None, "the story is about what it does"
            killed.append(kill(supervisor.caretaker))
        say(f"kill -9 of {killed[-1]}, at: {kind.replace('_', ' ')}")
    return killed


async def _sabotage(
    settings: Settings, client: Commander, place: Place, told: _Told, say: Callable[[str], None]
) -> None:
    """Force the opposite of the live model through, by hand and without a test."""
    (finished, *_) = [each for each in await retrains(settings, settings.bootstrap, SYMBOL) if each.result.candidate]
    asked = sabotage(finished.result.candidate, place.ts_event)  # type: ignore[arg-type]
    await client.put(asked[0], place.partition)
    await told.until(lambda: told.moved is not None and told.moved.experiment == SABOTAGED)
    await client.put(asked[1], place.partition)
    say("sabotage: a version with the opposite weights, made live by hand before any test")


def sabotage(good: ModelState, ts_event: int) -> tuple[Command, Command]:
    """Commands that start the opposite of a good model as a candidate, and make it live."""
    turned = msgspec.structs.replace(good.model, weights=tuple(-weight for weight in good.model.weights))
    poisoned = ModelState(f"{SYMBOL}-sabotaged", turned, good.version)
    identity = ("story:sabotage", SYMBOL, ts_event)
    return (
        StartVariant(*identity, SABOTAGED, "the story: sabotage", model=poisoned, experiment=SABOTAGED),
        PromoteVariant("story:forced", SYMBOL, ts_event, SABOTAGED, "the story: forced through"),
    )


async def _read(settings: Settings, topic: Topic, told: _Told, say: Callable[[str], None]) -> None:
    decode = decoder(topic.record)
    async with aclosing(read_blocks(settings.bootstrap, settings.topic(topic.name))) as blocks:
        async for block in blocks:
            if topic is PREDICTIONS:
                told.predicted += len(block)
            for record in block if topic is not PREDICTIONS else ():
                told.take(topic, decode(record.value), record.timestamp_ms, say)
            told.changed.set()


async def _show(told: _Told, console: Console) -> None:
    if not console.is_terminal:
        while True:
            await asyncio.sleep(LINE_S)
            console.print(told.line(), highlight=False, soft_wrap=True)
    with console.status("") as status:
        while True:
            status.update(told.line())
            await asyncio.sleep(0.25)


def show(summary: StorySummary, console: Console) -> None:
    """Print what happened, and whether it is what one undisturbed process makes of it."""
    console.print(
        f"[bold]What happened[/bold]  {summary.ticks:,} ticks; killed with -9: {', '.join(summary.killed)}; "
        f"{summary.breach_to_retrain_s:.2f} s from the breach to the start of the training"
    )
    for alert in summary.alerts:
        console.print(f"  {alert.kind.replace('_', ' ')}: {alert.sentence}", highlight=False, markup=False)
    console.print("[bold]Checked on the topics[/bold]")
    for check in summary.checks:
        console.print(f"  {'yes' if check.holds else 'NO '}  {check.claim}: {check.found}", highlight=False)
    console.print(
        "The market is synthetic, with one thing planted in it: this says that the loop notices when that changes, "
        "learns it anew and throws out what is worse. It says nothing about any real market.",
        style="dim",
    )
