"""Single records, read from their topics when somebody asks for them."""

from typing import Any

from msgspec import Struct

from agents.clients.history import changes
from agents.dashboard.lean import LeanOutcome
from agents.kafka import AIOKafkaConsumer, TopicPartition
from agents.pages.wording import NONE, lasting, moment, number
from agents.settings import Settings
from agents.trail import manual_steps, why
from schemas.codec import decoder
from schemas.positions import position_of
from schemas.predictions import Prediction
from schemas.ticks import Tick
from schemas.topics import PREDICTIONS, TICKS

WAIT_MS = 3_000

KINDS = {
    "window": "Accuracy window",
    "command": "Command",
    "job": "Retrain begins",
    "retrain": "Retrain ends",
    "decision": "Experiment decides",
    "directive": "Directive",
    "version": "Version",
}


class Explained(Struct, frozen=True):
    """A prediction from its tick to its outcome, for people.

    Attributes:
        title: what was predicted.
        steps: of the chain: name, value, note.
    """

    title: str
    steps: tuple[tuple[str, str, str], ...]


async def explain(settings: Settings, bootstrap: str, partition: int, offset: int, outcome_of: Any) -> Explained | None:
    """The prediction at an offset, field by field; None where the topic holds it no more.

    Args:
        settings: of the workers.
        bootstrap: address of the cluster.
        partition, offset: where the prediction lies.
        outcome_of: function from the id of a prediction to its outcome, or None.
    """
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False, max_partition_fetch_bytes=65_536)
    await consumer.start()
    try:
        value = await _record(consumer, settings.topic(PREDICTIONS.name), partition, offset)
        if value is None:
            return None
        prediction: Prediction = decoder(Prediction)(value)
        tick = await _record(consumer, settings.topic(TICKS.name), partition, position_of(prediction.id)[0])
    finally:
        await consumer.stop()
    return explained(prediction, None if tick is None else decoder(Tick)(tick), outcome_of(prediction.id))


async def chain(settings: Settings, bootstrap: str, symbol: str, version: str) -> Explained | None:
    """How it came that a version stands where it does; None where nothing is known of it."""
    found = await changes(settings, bootstrap, symbol)
    record = found.versions.get(version)
    if record is None:
        return None
    links = why(found, record)
    steps = tuple(
        (KINDS.get(each.kind, each.kind), each.what, f"{moment(each.ts_event)} UTC; {each.id}") for each in links
    )
    manual = manual_steps(links)
    by = "no person took part" if not manual else f"{manual} of {len(links)} steps by a person"
    return Explained(f"{symbol}: why {version} is {record.status.replace('_', ' ')} ({by})", steps)


async def _record(consumer: AIOKafkaConsumer, topic: str, partition: int, offset: int) -> bytes | None:
    place = TopicPartition(topic, partition)
    consumer.assign([place])
    first, end = await consumer.beginning_offsets([place]), await consumer.end_offsets([place])
    if not first[place] <= offset < end[place]:
        return None
    consumer.seek(place, offset)
    for records in (await consumer.getmany(place, timeout_ms=WAIT_MS, max_records=1)).values():
        for record in records:
            if record.offset == offset:
                value: bytes | None = record.value
                return value
    return None


def explained(prediction: Prediction, tick: Tick | None, outcome: LeanOutcome | None) -> Explained:
    """The chain tick -> prediction -> size -> outcome in words."""
    of = prediction
    edge = number(of.expected_edge_bps, "+.3f", "bps")
    cost = number(of.cost_bps, ".3f", "bps")
    pays = abs(of.expected_edge_bps) > of.cost_bps
    steps = [
        ("Tick", _tick(tick), f"{moment(of.ts_event)} UTC; {of.id}"),
        ("Looks ahead", lasting(of.horizon_ns), f"from a mid of {of.mid:,.6g}"),
        ("Regime", of.regime.replace("-", ", "), f"the detector is {of.regime_probability:.0%} sure of it"),
        (
            "Leading strategy",
            of.strategy.replace("_", " "),
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
    return Explained(title, tuple(steps))


def _tick(tick: Tick | None) -> str:
    if tick is None:
        return "not on its topic any more"
    kind = type(tick).__name__.lower()
    fields = {name: getattr(tick, name) for name in tick.__struct_fields__ if name not in ("symbol", "ts_event", "seq")}
    return f"{kind}: " + ", ".join(
        f"{name.replace('_', ' ')} {value:,}" if isinstance(value, float) else f"{name} {value}"
        for name, value in fields.items()
    )


def _outcome(of: Prediction, outcome: LeanOutcome | None) -> tuple[str, str, str]:
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
