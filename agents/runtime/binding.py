"""Binds nodes of the topology to Faust: state = snapshot + source log, exactly, whatever dies.

The offset inside the snapshots is the only truth. Faust gives group membership, recovery of the snapshot tables and
supervision; what it does not guarantee (order of outputs and state, acknowledgements, seeks) is done here.
"""

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from faust.types import TP

from agents.runtime.crash import stop_the_process
from agents.runtime.live_partition import LivePartition
from agents.settings import Settings
from schemas.errors import StateError
from streams.topology import Node

if TYPE_CHECKING:
    from agents.runtime.app import LoopApp

log = logging.getLogger(__name__)


def changelog_name(settings: Settings, node: Node[Any]) -> str:
    """Topic in which the snapshots of a node are kept; the name that Faust gives to the changelog of its table."""
    return f"{settings.group}-{node.name}-snapshots-changelog"


class Binding:
    """A node on Faust: an agent over its source topic and a table of snapshots."""

    def __init__(self, runtime: "Runtime", node: Node[Any]) -> None:
        app = runtime.app
        self.app, self.runtime, self.node = app, runtime, node
        self.live: dict[int, LivePartition] = {}
        self.source = app.settings.topic(node.source.name)
        self.changelog = changelog_name(app.settings, node)
        self.topic_names = {topic.record: app.settings.topic(topic.name) for topic in node.outputs}
        self.table = app.Table(
            node.name + "-snapshots", partitions=app.settings.partitions, key_type=bytes, value_type=bytes
        )
        source = app.topic(
            self.source,
            partitions=app.settings.partitions,
            key_type=bytes,
            value_type=bytes,
            key_serializer="raw",
            value_serializer="raw",
            acks=False,
        )
        app.agent(source, name=node.name)(self._run)

    async def _run(self, fetches: Any) -> None:
        try:
            async for tp, generation, records in fetches:
                if generation == self.app.consumer_generation_id and tp.partition in self.live:
                    await self.live[tp.partition].take(records)
        except Exception as error:
            stop_the_process(error)
            raise


class Runtime:
    """Everything that is bound on one app, and what its consumer needs to know of it."""

    def __init__(self, app: "LoopApp") -> None:
        self.app = app
        self.bindings: dict[str, Binding] = {}
        self._reseeks: dict[TP, int] = {}

    def bind(self, node: Node[Any]) -> None:
        """Run a node: an agent on its source, its snapshots in a table."""
        binding = Binding(self, node)
        self.bindings[binding.source] = binding

    def is_bound(self, topic: str) -> bool:
        return topic in self.bindings

    @property
    def live(self) -> list[LivePartition]:
        return [partition for binding in self.bindings.values() for partition in binding.live.values()]

    async def assign(self, assignment: set[TP]) -> dict[TP, int]:
        """Drop live state, load that of the assigned partitions from the recovered tables; where each goes on."""
        self._reseeks.clear()
        for binding in self.bindings.values():
            for partition in binding.live.values():
                partition.revoked = True
            binding.live = {}
        mine = sorted(tp for tp in assignment if self.is_bound(tp.topic))
        try:
            wanted = await self._load(mine) if mine else {}
        except StateError as error:
            stop_the_process(error)
            raise
        log.info("ready: %s", ", ".join(f"{tp.topic}-{tp.partition} from {offset}" for tp, offset in wanted.items()))
        return wanted

    async def _load(self, assigned: list[TP]) -> dict[TP, int]:
        consumer = self.app.consumer
        first, end = await consumer.earliest_offsets(*assigned), await consumer.highwaters(*assigned)
        wanted = {}
        for tp in assigned:
            live = LivePartition(self.bindings[tp.topic], tp.partition)
            wanted[tp] = self._where_to_go_on(tp, live.partition.offset, first[tp], end[tp])
            self.bindings[tp.topic].live[tp.partition] = live
        return wanted

    def _where_to_go_on(self, tp: TP, covered: int, first: int, end: int) -> int:
        if covered >= end:
            raise StateError(
                f"{tp.topic}-{tp.partition}: snapshots reach to offset {covered}, the log ends before {end}: it was "
                "deleted or cut; fix: `tickloop topics reset` computes everything anew from the log that is there"
            )
        if covered >= 0 and first > covered + 1:
            log.error(
                "%s-%d: records %d to %d were deleted before they were read",
                tp.topic,
                tp.partition,
                covered + 1,
                first - 1,
            )
        return max(covered + 1, first)

    def ask_for_reseek(self, tp: TP, offset: int) -> None:
        """Have the consumer fetch again from `offset`, as soon as it has no record in hand."""
        self._reseeks[tp] = offset

    def take_reseeks(self) -> dict[TP, int]:
        reseeks, self._reseeks = self._reseeks, {}
        return reseeks

    async def checkpoint(self, last: bool = False) -> None:
        """Checkpoint every partition that is assigned; after the last one they apply nothing more."""
        await asyncio.gather(*(partition.checkpoint(last) for partition in self.live))

    async def keep_checkpointing(self) -> None:
        """Checkpoint every `checkpoint_s` until the app stops."""
        try:
            while not self.app.should_stop:
                await asyncio.sleep(self.app.settings.checkpoint_s)
                await self.checkpoint()
        except Exception as error:
            stop_the_process(error)
            raise
