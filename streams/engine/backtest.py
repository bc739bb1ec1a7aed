"""The whole loop over a feed of ticks, as if they had been published, in constant memory; it can be resumed."""

from collections.abc import Sequence
from typing import Any

from msgspec import MsgspecError, Struct, msgpack
from msgspec.structs import replace

from schemas.codec import encode
from schemas.dead_letters import DeadLetter
from schemas.errors import StateError
from schemas.positions import root_id
from schemas.predictions import Prediction
from schemas.ticks import Directive
from schemas.topics import PARTITIONS
from streams.engine import digests
from streams.engine.feed import Feed, RawTick
from streams.engine.loop_partition import LoopPartition
from streams.engine.node import Node, following
from streams.engine.partition import KeySnapshot, Partition
from streams.engine.partitioner import partition_of
from streams.engine.routes import topic_of

AGAIN = "fix: remove the folder of the run, and begin it again"
"""Advice for a snapshot of a backtest that cannot be resumed."""


class Decision(Struct, frozen=True):
    """A directive of the tick log, as a row for the tables of a backtest.

    Attributes:
        id: of the record in the log.
        symbol, ts_event, action, arm, cause: fields of the directive.
        directive: id of the directive.
        version: version of the model that it brings, or empty.
        refused: reason code if it was refused, or empty.
    """

    id: str
    symbol: str
    ts_event: int
    action: str
    arm: str
    cause: str
    directive: str
    version: str
    refused: str


class Facts(Struct):
    """Counts and digests of a run.

    Attributes:
        ticks: records of the log, refused ones and directives included.
        first, last: event time of the first and of the last prediction, ns; 0 before one.
        counts: records of each topic.
        refused: refused records by reason.
        digests: digest of each partition of each topic, by number; empty if not asked for.
    """

    ticks: int = 0
    first: int = 0
    last: int = 0
    counts: dict[str, int] = {}
    refused: dict[str, int] = {}
    digests: dict[str, dict[int, bytes]] = {}


class _NodeSnapshot(Struct, array_like=True):
    name: str
    offset: int
    keys: dict[str, bytes]


class _Snapshot(Struct, array_like=True):
    facts: Facts
    partitions: dict[int, tuple[int, list[_NodeSnapshot]]]


class Engine:
    """Gives every tick the partition and the offset that publishing to empty topics would give it, and runs the loop.

    Args:
        nodes: of the loop.
        partitions: of every topic.
        with_digests: whether to compute digests of the topics, for which every record is encoded.
        share: which of `shares` equal parts of the partitions this engine runs; it skips the ticks of the others.
        shares: how many there are.

    Attributes:
        decisions: directives since the caller last cleared the list.
    """

    def __init__(
        self,
        nodes: Sequence[Node[Any]],
        partitions: int = PARTITIONS,
        *,
        with_digests: bool = True,
        share: int = 0,
        shares: int = 1,
    ) -> None:
        # A feed holds no commands, so the nodes that answer them are left out.
        nodes = following(nodes, nodes[0].source)
        self._facts = Facts()
        self.decisions: list[Decision] = []
        self._log = nodes[0].source.name
        self._topics = {record: topic.name for record, topic in topic_of(nodes).items()}
        self._count = partitions
        self._partitions = [
            LoopPartition(nodes, number) if number % shares == share else None for number in range(partitions)
        ]
        self._counts = dict.fromkeys(self._topics, 0)
        self._digests = {kind: dict[int, bytes]() for kind in self._topics} if with_digests else {}

    def take(self, item: Feed) -> Sequence[Struct]:
        """Take the next record of the feed; return the records that follow from it, by every node, in order."""
        partition = self._partitions[partition_of(item.symbol, self._count)]
        if partition is None:
            return ()
        facts = self._facts
        facts.ticks += 1
        offset = partition.next_offset
        if type(item) is RawTick:
            written = partition.apply(offset, item.symbol.encode(), item.value)
        else:
            written = partition.receive(item)
            if type(item) is Directive:
                self._decide(item, root_id(self._log, partition.number, offset), written)
        counts, chains, refused = self._counts, self._digests, facts.refused
        for record in written:
            kind = type(record)
            counts[kind] += 1
            if isinstance(record, Prediction):
                facts.last = record.ts_event
                facts.first = facts.first or record.ts_event
            elif isinstance(record, DeadLetter):
                refused[record.reason] = refused.get(record.reason, 0) + 1
            if chains:
                chain, number = chains[kind], partition.number
                chain[number] = digests.extended(chain.get(number, digests.START), encode(record))
        return written

    @property
    def facts(self) -> Facts:
        """Counts and digests of what was taken so far."""
        counts = {name: self._counts[kind] for kind, name in self._topics.items()}
        chains = {self._topics[kind]: dict(chain) for kind, chain in self._digests.items()}
        return replace(self._facts, counts=counts, refused=dict(self._facts.refused), digests=chains)

    def snapshot(self) -> bytes:
        """State of the run as bytes, from which `restore` goes on exactly."""
        return msgpack.encode(
            _Snapshot(
                self.facts,
                {
                    partition.number: (partition.next_offset, [_stored(each) for each in partition.partitions])
                    for partition in self._partitions
                    if partition is not None
                },
            )
        )

    def restore(self, snapshot: bytes) -> None:
        """Go on from a snapshot of an engine that was built with the same arguments.

        Raises:
            StateError: it is not a snapshot, or one of other nodes, partitions or parameters.
        """
        try:
            stored = msgpack.decode(snapshot, type=_Snapshot)
        except MsgspecError as error:
            raise StateError(f"expected a snapshot of a backtest, was something else: {error}; {AGAIN}") from error
        mine = {partition.number: partition for partition in self._partitions if partition is not None}
        if mine.keys() != stored.partitions.keys():
            raise StateError(f"expected partitions {sorted(mine)}, was {sorted(stored.partitions)}; {AGAIN}")
        for number, (next_offset, nodes) in stored.partitions.items():
            mine[number].next_offset = next_offset
            for partition, node in zip(mine[number].partitions, nodes, strict=True):
                if partition.node.name != node.name:
                    raise StateError(
                        f"expected the state of node {partition.node.name}, was that of {node.name}; {AGAIN}"
                    )
                partition.offset = node.offset
                for key, state in node.keys.items():
                    partition.restore(key, msgpack.decode(state, type=KeySnapshot))
        self._facts = stored.facts
        self._counts = {kind: stored.facts.counts[name] for kind, name in self._topics.items()}
        self._digests = {kind: stored.facts.digests[self._topics[kind]] for kind in self._digests}

    def _decide(self, directive: Directive, record_id: str, written: Sequence[Any]) -> None:
        refused = next((each.reason for each in written if type(each) is DeadLetter and each.id == record_id), "")
        self.decisions.append(
            Decision(
                record_id,
                directive.symbol,
                directive.ts_event,
                directive.action,
                directive.arm,
                directive.cause,
                directive.id,
                directive.model.version if directive.model is not None else "",
                refused,
            )
        )


def _stored(partition: Partition) -> _NodeSnapshot:
    keys = {name: partition.snapshot(name) for name in partition.keys}
    return _NodeSnapshot(partition.node.name, partition.offset, keys)
