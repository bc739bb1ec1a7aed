"""Finds where the replay of each partition can begin: at its first record, or at older snapshots."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from agents.clients.log_events import log_events
from agents.clients.reader import read_blocks
from agents.config.settings import Settings
from agents.runtime.binding import kept_name
from agents.runtime.kept_snapshots import KeptSnapshots, kept_in
from schemas.errors import EnvironmentProblem
from schemas.log_events import ComputedBy, LogEvent, RecordsLost
from schemas.topics import LOG_EVENTS
from streams.engine.node import Node
from streams.engine.partition import NO_ROSTER, KeySnapshot, PartitionRoster


class ReplayStart(NamedTuple):
    """Where the replay of one partition begins, and with which states.

    Attributes:
        offset: offset of the first record to replay.
        after: last offset whose results are not compared, because the replay gives only part of them.
        keys: snapshot of each key (a symbol, for example) to begin with; empty for a replay from the first record.
        roster: which keys the partition held where the replay begins.
        context: what all keys looked at together there, as bytes; empty if there is nothing.
    """

    offset: int
    after: int
    keys: Mapping[str, KeySnapshot]
    roster: PartitionRoster = NO_ROSTER
    context: bytes = b""


class PartitionHistory(NamedTuple):
    """What workers recorded on the topic `log-events` about one partition since they last began it without snapshots.

    Attributes:
        began: first offset that the workers applied.
        changed: records which say that other code went on from the snapshots of earlier code, in order of offsets.
        lost: records about input that was deleted before workers had read it.
    """

    began: int
    changed: tuple[ComputedBy, ...]
    lost: tuple[RecordsLost, ...]


NOTHING_WRITTEN = PartitionHistory(0, (), ())
"""Of a log that an earlier version computed."""


def histories(events: list[LogEvent], node: str) -> dict[int, PartitionHistory]:
    """What workers recorded about each partition of the topic that a node (a computation) reads.

    A record with an empty `before` says that workers began a partition without snapshots; what was
    recorded about the partition earlier is then left out. A record with another `before` says that
    new code went on from the snapshots of that code.

    Args:
        events: all records of the topic `log-events`, in the order in which they were written.
        node: name of the node.

    >>> log = {"node": "market", "topic": "ticks", "partition": 0, "parts": {}, "sentence": ""}
    >>> began = ComputedBy(offset=0, code="a1", before="", **log)
    >>> changed = ComputedBy(offset=500, code="b2", before="a1", **log)
    >>> [each.offset for each in histories([began, changed], "market")[0].changed]
    [500]
    >>> again = ComputedBy(offset=200, code="b2", before="", **log)  # after `tickloop topics reset`
    >>> histories([began, changed, again], "market")[0]
    PartitionHistory(began=200, changed=(), lost=())
    """
    found: dict[int, PartitionHistory] = {}
    for event in events:
        if event.node != node:
            continue
        known = found.get(event.partition, NOTHING_WRITTEN)
        if isinstance(event, RecordsLost):
            found[event.partition] = known._replace(lost=(*known.lost, event))
        elif event.before:
            found[event.partition] = known._replace(changed=(*known.changed, event))
        else:
            found[event.partition] = PartitionHistory(event.offset, (), ())
    return found


def replay_start(first: int, history: PartitionHistory, kept: list[KeptSnapshots]) -> ReplayStart | None:
    """The earliest place at which the replay of a partition can begin; None if there is none.

    The replay begins at the record with which workers began, if the partition still holds this record
    and the code has not changed since. Otherwise it begins after a set of older snapshots: the
    earliest set after which every record still exists and was applied by the newest code.

    Args:
        first: first offset that the partition still holds.
        history: what workers recorded about the partition; `NOTHING_WRITTEN` means that they began at
            offset 0 and that the code never changed.
        kept: sets of older snapshots of the partition, the earliest first.

    The examples show `offset`, `after` and `keys` of the result. A set with `low` 100 and `high` 109
    allows a replay from offset 101 on, whose results are compared after offset 109.

    >>> replay_start(0, NOTHING_WRITTEN, [])[:3]
    (0, -1, {})
    >>> kept = [KeptSnapshots(low, low + 9, "a1", {}) for low in (100, 200, 300)]
    >>> replay_start(101, NOTHING_WRITTEN, kept)[:3], replay_start(102, NOTHING_WRITTEN, kept)[:3]
    ((101, 109, {}), (201, 209, {}))
    >>> print(replay_start(302, NOTHING_WRITTEN, kept))
    None
    """
    if first <= history.began and not history.changed:
        return ReplayStart(history.began, history.began - 1, {})
    for each in kept:
        if each.low + 1 < max(first, history.began):
            continue
        if history.changed and (each.code != history.changed[-1].code or each.low + 1 < history.changed[-1].offset):
            continue
        return ReplayStart(each.low + 1, each.high, each.keys, each.roster, each.context)
    return None


async def read_histories(settings: Settings, bootstrap: str, node: Node[Any]) -> dict[int, PartitionHistory]:
    """Read what workers recorded on `log-events` about each partition that `node` (a computation) reads."""
    return histories(await log_events(bootstrap, settings.topic(LOG_EVENTS.name)), node.name)


async def read_kept(settings: Settings, bootstrap: str, node: Node[Any]) -> dict[int, list[KeptSnapshots]]:
    """All sets of older snapshots that workers have kept for a node (a computation), by partition.

    The result is empty if the topic for older snapshots does not exist. All sets together are a few times as large as
    the node's whole state.
    """
    records: dict[int, dict[bytes, bytes | None]] = {}
    try:
        async for block in read_blocks(bootstrap, kept_name(settings, node), until_end=True, repeats=True):
            for record in block:
                records.setdefault(record.partition, {})[record.key or b""] = record.value
    except EnvironmentProblem:  # an earlier version computed here, or it is a copy of topics
        return {}
    return {number: kept_in(mine.items(), number) for number, mine in records.items()}
