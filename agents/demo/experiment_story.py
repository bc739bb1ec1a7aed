"""Demonstration of an experiment: a challenger wins against the live version, goes live, and is rolled back.

The challenger is the model version that is tested against the live one. It is rolled back because the market is
turned into its opposite once the challenger is live.
"""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct
from rich.console import Console

from agents.commands.commander import commander
from agents.commands.keyring import signing
from agents.commands.requests import Request, start_variant
from agents.commands.sending import send
from agents.config.settings import Settings
from agents.demo import story
from agents.demo.audit import AuditCheck
from agents.demo.scenes import everything, kill_worker
from agents.demo.story import Say, TopicsSoFar, play, supervised
from agents.experiments.status import evidence
from agents.operations.supervisor import Supervisor
from agents.process.waiting import waiting_for
from schemas.experiments import ExperimentDecided, ExperimentMoved
from schemas.topics import COMMANDS, EXPERIMENT_DECISIONS, EXPERIMENTS, OUTCOMES, TICKS
from streams.engine.node import following
from streams.engine.replay import SourceRecord, by_topic, replay
from streams.parameters import Parameters, load_parameters
from streams.sources.planted_signal import PlantedMarket
from streams.topology import nodes

SYMBOL, NAME = "AAA", "sharp"
KEPT = (f"experiment show {NAME}", f"experiment report {NAME}", "dashboard")
"""Commands that look at what the story leaves there."""
RATE = 1_500.0
PATIENCE_S = 180.0
BEGUN = 400
"""Ticks before the challenger is started."""

KILLED_AT = 8
"""Batches after which a worker is killed."""

CONFIGURATION = """
[market]
horizon_ns = 100_000_000
scored_per_horizon = 4

[market.mixture]
share = 0.0
prior = {flat = 1.0, imbalance = 0.0, momentum = 0.0, mean_reversion = 0.0, signed_logistic = 0.0}

[market.correction]
variance = 0.0

[experiments.sharp]
starts = "from_nothing"
apply = "automatic"
arm.mixture.prior = {flat = 0.0, imbalance = 1.0}

[experiments.sharp.test]
primary = "log_loss"
batch = 20
expected = 600.0
longest = 10_000
warmup = 60
minimum_batches = 20
worth = 0.02

[experiments.sharp.watch]
run = 2_000.0
canary = 100
confirmed = 100_000
"""
"""The live arm has no opinion; the challenger believes in the imbalance of the book, which is right in this market."""


def parameters() -> Parameters:
    """Parameters of the workers in the demonstration of an experiment."""
    return load_parameters(msgspec.toml.decode(CONFIGURATION))


def start() -> Request:
    """The command that starts the challenger, which is the model version that is tested against the live one."""
    declared = parameters().experiments[NAME]
    return start_variant("story:start", SYMBOL, NAME, "the story begins", overrides=declared.arm, experiment=NAME)


class ExperimentStorySummary(Struct, frozen=True):
    """Result of the demonstration of an experiment.

    Attributes:
        decisions: decisions about the experiment, in order.
        ticks: number of ticks that were published.
        killed: name of the worker that was killed.
        checks: results of all checks.
        holds: whether all checks hold.
    """

    decisions: tuple[ExperimentDecided, ...]
    ticks: int
    killed: str
    checks: tuple[AuditCheck, ...]
    holds: bool


class _Told(TopicsSoFar):
    """The latest state of the experiment, and the decisions about it."""

    def __init__(self) -> None:
        super().__init__(PATIENCE_S)
        self.latest: ExperimentMoved | None = None
        self.decisions: dict[str, ExperimentDecided] = {}

    def take(self, record: Any, timestamp_ms: int, say: Say) -> None:
        if isinstance(record, ExperimentDecided):
            self.decisions[record.id] = record
            say(f"decided: {record.verdict.replace('_', ' ')}. {record.reason}")
        else:
            self.latest = record

    def verdicts(self) -> list[str]:
        return [decided.verdict for decided in self.decisions.values()]

    def line(self) -> str:
        moved = self.latest
        if moved is None:
            return f"{self.predicted:,} predictions; the challenger has no batch of pairs yet"
        if moved.watched:
            return f"{moved.status}: {moved.watched:,} pairs watched, alarm at {moved.alarm:.0%} of its threshold"
        return (
            f"{moved.status}: {moved.scored:,} pairs in {moved.batches} batches, effect {moved.effect:+.3f} nats, "
            f"evidence {evidence(moved.log_e_better)} of {evidence(moved.threshold)}"
        )


