"""Binds nodes (computations over one topic each) to Faust, so that each record of a topic takes effect exactly once.

The offset stored inside the snapshots decides where a partition goes on; committed offsets do not. Faust provides group
membership, recovery of the snapshot tables and supervision. This module adds what Faust does not guarantee: the order
of outputs and snapshots, the acknowledgement of outputs, and the right offset to read on from.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from functools import partial
from typing import Any

import faust
from aiokafka.errors import KafkaError
from faust.types import TP
from msgspec.structs import replace

from agents.config.settings import Settings
from agents.identity.computing import Identity
from agents.runtime.counters import Counters
from agents.runtime.crash import stop_the_process
from agents.runtime.identity_check import IdentityCheck, LogReading
from agents.runtime.live_partition import LivePartition, PartitionServices
from agents.runtime.log_identity import lost
from agents.runtime.outbox import Post
from agents.runtime.recovery import NOTHING, Recovered, SnapshotsIncomplete, recover
from agents.runtime.reseeks import Reseeks
from agents.runtime.snapshots import Origin
from agents.runtime.transport import commit, producer_of, read_over, stored_in
from schemas.errors import EnvironmentProblem, StateError
from schemas.log_events import LogEvent
from schemas.topics import TICKS
from streams.engine.chain import chained
from streams.engine.node import Node
from streams.engine.routes import topic_of

log = logging.getLogger(__name__)

BEAT_S = 0.5
LOOK_S = 60.0
"""How often a worker looks whether the logs that it reads are still those that it has read."""


def changelog_name(settings: Settings, node: Node[Any]) -> str:
    """Name of the topic that holds the newest snapshots of a node (a computation over one topic).

    Faust gives this name to the changelog of the node's table.
    """
    return f"{settings.group}-{node.name}-snapshots-changelog"


def kept_name(settings: Settings, node: Node[Any]) -> str:
    """Name of the topic for some older snapshots of a node (a computation over one topic).

    `tickloop verify` can begin a replay from them.
    """
    return f"{settings.group}-{node.name}-snapshots-kept"


def snapshot_topics(settings: Settings, node: Node[Any]) -> list[str]:
    """Names of all topics that hold snapshots of a node (a computation over one topic).

    The first one is the changelog of the node's table. A node that reads the topic `ticks` has a second one, for
    the older snapshots that `tickloop verify` uses when it replays the ticks.

    >>> from streams.account.node import AccountNode
    >>> from streams.market.node import MarketNode
    >>> snapshot_topics(Settings(prefix="lab-"), MarketNode())
    ['lab-tickloop-market-snapshots-changelog', 'lab-tickloop-market-snapshots-kept']
    >>> snapshot_topics(Settings(), AccountNode())
    ['tickloop-account-snapshots-changelog']
    """
    kept = [kept_name(settings, node)] if node.source is TICKS else []
    return [changelog_name(settings, node), *kept]


class Binding:
    """One node (a computation over one topic) on a Faust app.

    An agent of the app reads the node's topic, and a table of the app holds the node's snapshots.

    The node may be several nodes joined into one, each of which reads the output of another.

    Attributes:
        name: name of the node.
        node: the node, which computes.
        source: name on the cluster of the topic that the node reads.
        live: partitions of that topic that are assigned to this worker, by number.
        counters: figures about what the node has done.
        in_hand_since: monotonic time at which the node took the records that it is applying; None while it waits.
    """

    def __init__(self, app: faust.App, settings: Settings, node: Node[Any]) -> None:
        self.name = node.name
        self.counters = Counters()
        self.in_hand_since: float | None = None
        self.source = settings.topic(node.source.name)
        self.live: dict[int, LivePartition] = {}
        self._app, self._settings, self.node = app, settings, node
        self._generation = -1
        partitions = settings.partitions
        self._table = app.Table(node.name + "-snapshots", partitions=partitions, key_type=bytes, value_type=bytes)
        source = app.topic(
            self.source,
            partitions=partitions,
            key_type=bytes,
            value_type=bytes,
            key_serializer="raw",
            value_serializer="raw",
            acks=False,
        )
        app.agent(source, name=node.name)(self._run)

    async def _run(self, fetches: Any) -> None:
        try:
            async for generation, fetched in fetches:
                self.in_hand_since = time.monotonic()
                for number, records in fetched.items():
                    if generation == self._generation and number in self.live:
                        await self.live[number].take(records)
                self.in_hand_since = None
        except Exception as error:
            stop_the_process(error)
            raise

    def revoke(self) -> None:
        """Drop the state of all partitions, because other workers may have been assigned these partitions by now."""
        for partition in self.live.values():
            partition.revoked = True
        self.live = {}

    def reading(self, number: int) -> LogReading:
        """Return the names of this node, its topic and the partition `number`, for checks of the topic."""
        return LogReading(self.name, self.node.source.name, TP(self.source, number))

    def stored(self, numbers: list[int]) -> list[tuple[int, Recovered]]:
        """Return (number, state) for each of the partitions `numbers`, from the recovered table of snapshots.

        A partition without snapshots has offset -1 and no keys.
        """
        found = recover(stored_in(self._table).items(), numbers) if numbers else {}
        return [(number, found.get(number, NOTHING)) for number in numbers]

    def load(
        self,
        number: int,
        stored: Recovered,
        *,
        origin: Origin,
        fetch_again_from: Callable[[int], None],
        look_into: Callable[[int, int], Awaitable[int]],
        post: Post,
        kept: str,
        keep_from: int,
    ) -> LivePartition:
        """Restore the state of a partition that was just assigned, add the partition to `live`, and return it.

        Args:
            number, stored: number and recovered snapshots of the partition.
            origin, fetch_again_from, look_into, post, kept, keep_from: see the attributes of `PartitionServices`.
        """
        settings, node = self._settings, self.node
        services = PartitionServices(
            producer_of(self._app),
            post,
            {record: settings.topic(topic.name) for record, topic in topic_of([node]).items()},
            changelog_name(settings, node),
            settings.partitions,
            settings.checkpoint_bytes,
            fetch_again_from,
            self.counters,
            origin,
            look_into,
            kept,
            max(1, round(settings.verify_every_s * 1000)),
            keep_from,
            self.source,
        )
        self._generation = self._app.consumer_generation_id
        self.live[number] = LivePartition(node, number, stored, services)
        return self.live[number]


class Runtime:
    """All nodes (computations over one topic each) that run in one worker.

    Nodes that read the output of other nodes are joined with these into a chain, which acts as a single node: one pass
    over the records of its topic computes all of them.

    Attributes:
        bindings: one for each chain (or single node). Several chains may read the same topic.
        reseeks: offsets that the consumer has to go back to.
        beat: monotonic time at which the event loop last ran the heartbeat task; 0 before the first time.
        recovering_since: monotonic time at which the present recovery began (at the start, or as partitions were given
            up); None when it is finished.
        recovered_s: duration of the last recovery, seconds.
        assignments: how many times partitions were assigned.
    """

    def __init__(
        self, app: faust.App, settings: Settings, bootstrap: str, nodes: Sequence[Node[Any]], identity: Identity
    ) -> None:
        self._app, self._settings = app, settings
        self._identity_check = IdentityCheck(app, settings, bootstrap, identity)
        self.bindings = [Binding(app, settings, node) for node in chained(nodes)]
        self.reseeks = Reseeks()
        self.beat = 0.0
        self.recovering_since: float | None = time.monotonic()
        self.recovered_s = 0.0
        self.assignments = 0
        self._post = Post()
        self._committed: dict[TP, int] = {}
        self._releases = 0

    async def release(self) -> None:
        """Store the state of all partitions a last time, then drop it.

        Called when other workers may get the partitions. As everything is stored, they need not apply any record
        again. If storing fails, the process ends.
        """
        try:
            await self.checkpoint(last=True)
        except Exception as error:
            stop_the_process(error)
            raise
        self._revoke()
        self.recovering_since = time.monotonic()

    def _revoke(self) -> None:
        self._releases += 1
        for binding in self.bindings:
            binding.revoke()

    def is_bound(self, topic: str) -> bool:
        """Whether a computation of this worker reads `topic`, so that the consumer hands on whole fetches."""
        return any(binding.source == topic for binding in self.bindings)

    @property
    def live(self) -> Iterator[tuple[TP, LivePartition]]:
        """Yield every assigned partition of every computation of this worker, as (topic and number, partition)."""
        for binding in self.bindings:
            for number, partition in binding.live.items():
                yield TP(binding.source, number), partition

    async def assign(self, assignment: set[TP]) -> dict[TP, int]:
        """Restore the state of all assigned partitions from snapshots; return the offset to read each partition from.

        A check comes first: the snapshots must have been computed from the topics as they are now, and by the present
        code. If the check or the restoring fails, the process ends.
        """
        mine = sorted(tp for tp in assignment if self.is_bound(tp.topic))
        try:
            self.reseeks.take()
            self._committed = {}
            self._revoke()
            release = self._releases
            wanted = await self._load(mine) if mine else {}
        except (StateError, SnapshotsIncomplete, EnvironmentProblem) as error:
            stop_the_process(error)
            raise
        if release != self._releases:  # they were given up again meanwhile: the next assignment loads
            return {}
        self.assignments += 1
        if self.recovering_since is not None:
            self.recovered_s = time.monotonic() - self.recovering_since
        self.recovering_since = None
        log.info("ready: %s", ", ".join(f"{tp.topic}-{tp.partition} from {offset}" for tp, offset in wanted.items()))
        return wanted

    async def _load(self, assigned: list[TP]) -> dict[TP, int]:
        release, settings, identity_check = self._releases, self._settings, self._identity_check
        readings: dict[LogReading, Binding] = {}
        held: dict[LogReading, Recovered] = {}
        for binding in self.bindings:
            for number, stored in binding.stored([tp.partition for tp in assigned if tp.topic == binding.source]):
                reading = binding.reading(number)
                readings[reading], held[reading] = binding, stored
        seen = await identity_check.look(held, [kept_name(settings, binding.node) for binding in self.bindings])
        by = await identity_check.check_code(held, seen)
        if release != self._releases:
            return {}
        events: list[LogEvent] = []
        for reading, binding in readings.items():
            stored, sight, event = held[reading], seen.logs[reading.tp], by.get(reading)
            gap = lost(stored.offset, sight.first)
            if gap is not None or (event is not None and event.before):
                # Nothing that was kept before is a place to verify from: have snapshots kept soon.
                stored = stored._replace(origin=replace(stored.origin, kept=-1))
            kept = kept_name(settings, binding.node)
            live = binding.load(
                reading.tp.partition,
                stored,
                origin=Origin(sight.topic_id, sight.leader_epoch, code=identity_check.identity.digest),
                fetch_again_from=partial(self.reseeks.ask, reading.tp),
                look_into=partial(identity_check.look_into, reading, binding.counters),
                post=self._post,
                kept=kept if binding.node.source is TICKS and kept in seen.topics else "",
                keep_from=sight.end - 1,  # what was written before follows from ticks before this one
            )
            if event is not None:
                events.append(event)
            if gap is not None:
                live.partition.offset = gap[1]
                events.append(identity_check.lost(reading, binding.counters, *gap))
        # Before anything is put out that follows from it.
        await identity_check.write(events, self.bindings[0].counters)
        return {tp: max(offset, seen.logs[tp].first) for tp, offset in self._uncovered().items()}

    async def look_again(self) -> None:
        """Check that no topic was replaced by another one of the same name since its records were applied.

        Raises:
            StateError: a topic was replaced.
            KafkaError: the cluster does not answer.
        """
        await self._identity_check.look_again(
            (binding.reading(number), live.partition.offset, live.newest)
            for binding in self.bindings
            for number, live in binding.live.items()
        )

    async def keep_looking(self) -> None:
        """Check every minute, until the app stops, that no topic was replaced by another one of the same name.

        If one was, the process ends: it would otherwise read the new topic from an offset of the old one.
        """
        try:
            while not self._app.should_stop:
                await asyncio.sleep(LOOK_S)
                try:
                    await self.look_again()
                except KafkaError as error:
                    log.info("the logs cannot be looked at now: %s", error)
        except Exception as error:
            stop_the_process(error)
            raise

    def _uncovered(self) -> dict[TP, int]:
        """For each input partition, the first offset that is not applied in the snapshots of all nodes that read it."""
        return self._least(lambda partition: partition.covered + 1)

    def _least(self, reached: Callable[[LivePartition], int]) -> dict[TP, int]:
        """For each input partition, the least offset that `reached` gives among the nodes that read it."""
        least: dict[TP, int] = {}
        for tp, partition in self.live:
            least[tp] = min(reached(partition), least.get(tp, reached(partition)))
        return least

    async def checkpoint(self, last: bool = False) -> None:
        """Make durable what every assigned partition has applied (outputs, then state), and commit the offsets.

        Args:
            last: whether this is the last checkpoint: it stores all changed states, whatever their size, and no more
                records are applied afterwards.
        """
        await asyncio.gather(*(partition.checkpoint(last) for _, partition in self.live))
        await self._commit()

    async def _commit(self) -> None:
        known, done = self._committed, self._least(lambda partition: partition.done_to)
        # After the last record there may be markers of transactions, and what these have aborted.
        done = {tp: read_over(self._app, tp, offset) for tp, offset in done.items()}
        moved = {tp: offset for tp, offset in done.items() if offset and offset != known.get(tp)}
        if moved and await commit(self._app, moved):
            known |= moved

    async def keep_posting(self) -> None:
        """Send the outputs of all partitions until the app stops; a request can carry those of several partitions."""
        try:
            await self._post.run()
        except Exception as error:
            stop_the_process(error)
            raise

    async def keep_beating(self) -> None:
        """Set `beat` to the present time twice a second until the app stops. An old time shows a blocked event loop."""
        while not self._app.should_stop:
            self.beat = time.monotonic()
            await asyncio.sleep(BEAT_S)

    async def keep_checkpointing(self) -> None:
        """Checkpoint all assigned partitions again and again, until the app stops.

        Each partition has its turn about once in `checkpoint_s` seconds. The turns are spread evenly over that time, as
        outputs wait for the snapshots sent before them: those of all partitions at once would delay every output.
        """
        try:
            while not self._app.should_stop:
                live = [partition for _, partition in self.live]
                for partition in live:
                    await asyncio.sleep(self._settings.checkpoint_s / len(live))
                    await partition.checkpoint()
                if not live:
                    await asyncio.sleep(self._settings.checkpoint_s)
                await self._commit()
        except Exception as error:
            stop_the_process(error)
            raise
