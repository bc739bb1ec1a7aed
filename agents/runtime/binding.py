"""Binds nodes of the topology to Faust: state = snapshot + source log, exactly, whatever dies.

The offset inside the snapshots is the only truth. Faust gives group membership, recovery of the snapshot tables and
supervision; what it does not guarantee (order of outputs and state, acknowledgements, seeks) is done here.
"""

import asyncio
import logging
import time
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import faust
from faust.types import TP

from agents.runtime.counters import Counters
from agents.runtime.crash import stop_the_process
from agents.runtime.live_partition import LivePartition, Ways
from agents.runtime.outbox import Post
from agents.runtime.reseeks import Reseeks
from agents.runtime.snapshots import NOTHING, SnapshotsIncomplete, recover
from agents.runtime.transport import commit, producer_of, stored_in
from agents.settings import Settings
from schemas.errors import StateError
from streams.chain import chained
from streams.topology import Node

log = logging.getLogger(__name__)

BEAT_S = 0.5


def changelog_name(settings: Settings, node: Node[Any]) -> str:
    """Topic in which the snapshots of a node are kept; the name that Faust gives to the changelog of its table."""
    return f"{settings.group}-{node.name}-snapshots-changelog"


class Binding:
    """A node on Faust: an agent over its source topic and a table of snapshots.

    Attributes:
        name: of the node.
        source: topic on the broker that the node reads.
        live: its assigned partitions, by number.
        counters: what it has done.
        in_hand_since: when it took the fetch that it is applying, by the monotonic clock; None: it waits for one.
    """

    def __init__(self, app: faust.App, settings: Settings, node: Node[Any]) -> None:
        self.name = node.name
        self.counters = Counters()
        self.in_hand_since: float | None = None
        self.source = settings.topic(node.source.name)
        self.live: dict[int, LivePartition] = {}
        self._app, self._settings, self._node = app, settings, node
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
            async for stamp, fetched in fetches:
                self.in_hand_since = time.monotonic()
                for number, records in fetched.items():
                    if stamp.generation == self._generation and number in self.live:
                        await self.live[number].take(records, stamp.round)
                self.in_hand_since = None
        except Exception as error:
            stop_the_process(error)
            raise

    def revoke(self) -> None:
        """Drop live state: others may have the partitions."""
        for partition in self.live.values():
            partition.revoked = True
        self.live = {}

    def load(self, reseeks: Reseeks, post: Post, numbers: list[int]) -> None:
        """Drop live state; load that of the partitions that are assigned now from the recovered table."""
        self.revoke()
        self._generation = self._app.consumer_generation_id
        stored = recover(stored_in(self._table).items(), numbers) if numbers else {}
        for number in numbers:
            ways = Ways(
                producer_of(self._app),
                post,
                {record: self._settings.topic(topic.name) for topic in self._node.outputs for record in topic.records},
                changelog_name(self._settings, self._node),
                self._settings.partitions,
                self._settings.checkpoint_bytes,
                partial(reseeks.ask, TP(self.source, number)),
                self.counters,
            )
            self.live[number] = LivePartition(self._node, number, stored.get(number, NOTHING), ways)


