"""Reads single records from their topics when a person asks for details."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from msgspec import Struct

from agents.audit.lineage import History, led, manual_steps, starts, why
from agents.clients.bounded_reads import Budget, Nearby
from agents.clients.reader import Received
from agents.config.settings import Settings
from agents.dashboard.state.shown_fields import OutcomeFields
from agents.kafka.committed_reads import opened
from agents.pages.expert_names import NO_KINDS, expert_words
from agents.pages.wording import NONE, lasting, moment, number, stands
from schemas.codec import decoder
from schemas.commands import Command
from schemas.errors import Refused
from schemas.experiments import ExperimentDecided
from schemas.positions import as_of, job_of_start, offset_behind
from schemas.predictions import Prediction
from schemas.retraining import RetrainFinished, RetrainJob
from schemas.ticks import Tick
from schemas.topics import (
    ACCURACY_WINDOWS,
    CANDIDATES,
    COMMANDS,
    EXPERIMENT_DECISIONS,
    PREDICTIONS,
    RETRAIN_JOBS,
    TICKS,
)
from schemas.versions import ModelVersion
from schemas.windows import AccuracyWindow

MOST_COMMANDS = 5_000
MOST_JOBS = 2_000
"""Most records that are looked at, newest first; the command line finds older ones."""

MOST_AT_ONCE = 256 * 1024

KINDS = {
    "window": "Accuracy window",
    "command": "Command",
    "job": "Retrain begins",
    "retrain": "Retrain ends",
    "decision": "Experiment decides",
    "directive": "Directive",
    "version": "Version",
}


class PredictionExplained(Struct, frozen=True):
    """Explanation of a prediction, or of a version's status, as a list of steps for people.

    Attributes:
        title: what is explained.
        steps: in order, each with name, value and note.
    """

    title: str
    steps: tuple[tuple[str, str, str], ...]


async def explain(
    settings: Settings,
    bootstrap: str,
    partition: int,
    offset: int,
    outcome_of: Callable[[str], OutcomeFields | None],
    kinds: Mapping[str, str] = NO_KINDS,
) -> PredictionExplained | None:
    """Read a prediction and its tick, and explain the prediction field by field.

    Returns None if the topic does not hold the prediction any more.

    Args:
        settings: the settings that the workers run with.
        bootstrap: address of the cluster.
        partition, offset: place of the prediction on its topic.
        outcome_of: gives the outcome for the id of a prediction, or None if it is not known.
        kinds: kind, such as `trees`, of each model beside the built-in logistic regression, by name.

    Raises:
        Refused: the record at that place is no prediction.
        KafkaError: the cluster does not answer.
    """
    async with _looking(settings, bootstrap, partition) as nearby:
        record = await nearby.at(PREDICTIONS, offset)
        if record is None:
            return None
        prediction: Prediction = decoder(Prediction)(record.value)
        position = offset_behind(prediction.id)
        tick = None if position is None else await nearby.at(TICKS, position)
    return explained(prediction, None if tick is None else _read(Tick, tick), outcome_of(prediction.id), kinds)


async def chain(settings: Settings, bootstrap: str, version: ModelVersion) -> PredictionExplained:
    """Explain why a version has its status, by the records that led to it: breach, retrain, decision, command.

    Only a limited number of records is read, near the positions that the ids in the version's record contain.

    Args:
        settings: the settings that the workers run with.
        bootstrap: address of the cluster.
        version: newest record of the version.

    Raises:
        Refused: the id of the version's record contains no valid position.
        KafkaError: the cluster does not answer.
    """
    partition, offset = _place_of(version, settings.partitions)
    found = History(versions={version.version: version})
    budget = Budget()
    async with _looking(settings, bootstrap, partition, budget) as nearby:
        await _asked(nearby, found, version, offset)
        await _led_to(nearby, found, version)
        began = next((each for each in found.commands.values() if starts(each, version)), None)
        if began is not None and (job := job_of_start(began.id)):
            await _trained(nearby, found, version.symbol, job)
    links = why(found, version)
    steps = tuple(
        (KINDS.get(each.kind, each.kind), each.what, f"{moment(each.ts_event)} UTC; {each.id}") for each in links
    )
    manual = manual_steps(links)
    by = "no person took part" if not manual else f"{manual} of {len(links)} steps by a person"
    if budget.spent and began is None:
        by += "; how it began lies farther back than this page looks: `tickloop models why` reads everything"
    return PredictionExplained(f"{version.symbol}: why {version.version} is {stands(version.status)} ({by})", steps)


async def _asked(nearby: Nearby, found: History, version: ModelVersion, offset: int) -> None:
    """Add the command that gave a version its status, and earlier ones back to the command that started the
    version.
    """
    key = version.symbol.encode()
    async for record in nearby.newest(COMMANDS, MOST_COMMANDS, until=offset + 1):
        command = _read(Command, record) if record.key == key else None
        if command is not None:
            found.commands[command.id] = command
            if starts(command, version):
                return


async def _led_to(nearby: Nearby, found: History, version: ModelVersion) -> None:
    """Add the experiment's decision that caused the version's last command, if there is one."""
    last, position = found.commands.get(version.command), offset_behind(version.command)
    if last is None or position is None:
        return
    for record in await nearby.near(EXPERIMENT_DECISIONS, position):
        decided = _read(ExperimentDecided, record)
        if decided is not None and led(decided, last):
            found.decisions.append(decided)


async def _trained(nearby: Nearby, found: History, symbol: str, job: str) -> None:
    """Add the records of a version's training: the accuracy report that called for it, the job, and its result."""
    position = offset_behind(job)
    for record in await nearby.near(ACCURACY_WINDOWS, position) if position is not None else ():
        window = _read(AccuracyWindow, record)
        if window is not None and window.symbol == symbol:
            found.windows.append(window)
    async for record in nearby.newest(RETRAIN_JOBS, MOST_JOBS):
        called = _read(RetrainJob, record) if record.key == symbol.encode() else None
        if called is not None and called.job == job:
            found.jobs[job] = called
            break
    async for record in nearby.newest(CANDIDATES, MOST_JOBS):
        if record.key == f"{symbol}|{job}".encode():
            finished = _read(RetrainFinished, record)
            if finished is not None:
                found.results[job] = finished
            break


