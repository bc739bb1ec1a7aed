"""One assigned partition of one node: fetches in, acknowledged outputs and checkpoints out."""

import asyncio
import math
import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from faust.types import TP

from agents.runtime.outbox import Outbox
from agents.runtime.snapshots import manifest, manifest_key, of_partition, state_key
from agents.runtime.transport import commit, producer_of, stored_in
from schemas.codec import encode
from schemas.dead_letters import DeadLetter
from streams.partition import Partition

if TYPE_CHECKING:
    from agents.runtime.binding import Binding

RECORDS_A_TURN = 500
"""Records applied before other coroutines get their turn: about 10 ms."""


def key_of(output: Any) -> bytes | None:
    """Key of a record: its symbol; a dead letter keeps the key it came with."""
    if type(output) is DeadLetter:
        return output.key
    symbol: str = output.symbol
    return symbol.encode()


class LivePartition:
    """One assigned partition of one node: applies fetches, sends outputs, takes checkpoints.

    Attributes:
        partition: live state, shared with every other interpreter of the topology.
        epoch: name under which this owner stores snapshots.
        revoked: another owner may have the partition; nothing is applied or stored any more.
    """

    def __init__(self, binding: "Binding", number: int) -> None:
        stored = of_partition(stored_in(binding.table), number)
        self.binding = binding
        self.source = TP(binding.source, number)
        self.partition = Partition(binding.node, number, stored.offset)
        for name, snapshot in stored.keys.items():
            self.partition.restore(name, snapshot)
        self.epoch = secrets.token_hex(4)
        self.revoked = False
        self._closed = False
        self._stored = stored.stored
        self._outbox = Outbox(producer_of(binding.app), number)
        self._turn = asyncio.Lock()
        self._checkpointing = asyncio.Lock()
        self._covered = stored.offset
        self._gap: tuple[int, int] | None = None

    async def take(self, records: list[Any]) -> None:
        """Apply a fetch, a turn at a time, so that a large one delays neither others nor its own first outputs."""
        if self._must_be_fetched_again(records[0].offset):
            return
        for start in range(0, len(records), RECORDS_A_TURN):
            async with self._turn:
                if self.revoked or self._closed:
                    return
                self._apply(records[start : start + RECORDS_A_TURN])
                await self._outbox.flush()

    def _apply(self, records: list[Any]) -> None:
        # Offsets that are missing inside a fetch were never there: transaction markers, aborted records, compaction.
        partition, outbox, names = self.partition, self._outbox, self.binding.topic_names
        apply, append = partition.apply, outbox.append
        for record in records:
            offset = record.offset
            if offset > partition.offset:
                for output in apply(offset, record.key, record.value):
                    append(names[type(output)], key_of(output), encode(output))

    def _must_be_fetched_again(self, found: int) -> bool:
        """Whether a fetch leaves out what lies before it; a gap that is still there after a re-seek is part of the log.

        Faust drops fetches when a rebalance comes in between, and delivers fetched ones after a seek.
        """
        expected = self.partition.offset + 1
        if found <= expected:
            return False
        if self._gap is not None and self._gap[0] == expected and found <= self._gap[1]:
            self._gap = None
            return False
        self._gap = (expected, found)
        self.binding.runtime.ask_for_reseek(self.source, expected)
        return True

    async def checkpoint(self, last: bool = False) -> None:
        """Make what was applied durable: outputs acked, then snapshots of dirty keys, then the manifest, then commit.

        Args:
            last: apply nothing more, and write all dirty keys instead of at most `checkpoint_bytes`.
        """
        async with self._checkpointing:
            async with self._turn:
                self._closed = last
                partition = self.partition
                if self.revoked or (partition.offset == self._covered and not partition.dirty):
                    return
                acks = self._outbox.taken()
                snapshots = self._snapshots_of_longest_dirty(
                    math.inf if last else self.binding.app.settings.checkpoint_bytes
                )
                covered = partition.covered_without(snapshots)
                for name in snapshots:
                    del partition.dirty[name]
            await asyncio.gather(*acks)
            number, epoch = partition.number, self.epoch
            await self._store({state_key(number, epoch, name): value for name, value in snapshots.items()})
            await self._store({manifest_key(number, epoch): manifest(covered), **self._superseded(snapshots)})
            self._covered = covered
            if not self.revoked:
                await commit(self.binding.app, self.source, covered + 1)

    def _snapshots_of_longest_dirty(self, room: float) -> dict[str, bytes]:
        snapshots: dict[str, bytes] = {}
        for name in self.partition.dirty:
            if room <= 0:
                break
            snapshots[name] = self.partition.snapshot(name)
            room -= len(snapshots[name])
        return snapshots

    def _superseded(self, snapshots: Mapping[str, bytes]) -> dict[bytes, None]:
        """Deletions of what earlier epochs stored for these keys, and of their manifests."""
        return {stored: None for name in (*snapshots, "") for stored in self._stored.pop(name, ())}

    async def _store(self, records: Mapping[bytes, bytes | None]) -> None:
        if self.revoked or not records:
            return
        outbox = Outbox(producer_of(self.binding.app), self.partition.number)
        for key, value in records.items():
            outbox.append(self.binding.changelog, key, value)
        await outbox.flush()
        await asyncio.gather(*outbox.taken())
