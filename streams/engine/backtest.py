"""A backtest: all nodes (functions over one topic each) run over a sequence of ticks in one process, without Kafka.

The results are the same as if the ticks were published to empty topics. Ticks are read one by one, so that memory does
not grow with their number, and the state of a run can be stored and resumed.
"""

from collections.abc import Mapping, Sequence
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
from streams.engine.reference_copies import copied
from streams.engine.routes import topic_of

AGAIN = "fix: remove the folder of the run, and begin it again"
"""Advice for a snapshot of a backtest that cannot be resumed."""


class Decision(Struct, frozen=True):
    """A directive that a backtest met, as a row of its table of decisions.

    A directive is a record among the ticks that starts, promotes or stops an arm. An arm is one of the variants of the
    pipeline that run side by side on a symbol.

    Attributes:
        id: id of the directive's record: topic, partition and offset.
        symbol: symbol that the directive is about.
        ts_event: event time of the directive, ns since 1970, UTC.
        action: `start_arm`, `promote_arm` or `stop_arm`.
        arm: name of the arm.
        cause: why the directive was given, in words.
        directive: id that the author of the directive gave it.
        version: name of the model version that the directive carries; empty if it carries none.
        refused: reason code if the directive was refused, otherwise empty.
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
    """Counts and digests of a backtest.

    Attributes:
        ticks: number of input records, including directives and refused records.
        first: event time of the first prediction, ns since 1970; 0 if there is none.
        last: event time of the last prediction, ns since 1970; 0 if there is none.
        counts: number of output records by topic.
        refused: number of refused records by reason code.
        digests: by topic and partition number, a digest of the output records in the order of writing; empty if digests
            were not asked for.
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


class _NodeSnapshotWithContext(_NodeSnapshot, array_like=True):
    context: bytes = b""


class _Snapshot(Struct, array_like=True):
    facts: Facts
    partitions: Mapping[int, tuple[int, Sequence[_NodeSnapshot]]]


class _StoredSnapshot(_Snapshot, array_like=True):
    partitions: Mapping[int, tuple[int, Sequence[_NodeSnapshotWithContext]]]


class Engine:
    """A backtest in progress: it takes ticks one by one and returns the records that all nodes write in answer.

    Each tick gets the partition and the offset that it would have if it were published to an empty topic. A tick of a
    reference (a symbol that the features of others look at) is copied to all other partitions, as `tickloop publish`
    does it.

    Args:
        nodes: the nodes to run. The first one reads the ticks; nodes whose input does not follow from ticks, such as
            readers of commands, are left out.
        partitions: number of partitions of every topic.
        with_digests: whether to compute digests of the output topics. Every output record is then encoded, which is
            slower.
        share: number of this engine, 0 to `shares` - 1, where several engines divide the work. The engine takes the
            partitions whose number modulo `shares` is `share`, and skips the ticks of all others.
        shares: number of engines among which the partitions are divided.

    Attributes:
        decisions: directives met so far, one row each. The caller clears the list after storing it.
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
        self._references = nodes[0].references
        self._topics = {record: topic.name for record, topic in topic_of(nodes).items()}
        self._count = partitions
        self._partitions = [
            LoopPartition(nodes, number) if number % shares == share else None for number in range(partitions)
        ]
        self._counts = dict.fromkeys(self._topics, 0)
        self._digests = {kind: dict[int, bytes]() for kind in self._topics} if with_digests else {}

    def take(self, item: Feed) -> Sequence[Struct]:
        """Process the next input, a tick or a directive; return the records that all nodes write in answer.

        The records are in the order in which they are written. Nothing is returned for an input of a partition that
        another engine processes.
        """
        home = partition_of(item.symbol, self._count)
        if item.symbol in self._references and (found := copied(item, self._references)):
            item, copy = found
            answers = [
                record
                for number, partition in enumerate(self._partitions)
                if number != home and partition is not None
                for record in self._counted(partition.receive(copy), number)
            ]
            return [*self._take(item, home), *answers]
        return self._take(item, home)

    def _take(self, item: Feed, home: int) -> Sequence[Struct]:
        partition = self._partitions[home]
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
        return self._counted(written, home)

    def _counted(self, written: Sequence[Struct], number: int) -> Sequence[Struct]:
        facts = self._facts
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
                chain = chains[kind]
                chain[number] = digests.extended(chain.get(number, digests.START), encode(record))
        return written

    @property
    def facts(self) -> Facts:
        """Counts and digests of everything taken so far, as a copy that later ticks do not change."""
        counts = {name: self._counts[kind] for kind, name in self._topics.items()}
        chains = {self._topics[kind]: dict(chain) for kind, chain in self._digests.items()}
        return replace(self._facts, counts=counts, refused=dict(self._facts.refused), digests=chains)

    def snapshot(self) -> bytes:
        """The whole state of the run as bytes. An engine that restores them goes on exactly as this one would."""
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
        """Replace the state of this engine by that in a snapshot of an engine built with the same arguments.

        Raises:
            StateError: the bytes are not a snapshot, or are one made with other nodes, partitions or parameters.
        """
        try:
            stored = msgpack.decode(snapshot, type=_StoredSnapshot)
        except MsgspecError as error:
            raise StateError(f"expected a snapshot of a backtest, was something else: {error}; {AGAIN}") from error
        mine = {partition.number: partition for partition in self._partitions if partition is not None}
        if mine.keys() != stored.partitions.keys():
            raise StateError(f"expected partitions {sorted(mine)}, was {sorted(stored.partitions)}; {AGAIN}")
        for number, (next_offset, nodes) in stored.partitions.items():
            mine[number].next_offset = next_offset
            for partition, node in zip(mine[number].partitions, nodes, strict=True):
                partition.load_context(node.context)
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
    if context := partition.dump_context():
        return _NodeSnapshotWithContext(partition.node.name, partition.offset, keys, context)
    return _NodeSnapshot(partition.node.name, partition.offset, keys)
