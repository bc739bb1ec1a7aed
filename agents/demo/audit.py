"""Checks all records that a demo left on the topics against a replay of the ticks in one process."""

from collections.abc import Mapping, Sequence, Set
from typing import Any

from msgspec import Struct

from agents.clients.reader import Once, Received, identity_of
from schemas.positions import root_id
from schemas.topics import DEAD_LETTERS, OUTCOMES, PREDICTIONS, TICKS
from streams.engine.node import Node, following
from streams.engine.replay import SourceRecord, by_topic, replay


class AuditCheck(Struct, frozen=True):
    """One claim about the records that the system wrote, and whether it holds.

    Attributes:
        claim: the claim, as a phrase.
        found: what was found, as a phrase.
        holds: whether the claim is true.
    """

    claim: str
    found: str
    holds: bool


class Audit(Struct, frozen=True):
    """Counts of the records on the topics after a demo, and the checks made on them.

    Attributes:
        ticks: records on the topic `ticks`.
        accepted: ticks that were not refused.
        predictions: number of different ids on the topic `predictions`.
        outcomes: number of different ids on the topic `outcomes`. An outcome says what became of a prediction.
        repeats: records that were written a second time, for example after a worker was killed; readers drop them.
        replayed: number of records that a replay of the ticks gives.
        checks: the result of every check.
    """

    ticks: int
    accepted: int
    predictions: int
    outcomes: int
    repeats: int
    replayed: int
    checks: tuple[AuditCheck, ...]


class _Topic:
    """Records of one topic, by id.

    Attributes:
        contents: value of each id. A record without an id, which no worker wrote, is named by partition and offset.
        repeats: number of records whose id came before.
        conflicts: number of these whose value was another one.
        read_once: number of records that a reader which drops repeated ones keeps.
    """

    def __init__(self, records: Sequence[Received]) -> None:
        self.contents: dict[str, bytes] = {}
        self.repeats = self.conflicts = self.read_once = 0
        once = Once()
        for record in records:
            value = record.value or b""
            before = len(self.contents)
            name = identity_of(value) or f"no record of ours, partition {record.partition}, offset {record.offset}"
            self.conflicts += self.contents.setdefault(name, value) != value
            self.repeats += len(self.contents) == before
            self.read_once += once.is_new(record.partition, value)


def audit(
    nodes: Sequence[Node[Any]], sent: int, broken: Set[str] | None, logs: Mapping[str, Sequence[Received]]
) -> Audit:
    """Replay the ticks in this process, and check the records on all topics against the result.

    Args:
        nodes: computations that the workers ran, with their parameters.
        sent: number of ticks that the broker acknowledged.
        broken: ids of exactly the ticks that must be refused; None if they are not known.
        logs: all records of each topic, repeated ones included, by topic name (without the system's prefix).
    """
    ticks = {root_id(TICKS.name, record.partition, record.offset) for record in logs[TICKS.name]}
    nodes = following(nodes, TICKS)
    held = {topic.name: _Topic(logs[topic.name]) for node in nodes for topic in node.outputs if not topic.is_root}
    predicted, refused = held[PREDICTIONS.name].contents.keys(), held[DEAD_LETTERS.name].contents.keys()
    records = (SourceRecord(r.partition, r.offset, r.key, r.value) for r in logs[TICKS.name])
    expected = {name: {i: value for _, i, value in of} for name, of in by_topic(replay(nodes, records)).items()}
    differing = sum(
        topic.contents.get(i) != expected.get(name, {}).get(i)
        for name, topic in held.items()
        for i in topic.contents.keys() | expected.get(name, {}).keys()
    )
    replayed = sum(map(len, expected.values()))
    repeats = sum(topic.repeats for topic in held.values())
    conflicts = sum(topic.conflicts for topic in held.values())
    distinct = sum(len(topic.contents) for topic in held.values())
    read_once = sum(topic.read_once for topic in held.values())
    checks = [
        AuditCheck("every tick is in the log", f"{len(ticks):,} of {sent:,} acknowledged", len(ticks) == sent),
        AuditCheck(
            "exactly one prediction for each accepted tick",
            f"{len(predicted):,} for {len(ticks - refused):,}",
            # None for none would be a promise about nothing.
            predicted == ticks - refused and refused <= ticks and bool(predicted),
        ),
        AuditCheck(
            "a reader gets each record once",
            f"{read_once:,} of {distinct:,}, {repeats:,} repeats dropped"
            + (f", {conflicts:,} of them with other bytes" if conflicts else ""),
            read_once == distinct and not conflicts,
        ),
        AuditCheck(
            "same bytes as an undisturbed replay of the ticks",
            f"yes ({replayed:,} records)" if not differing else f"no ({differing:,} of {replayed:,} differ)",
            not differing and replayed > 0,
        ),
    ]
    if broken is not None:
        found = f"{len(refused & broken):,} of {len(broken):,}, {len(refused - broken):,} others"
        checks.insert(1, AuditCheck("refused what was broken on purpose, nothing else", found, refused == broken))
    outcomes = len(held[OUTCOMES.name].contents)
    return Audit(len(ticks), len(ticks - refused), len(predicted), outcomes, repeats, replayed, tuple(checks))