def run(settings: Settings, console: Console, say: Say) -> ExperimentStorySummary:
    """Run the demonstration of an experiment on the system that `settings` describe, and check the records afterwards.

    Args:
        settings: settings of the system.
        console: where the status line is shown.
        say: called with a sentence about each event.

    Raises:
        EnvironmentProblem: the cluster does not answer, or the workers do not get ready.
        TickloopError: a process repeatedly fails, or the demonstration does not end in time.
    """
    supervisor = supervised(settings, CONFIGURATION, say)
    return story.run(_tell(settings, supervisor, console, say), supervisor)


async def _tell(settings: Settings, supervisor: Supervisor, console: Console, say: Say) -> ExperimentStorySummary:
    told, market, killed = _Told(), PlantedMarket(SYMBOL, seed=7), ""

    async def act(owned: Mapping[int, str]) -> None:
        nonlocal killed
        say(f"market: {SYMBOL}, the heavier side of the book tells the next moves; the live arm has no opinion")
        await told.until(lambda: told.predicted >= BEGUN)
        async with commander(settings, settings.bootstrap) as client:
            place = await client.place_of(SYMBOL)
            await send(client, start(), place)
        say(f"challenger: {NAME}, which believes in the imbalance, runs in shadow")
        await told.until(lambda: told.latest is not None and told.latest.batches >= KILLED_AT)
        killed = kill_worker(settings, supervisor.slots, owned, SYMBOL)
        say(f"kill -9 of {killed}, in the middle of the experiment")
        await told.until(lambda: "winner" in told.verdicts())
        await told.until(lambda: told.latest is not None and told.latest.watched >= 200)
        market.inverted = True
        say("sabotage: from now on the book tells the opposite; the winner is live, the old champion in shadow")
        await told.until(lambda: "rolled_back" in told.verdicts())

    read = (EXPERIMENTS, EXPERIMENT_DECISIONS)
    sent = await play(settings, supervisor, told, market, RATE, read, act, console, say)
    replaying = "replaying the tick log in one process, to compare every byte"
    with console.status(replaying), waiting_for(f"the proof: {replaying}", say):
        return await _summary(settings, told, sent, killed)


async def _summary(settings: Settings, told: _Told, sent: int, killed: str) -> ExperimentStorySummary:
    followed = following(nodes(parameters(), signing(settings)), TICKS)
    log = [
        SourceRecord(record.partition, record.offset, record.key, record.value)
        for record in await everything(settings, TICKS, repeats=True)
    ]
    expected = by_topic(replay(followed, sorted(log, key=lambda record: (record.partition, record.offset))))
    verdicts = told.verdicts()
    wanted = ["winner", "promoted", "rolled_back"]
    checks = [AuditCheck("won, went live, was rolled back", ", ".join(verdicts) or "nothing", verdicts == wanted)]
    asked = {
        record.value
        for record in await everything(settings, COMMANDS)
        if record.value and b'"story:start"' not in record.value
    }
    wrote = {value for _, _, value in expected.get(COMMANDS.name, [])}
    counted = f"{len(asked)} of {len(wrote)}"
    checks.append(AuditCheck("decisions were carried out by commands, once each", counted, asked == wrote))
    for topic in (OUTCOMES, EXPERIMENTS, EXPERIMENT_DECISIONS):
        held = [record.value for record in await everything(settings, topic)]
        found = [value for _, _, value in expected.get(topic.name, [])]
        same = sorted(map(bytes, filter(None, held))) == sorted(found)
        claim = f"{topic.name}: same bytes as an undisturbed replay of the ticks"
        checks.append(AuditCheck(claim, f"{'yes' if same else 'no'} ({len(found):,} records)", same and bool(found)))
    holds = all(check.holds for check in checks)
    return ExperimentStorySummary(tuple(told.decisions.values()), sent, killed, tuple(checks), holds)


def show(summary: ExperimentStorySummary, console: Console) -> None:
    """Print what happened in the demonstration of an experiment, and the result of each check."""
    console.print(f"[bold]What happened[/bold]  {summary.ticks:,} ticks, {summary.killed} killed with -9")
    for decided in summary.decisions:
        console.print(f"  {decided.verdict.replace('_', ' ')}: {decided.reason}", highlight=False, markup=False)
    console.print("[bold]Checked on the topics[/bold]")
    for check in summary.checks:
        console.print(f"  {'yes' if check.holds else 'NO '}  {check.claim}: {check.found}", highlight=False)
    console.print(
        "The market is synthetic, with one thing planted in it: this says that the loop finds it, and finds out when "
        "it is gone. It says nothing about any real market.",
        style="dim",
    )