@asynccontextmanager
async def _looking(
    settings: Settings, bootstrap: str, partition: int, budget: Budget | None = None
) -> AsyncIterator[Nearby]:
    async with opened(bootstrap, max_partition_fetch_bytes=MOST_AT_ONCE) as consumer:
        yield Nearby(consumer, settings.prefix, partition, budget or Budget())


def _read(kind: Any, record: Received) -> Any:
    """Decode a record; None if it is not valid."""
    try:
        return decoder(kind)(record.value)
    except Refused:
        return None


def _place_of(version: ModelVersion, partitions: int) -> tuple[int, int]:
    """Partition and offset of the command that changed a version, from the id of the version's record.

    Raises:
        Refused: the id contains no valid place.
    """
    try:
        topic, partition, offset = as_of(version.id)
    except ValueError:
        topic, partition, offset = "", 0, 0
    if topic != COMMANDS.name or partition >= partitions:
        raise Refused("malformed", f"expected the id of a command's record, was {version.id!r:.80}")
    return partition, offset


def explained(
    prediction: Prediction, tick: Tick | None, outcome: OutcomeFields | None, kinds: Mapping[str, str] = NO_KINDS
) -> PredictionExplained:
    """Explanation of a prediction from its tick to its outcome.

    Args:
        prediction: the prediction.
        tick: the tick that the prediction was made from; None if it could not be read.
        outcome: what the price did afterwards; None if not known.
        kinds: kind, such as `trees`, of each model beside the built-in logistic regression, by name.
    """
    of = prediction
    edge = number(of.expected_edge_bps, "+.3f", "bps")
    cost = number(of.cost_bps, ".3f", "bps")
    pays = abs(of.expected_edge_bps) > of.cost_bps
    steps = [
        ("Tick", _tick(tick), f"{moment(of.ts_event)} UTC; {of.id}"),
        ("Looks ahead", lasting(of.horizon_ns), f"from a mid of {of.mid:,.6g}"),
        ("Regime", of.regime.replace("-", ", "), f"the detector is {of.regime_probability:.0%} sure of it"),
        (
            "Leading expert",
            expert_words(of.strategy, kinds),
            f"weight {of.strategy_weight:.1%}; {of.reason}".rstrip("; "),
        ),
        ("Probability of up", f"{of.probability:.3f}", f"calibrated; confidence {of.confidence:.1%} in {of.direction}"),
        ("Expected move", edge, f"cost of taking and leaving it {cost}: {'it pays' if pays else 'it does not pay'}"),
        (
            "Position size",
            f"{of.position_size:+.2%}",
            f"of capital; decided by: {of.sizing or NONE}" + ("; neither side can be excluded" * of.stand_aside),
        ),
        ("Version", of.model_version, f"features {of.features_hash}: {', '.join(of.features)}"),
        _outcome(of, outcome),
    ]
    title = f"{of.symbol}: {of.direction}, {of.confidence:.1%} sure"
    return PredictionExplained(title, tuple(steps))


def _tick(tick: Tick | None) -> str:
    if tick is None:
        return "not on its topic any more"
    kind = type(tick).__name__.lower()
    fields = {name: getattr(tick, name) for name in tick.__struct_fields__ if name not in ("symbol", "ts_event", "seq")}
    return f"{kind}: " + ", ".join(
        f"{name.replace('_', ' ')} {value:,}" if isinstance(value, float) else f"{name} {value}"
        for name, value in fields.items()
    )


def _outcome(of: Prediction, outcome: OutcomeFields | None) -> tuple[str, str, str]:
    if not of.scored:
        return (
            "Outcome",
            "not scored",
            "labels of neighbouring ticks overlap; one of at most twenty a horizon is scored",
        )
    if outcome is None:
        return "Outcome", "not matured yet", "or older than the outcomes that this page keeps"
    arm = outcome.arms[0]
    came = {1: "went up", 0: "did not move", -1: "went down"}[outcome.label]
    right = (
        ""
        if not outcome.label
        else " as predicted"
        if (arm.probability > 0.5) == (outcome.label > 0)
        else ", it did not"
    )
    return "Outcome", f"{came}{right}", f"earned {arm.gross_bps:+.3f} bps of capital, {arm.net_bps:+.3f} after cost"
