"""Demonstration of drift: the market changes, a retrained model goes live, a deliberately bad one is rolled back."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec
from msgspec import Struct
from rich.console import Console

from agents.audit.versions import retrains
from agents.commands.commander import Commander, LogPlace, commander
from agents.commands.requests import Request, promote_variant, start_variant
from agents.commands.sending import send
from agents.config.settings import Settings
from agents.demo import story
from agents.demo.audit import AuditCheck
from agents.demo.drift_checks import FinishedStory, checks_of
from agents.demo.scenes import kill, kill_worker
from agents.demo.story import Say, TopicsSoFar, play, supervised
from agents.operations.supervisor import Supervisor
from agents.process.waiting import waiting_for
from schemas.alerts import Alert, AlertKind
from schemas.experiments import ExperimentMoved
from schemas.models import ModelState
from schemas.names import CANDIDATE
from schemas.topics import ACCURACY_WINDOWS, ALERTS, EXPERIMENTS
from schemas.windows import AccuracyWindow
from streams.parameters import Parameters, load_parameters
from streams.sources.planted_signal import GradedMarket

SYMBOL = "AAA"
KEPT = (f"models why {SYMBOL}", f"audit {SYMBOL}", "dashboard")
"""Commands that look at what the story leaves there."""

SABOTAGED, SABOTAGED_VERSION = f"{CANDIDATE}sabotaged", f"{SYMBOL}-sabotaged"
RATE = 500.0
PATIENCE_S = 120.0
BEGUN = 3_000
"""Predictions before the drift: what is usual has to be known before anything can be unusual."""

Kills = Sequence[tuple[AlertKind, Literal["retrainer", "worker"]]]

KILLS: Kills = (("retrain_started", "retrainer"), ("candidate", "worker"))
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

[retraining.trees]
enabled = false

[retraining.trial.test]
batch = 40
expected = 400.0
warmup = 40
minimum_batches = 20
longest = 5_000
worth = 0.02

[retraining.trial.watch]
run = 2_000.0
canary = 100
confirmed = 100_000
"""
"""The live model believes in the imbalance of the book and learns slowly; nothing else has an opinion.

Trees are left out: the relation of this market is a sum, and LightGBM takes seconds to load.
"""


def parameters() -> Parameters:
    """Parameters of the workers in the demonstration of drift."""
    return load_parameters(msgspec.toml.decode(CONFIGURATION))


class DriftStorySummary(Struct, frozen=True):
    """Result of the demonstration of drift.

    Attributes:
        alerts: all alerts, in the order in which they were read.
        ticks: number of ticks that were published.
        killed: names of the processes that were killed.
        breach_to_retrain_s: seconds from the record that asks for a retrain (a breach) to the start of the training,
            by the broker's timestamps.
        checks: results of all checks.
        holds: whether all checks hold.
    """

    alerts: tuple[Alert, ...]
    ticks: int
    killed: tuple[str, ...]
    breach_to_retrain_s: float
    checks: tuple[AuditCheck, ...]
    holds: bool


class _Told(TopicsSoFar):
    """The alerts that were read, and the latest state of the experiment."""

    def __init__(self) -> None:
        super().__init__(PATIENCE_S)
        self.moved: ExperimentMoved | None = None
        self.alerts: list[Alert] = []
        self.breached_ms = self.started_ms = 0

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

    def take(self, record: Any, timestamp_ms: int, say: Say) -> None:
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


def run(settings: Settings, console: Console, say: Say, kills: Kills = KILLS) -> DriftStorySummary:
    """Run the demonstration of drift on the system that `settings` describe, and check the records afterwards.

    Args:
        settings: settings of the system.
        console: where the status line is shown.
        say: called with a sentence about each event.
        kills: which process to kill with SIGKILL at which alert, in order.

    Raises:
        EnvironmentProblem: the cluster does not answer, or the workers do not get ready.
        TickloopError: a process repeatedly fails, or the demonstration does not end in time.
    """
    supervisor = supervised(settings, CONFIGURATION, say, retrainer=True)
    return story.run(_tell(settings, supervisor, console, say, kills), supervisor)


