"""One partition that is assigned to a worker: applies fetched records, sends the outputs, and takes checkpoints."""

import asyncio
import logging
import math
import secrets
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

from msgspec.structs import replace

from agents.kafka import AIOKafkaProducer
from agents.kafka.fetches import Fetched
from agents.runtime.counters import Counters
from agents.runtime.kept_snapshots import SLOTS, SlotWriter
from agents.runtime.log_identity import digest_of
from agents.runtime.outbox import Outbox, Post
from agents.runtime.recovery import Recovered
from agents.runtime.snapshots import UNKNOWN, EpochWriter, Origin
from schemas.codec import encode
from schemas.dead_letters import DeadLetter
from schemas.errors import StateError
from schemas.topics import LARGEST_SNAPSHOT
from streams.engine.dead_letters import Fitted
from streams.engine.node import Node
from streams.engine.partition import Partition
from streams.engine.routes import place_of, topic_of

log = logging.getLogger(__name__)

RECORDS_A_TURN = 50
"""Records applied before other coroutines get their turn: about 2 ms."""

TURNS_A_TIMED_ONE = 4
"""One of this many turns is timed, since timing each would slow small turns down."""

MOST_MARKS = 512
"""Turns after the covered offset whose last records are remembered; of more, every second one is forgotten."""


MOST_CONTEXTS = 8
"""Contexts of earlier offsets that are kept until a manifest is written; of more, every second one is forgotten."""


async def _nothing_is_deleted(expected: int, found: int) -> int:
    return expected


class PartitionServices(NamedTuple):
    """Topics, callbacks and limits that a worker gives to each of its partitions.

    Attributes:
        producer: Kafka producer that sends whole batches to a given partition.
        post: sends the outputs of all partitions; one request can carry outputs of several
            partitions.
        topics: name on the cluster of the topic for each class of output records.
        changelog: name of the topic for snapshots.
        partitions: number of partitions of every topic.
        checkpoint_bytes: largest size of the snapshots that one checkpoint writes, bytes.
        fetch_again_from: called with an offset from which the consumer has to read the partition
            again.
        counters: figures about the computation.
        origin: identity of the topic and of the code, stored with snapshots.
        look_into: called when fetched records begin after the expected offset, with the expected
            offset and that of the first fetched record. It returns the lowest offset from the
            expected one on that the partition still holds: that of the first fetched record if
            everything before it was deleted.
        kept: name of the topic for older snapshots; empty if none are kept.
        kept_ms: time between two sets of older snapshots, milliseconds of the log's timestamps.
        keep_from: offset that must be applied before the first set of older snapshots is begun.
        source: name on the cluster of the topic that the partition belongs to.
    """

    producer: AIOKafkaProducer
    post: Post
    topics: Mapping[type, str]
    changelog: str
    partitions: int
    checkpoint_bytes: int
    fetch_again_from: Callable[[int], None]
    counters: Counters
    origin: Origin = UNKNOWN
    look_into: Callable[[int, int], Awaitable[int]] = _nothing_is_deleted
    kept: str = ""
    kept_ms: int = 1
    keep_from: int = 0
    source: str = ""