class Runtime:
    """Every node that is bound on one app, chained. Several may read one topic: each skips what it has applied.

    Attributes:
        bindings: one for each chain of nodes.
        reseeks: where the consumer has to go back to.
        beat: when the event loop last turned, by the monotonic clock; 0 before the first time.
        recovering_since: when partitions were given up, or the start, by the monotonic clock; None once state is live.
        recovered_s: how long the last recovery took, seconds.
        assignments: how often partitions were assigned.
    """

    def __init__(self, app: faust.App, settings: Settings, nodes: Sequence[Node[Any]]) -> None:
        self._app, self._settings = app, settings
        self.bindings = [Binding(app, settings, node) for node in chained(nodes)]
        self.reseeks = Reseeks()
        self.beat = 0.0
        self.recovering_since: float | None = time.monotonic()
        self.recovered_s = 0.0
        self.assignments = 0
        self._post = Post()
        self._committed: dict[TP, int] = {}

    async def release(self) -> None:
        """Partitions may go to others: checkpoint, so that they have nothing to repeat, and apply nothing more."""
        try:
            await self.checkpoint(last=True)
        except Exception as error:
            stop_the_process(error)
            raise
        for binding in self.bindings:
            binding.revoke()
        self.recovering_since = time.monotonic()

    def is_bound(self, topic: str) -> bool:
        """Whether whole fetches of a topic go to agents."""
        return any(binding.source == topic for binding in self.bindings)

    @property
    def live(self) -> Iterator[tuple[TP, LivePartition]]:
        """Every assigned partition of every node, with its source."""
        for binding in self.bindings:
            for number, partition in binding.live.items():
                yield TP(binding.source, number), partition

    async def assign(self, assignment: set[TP]) -> dict[TP, int]:
        """Load live state of the assigned partitions from the recovered tables; where each goes on."""
        mine = sorted(tp for tp in assignment if self.is_bound(tp.topic))
        try:
            self.reseeks.take()
            self._committed = {}
            for binding in self.bindings:
                binding.load(self.reseeks, self._post, [tp.partition for tp in mine if tp.topic == binding.source])
            wanted = await self._where_to_go_on(mine) if mine else {}
        except (StateError, SnapshotsIncomplete) as error:
            stop_the_process(error)
            raise
        self.assignments += 1
        if self.recovering_since is not None:
            self.recovered_s = time.monotonic() - self.recovering_since
        self.recovering_since = None
        log.info("ready: %s", ", ".join(f"{tp.topic}-{tp.partition} from {offset}" for tp, offset in wanted.items()))
        return wanted

    async def _where_to_go_on(self, assigned: list[TP]) -> dict[TP, int]:
        consumer = self._app.consumer
        first, end = await consumer.earliest_offsets(*assigned), await consumer.highwaters(*assigned)
        for tp, partition in self.live:
            check_against_log(tp, partition.covered, first[tp], end[tp])
        return {tp: max(offset, first[tp]) for tp, offset in self._uncovered().items()}

    def _uncovered(self) -> dict[TP, int]:
        """First offset of each source that is not covered by snapshots of all nodes that read it."""
        uncovered: dict[TP, int] = {}
        for tp, partition in self.live:
            uncovered[tp] = min(partition.covered + 1, uncovered.get(tp, partition.covered + 1))
        return uncovered

    async def checkpoint(self, last: bool = False) -> None:
        """Checkpoint every assigned partition of every node; after the last one they apply nothing more."""
        await asyncio.gather(*(partition.checkpoint(last) for _, partition in self.live))
        await self._commit()

    async def _commit(self) -> None:
        known = self._committed
        moved = {tp: offset for tp, offset in self._uncovered().items() if offset and offset != known.get(tp)}
        if moved and await commit(self._app, moved):
            known |= moved

    async def keep_posting(self) -> None:
        """Send what partitions put out, together, until the app stops."""
        try:
            await self._post.run()
        except Exception as error:
            stop_the_process(error)
            raise

    async def keep_beating(self) -> None:
        """Show that the event loop turns, until the app stops."""
        while not self._app.should_stop:
            self.beat = time.monotonic()
            await asyncio.sleep(BEAT_S)

    async def keep_checkpointing(self) -> None:
        """Checkpoint each partition every `checkpoint_s`, one after the other, until the app stops.

        One at a time, since what partitions put out waits behind the snapshots that are sent.
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


def check_against_log(tp: TP, covered: int, first: int, end: int) -> None:
    """Hold what snapshots cover against the offsets that the log has: from `first` to before `end`.

    Raises:
        StateError: they reach beyond its end.
    """
    if covered >= end:
        raise StateError(
            f"{tp.topic}-{tp.partition}: snapshots reach to offset {covered}, the log ends before {end}: it was "
            "deleted or cut; fix: `tickloop topics reset` computes everything anew from the log that is there"
        )
    if 0 <= covered < first - 1:
        log.error("%s-%d: records up to %d were deleted before they were read", tp.topic, tp.partition, first - 1)