async def _tell(
    settings: Settings, supervisor: Supervisor, console: Console, say: Say, kills: Kills
) -> DriftStorySummary:
    told, market, killed = _Told(), GradedMarket(SYMBOL, seed=7), list[str]()

    async def act(owned: Mapping[int, str]) -> None:
        say(f"market: {SYMBOL}, how heavy a side of the book is tells the next moves; the live model knows that")
        await told.until(lambda: told.predicted >= BEGUN)
        async with asyncio.TaskGroup() as group:
            killing = group.create_task(_kill(settings, supervisor, owned, kills, told, say))
            market.inverted = True
            say("drift: from now on the book tells the opposite")
            await told.until(lambda: "promoted" in told.kinds())
            await told.until(lambda: told.moved is not None and told.moved.status == "promoted")
            async with commander(settings, settings.bootstrap) as client:
                place = await client.place_of(SYMBOL)
                await _sabotage(settings, client, place, told, say)
            await told.until(lambda: "rolled_back" in told.kinds())
        killed.extend(killing.result())
        # Ticks that were published before the roll-back has its place in the log are still predicted by what it ends.
        await told.until(lambda: SABOTAGED_VERSION in told.versions[:-1])
        left = told.predicted + AFTERWARDS
        await told.until(lambda: told.predicted >= left)

    read = (ACCURACY_WINDOWS, EXPERIMENTS, ALERTS)
    sent = await play(settings, supervisor, told, market, RATE, read, act, console, say)
    replaying = "replaying the tick log in one process, and training again, to compare every byte"
    with console.status(replaying), waiting_for(f"the proof: {replaying}", say):
        happened = FinishedStory(settings, parameters(), SYMBOL, SABOTAGED, SABOTAGED_VERSION, tuple(told.alerts))
        checks = await checks_of(happened)
    holds = all(check.holds for check in checks)
    return DriftStorySummary(tuple(told.alerts), sent, tuple(killed), told.breach_to_retrain_s, tuple(checks), holds)


async def _kill(
    settings: Settings,
    supervisor: Supervisor,
    owned: Mapping[int, str],
    kills: Kills,
    told: _Told,
    say: Say,
) -> list[str]:
    """Kill one process after the other, each when its alert has been read; returns their names."""
    killed = []
    for kind, what in kills:
        await told.until(lambda kind=kind: kind in told.kinds())  # type: ignore[misc]
        if what == "worker":
            killed.append(kill_worker(settings, supervisor.slots, owned, SYMBOL))
        else:
            assert supervisor.retrainer is not None, "the story is about what it does"
            killed.append(kill(supervisor.retrainer))
        say(f"kill -9 of {killed[-1]}, at: {kind.replace('_', ' ')}")
    return killed


async def _sabotage(settings: Settings, client: Commander, place: LogPlace, told: _Told, say: Say) -> None:
    """Make a model with the opposite weights of the first retrained one live, by commands and without a test."""
    (finished, *_) = [each for each in await retrains(settings, settings.bootstrap, SYMBOL) if each.result.candidate]
    asked = sabotage(finished.result.candidate)  # type: ignore[arg-type]
    await send(client, asked[0], place)
    await told.until(lambda: told.moved is not None and told.moved.experiment == SABOTAGED)
    await send(client, asked[1], place)
    say("sabotage: a version with the opposite weights, made live by hand before any test")


def sabotage(good: ModelState) -> tuple[Request, Request]:
    """Two commands: to start a model with weights opposite to those of `good`, and to make it live without a test."""
    assert good.model is not None, "retrains fit this model"
    turned = msgspec.structs.replace(good.model, weights=tuple(-weight for weight in good.model.weights))
    poisoned = ModelState(SABOTAGED_VERSION, turned, good.version)
    cause = "the story: sabotage"
    return (
        start_variant("story:sabotage", SYMBOL, SABOTAGED, cause, model=poisoned, experiment=SABOTAGED),
        promote_variant("story:forced", SYMBOL, SABOTAGED, "the story: forced through"),
    )


def show(summary: DriftStorySummary, console: Console) -> None:
    """Print what happened in the demonstration of drift, and the result of each check."""
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