class LivePartition:
    """One partition that is assigned to a worker: applies its records, sends outputs, takes checkpoints.

    It belongs to one node, which is a computation over one topic.

    Attributes:
        partition: the state of the partition, and the computation.
        covered: offset of the last record that is applied in all stored snapshots; -1 if no snapshots
            are stored.
        revoked: whether another worker may have the partition by now. If so, nothing is applied or
            stored any more.
        event_ns: event time of the newest output, ns since 1970; 0 if there was no output yet.
        checkpointed_at: monotonic time of the last finished checkpoint; before one, of the
            assignment.
    """

    def __init__(self, node: Node[Any], number: int, stored: Recovered, services: PartitionServices) -> None:
        self.partition = Partition(node, number, stored.offset, stored.roster)
        self.partition.load_context(stored.context)
        if self.partition.context is not None and services.partitions > 1:
            self.partition.copies = []
        # The context as of some offsets, one of which will be that of the next manifest; the oldest first.
        self._contexts = deque([(stored.offset, self.partition.dump_context())])
        for name, snapshot in stored.keys.items():
            self.partition.restore(name, snapshot)
        # An epoch is complete in itself: whoever takes over stores everything once under its own.
        self.partition.dirty = dict.fromkeys(stored.keys, stored.offset + 1)
        self.covered = stored.offset
        self.revoked = False
        self._closed = False
        self._epoch_writer = EpochWriter(number, secrets.token_hex(4), stored.stored)
        self._services = services
        self._outbox = Outbox(services.producer, services.counters.sent)
        self._fitted = Fitted(node.outputs)
        self._topics = topic_of([node])
        self.event_ns = 0
        self.checkpointed_at = time.monotonic()
        self._turn = asyncio.Lock()
        self._turns = 0
        self._checkpointing = asyncio.Lock()
        # The log was read up to here: what is missing before it is not in the log.
        self._read_to = 0
        # Last records of turns, the newest at the end: one of them tells this log from another.
        self._marks: deque[Any] = deque()
        self._mark = stored.origin.mark, stored.origin.digest
        self._kept = stored.origin.kept if stored.offset >= 0 else None
        self._slot = stored.origin.slot
        self._slot_writer: SlotWriter | None = None

    async def take(self, fetched: Fetched) -> None:
        """Apply fetched records, at most 50 at a time with pauses for other partitions; pass on outputs.

        Records that lie directly before `fetched` may not have been applied. If the partition still
        holds any of them, nothing is applied now, and the consumer is told to read again from the first
        of these. If all of them were deleted, they are recorded as lost, and `fetched` is applied.

        Args:
            fetched: consecutive records of the partition.
        """
        if self.revoked or self._closed or not await self._follows(fetched):
            return
        for start in range(0, len(fetched), RECORDS_A_TURN):
            turn = fetched[start : start + RECORDS_A_TURN]
            async with self._turn:
                if self.revoked or self._closed:
                    return
                self._apply(turn)
                self._remember(turn[-1])
            self._services.post.call(self._outbox)
            if self._outbox.is_full:
                await self._outbox.flush()
            elif len(turn) == RECORDS_A_TURN:
                await asyncio.sleep(0)
        self._read_to = max(self._read_to, fetched.ends)

    @property
    def done_to(self) -> int:
        """Offset before which nothing is left to do: all records before it are applied in stored snapshots.

        It may lie beyond the last record, where the partition holds only transaction markers, for example.
        """
        behind = self.covered + 1
        return max(behind, self._read_to) if self.covered == self.partition.offset else behind

    async def _follows(self, fetched: Fetched) -> bool:
        """Whether `fetched` follows what was applied without a gap; if not, have the consumer read the gap again.

        Between the offsets where a fetch begins and ends, the partition holds no records but the fetched ones.
        Records of a gap before it were not read, or were lost between client and node: they are read again in both
        cases.
        """
        expected = max(self.partition.offset + 1, self._read_to)
        if fetched.begins > expected:
            first = await self._services.look_into(expected, fetched.begins)
            if first > expected:
                self.partition.offset = first - 1
            if fetched.begins > first:
                self._services.fetch_again_from(first)
                return False
        return True

    def _apply(self, records: list[Any]) -> None:
        # Offsets that are missing inside a fetch were never there: transaction markers, aborted records, compaction.
        partition, outbox, names, topics = self.partition, self._outbox, self._services.topics, self._topics
        apply, append, fitted, root_id = partition.apply, outbox.append, self._fitted.encode, partition.root_id
        number, partitions, counters = partition.number, self._services.partitions, self._services.counters
        copies = partition.copies
        timed, self._turns = self._turns % TURNS_A_TIMED_ONE == 0, self._turns + 1
        began, repeated, new, output = time.perf_counter(), partition.repeats, 0, None
        for record in records:
            offset = record.offset
            if offset > partition.offset:
                new += 1
                for written in apply(offset, record.key, record.value):
                    output, value = fitted(written, root_id)
                    kind = type(output)
                    if kind is DeadLetter:
                        counters.refused[output.reason] += 1
                        if output is not written:
                            log.error("%s: a dead letter stands in for what was written: %s", output.id, output.detail)
                    topic = topics[kind]
                    place = place_of(topic, output, number, partitions)
                    append(names[kind], topic.key_of(output), value, place)
                if copies:
                    self._pass_on(copies)
        repeated = partition.repeats - repeated + len(records) - new
        counters.applied[number] += len(records) - repeated
        if repeated:
            counters.repeated[number] += repeated
        if output is not None:
            self.event_ns = getattr(output, "ts_event", self.event_ns)
        if new and timed:
            counters.step_s.add((time.perf_counter() - began) / new, new)
            counters.wait_s.add(time.time() - records[-1].timestamp / 1000, new)

    def _pass_on(self, copies: list[Any]) -> None:
        """Have records written to every other partition of the topic that is read, and clear the list."""
        source, number = self.partition.node.source, self.partition.number
        for copy in copies:
            key, value = source.key_of(copy), encode(copy)
            for place in range(self._services.partitions):
                if place != number:
                    self._outbox.append(self._services.source, key, value, place)
        copies.clear()

    def _held_back(self, covered: int) -> tuple[int, bytes]:
        """The newest offset up to `covered` at which the context is known, and the context: a restore begins there.

        Snapshots of keys may reach further than the context; a context that reached further than a snapshot could not
        be taken back. So the manifest names the offset of the context.
        """
        known, partition = self._contexts, self.partition
        if partition.context is None:
            return covered, b""
        if known[-1][0] < partition.offset:
            known.append((partition.offset, partition.dump_context()))
        while len(known) > 1 and known[1][0] <= covered:
            known.popleft()
        if len(known) > MOST_CONTEXTS:
            self._contexts = known = deque([*list(known)[::2], known[-1]])
        return known[0]

    async def checkpoint(self, last: bool = False) -> None:
        """Make durable what was applied: first the outputs, then changed states, then the offset that both reach.

        Each step begins when the broker has acknowledged the one before.

        Args:
            last: whether this is the last checkpoint. It stores all changed states, and no more records are applied
                afterwards. Any other checkpoint stores about `checkpoint_bytes` at most, and begins with those states
                that have waited longest since they changed.

        Raises:
            StateError: the state of a key is larger than a record of the changelog may be.
        """
        async with self._checkpointing:
            began = time.monotonic()
            async with self._turn:
                self._closed = last
                partition = self.partition
                if self.revoked or (partition.offset == self.covered and not partition.dirty):
                    self.checkpointed_at = began
                    return
                await self._outbox.flush()
                acks = self._outbox.taken()
                snapshots = self._snapshots_of_longest_dirty(math.inf if last else self._services.checkpoint_bytes)
                covered, context = self._held_back(partition.covered_without(snapshots))
                for name in snapshots:
                    del partition.dirty[name]
                records = self._epoch_writer.snapshots(snapshots, partition.roster(self.covered), partition.keys.keys())
            await asyncio.gather(*acks)
            await self._store(records)
            if covered > self.covered:
                await self._store(self._epoch_writer.manifest(covered, self._origin(covered), context))
                self.covered = covered
            if self._services.kept and not last:
                await self._keep()
            self.checkpointed_at = time.monotonic()
            self._services.counters.checkpoint_s.add(self.checkpointed_at - began)
            self._services.counters.snapshot_bytes += sum(map(len, snapshots.values()))

    def _remember(self, record: Any) -> None:
        if record.offset != self.partition.offset:  # a repeat
            return
        self._marks.append(record)
        if len(self._marks) > MOST_MARKS:
            self._marks = deque([*self._marks][::2])  # with the first and the last one

    @property
    def newest(self) -> Origin:
        """Identity of the topic and of the code, with the last record applied as the one to recognise.

        The id and the leader epoch of the topic are those at the time of the assignment. `mark` and
        `digest` are the offset and the digest of the last record applied.
        """
        mark, digest = (self._marks[-1].offset, digest_of(self._marks[-1])) if self._marks else self._mark
        return replace(self._services.origin, mark=mark, digest=digest)

    def _origin(self, covered: int) -> Origin:
        """Identity of topic and code to store with snapshots in which records up to offset `covered` are applied."""
        record = None
        while self._marks and self._marks[0].offset <= covered:
            record = self._marks.popleft()
        if record is not None:
            self._marks.appendleft(record)
            self._mark = record.offset, digest_of(record)
        mark, digest = self._mark
        kept = -1 if self._kept is None else self._kept
        return replace(self._services.origin, mark=mark, digest=digest, kept=kept, slot=self._slot)

    async def _keep(self) -> None:
        """Store some snapshots of a set of older ones, if a set is under way or it is time to begin one."""
        if not self._marks:
            return
        period = self._marks[-1].timestamp // self._services.kept_ms
        if self._kept is None:  # began with nothing, at the beginning of the log: a replay can, too
            self._kept = period
        if self._slot_writer is None:
            if period <= self._kept or self.partition.offset < self._services.keep_from:
                return
            self._slot = (self._slot + 1) % SLOTS
            self._slot_writer = SlotWriter(self.partition, self._slot, self._services.origin.code)
            await self._store(self._slot_writer.begin(), self._services.kept)
        async with self._turn:
            share = self._slot_writer.share(self._services.checkpoint_bytes)
        await self._store(share, self._services.kept)
        if self._slot_writer.is_whole:
            await self._store(self._slot_writer.end(), self._services.kept)
            self._slot_writer, self._kept = None, period

    @property
    def unacked_since(self) -> float | None:
        """Monotonic time at which the oldest unacknowledged output was sent; None if all outputs are acknowledged."""
        return self._outbox.unacked_since

    def _snapshots_of_longest_dirty(self, room: float) -> dict[str, bytes]:
        snapshots: dict[str, bytes] = {}
        for name in self.partition.dirty:
            if room <= 0:
                break
            snapshot = snapshots[name] = self.partition.snapshot(name)
            if len(snapshot) > LARGEST_SNAPSHOT:
                raise StateError(_too_large(self.partition.node.name, name, len(snapshot)))
            room -= len(snapshot)
        return snapshots

    async def _store(self, records: Mapping[bytes, bytes | None], topic: str = "") -> None:
        if self.revoked or not records:
            return
        outbox = Outbox(self._services.producer, self._services.counters.sent)
        for key, value in records.items():
            outbox.append(topic or self._services.changelog, key, value, self.partition.number)
        await outbox.flush()
        await asyncio.gather(*outbox.taken())


def _too_large(node: str, name: str, size: int) -> str:
    return (
        f"expected the {node} node's state of {name!r:.80} to take at most {LARGEST_SNAPSHOT} bytes, was {size}: it "
        "cannot be stored; fix: shorter windows in [market], or bound what a component of your own keeps; then "
        "`tickloop topics reset` computes everything anew"
    )
