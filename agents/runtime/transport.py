"""Faust's clients, changed in four places: whole fetches to agents, seeks to snapshots, short polls, sends in order.

The reasons were measured: per-event delivery costs eighty times more than whole fetches; Faust's own seek trusts
committed offsets; its hard-coded poll of 1.5 s lets an idle partition block a busy one; a producer that is not
idempotent may give up a batch and write the next one, so that positions in a topic go back.
"""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any, Protocol, cast

import faust
from aiokafka.errors import KafkaError
from aiokafka.structs import OffsetAndMetadata, TopicPartition
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from agents.kafka import AIOKafkaConsumer, AIOKafkaProducer
from agents.kafka.fetches import Fetched, without_records
from agents.runtime.crash import stop_the_process
from agents.runtime.membership import end_when_replaced
from agents.runtime.reseeks import Reseeks
from schemas.errors import StateError

FETCH_MAX_WAIT_MS = 30

log = logging.getLogger("agents.consumer")


class Bound(Protocol):
    """The part of the app's `runtime` that the consumer uses."""

    def is_bound(self, topic: str) -> bool:
        """Whether whole fetches of a topic go to agents."""
        ...

    async def assign(self, assignment: set[TP]) -> dict[TP, int]:
        """Take what was assigned; where each partition goes on."""
        ...

    async def look_again(self) -> None:
        """Hold the logs as they are now against what was read of them."""
        ...

    @property
    def reseeks(self) -> Reseeks:
        """Offsets from which records are to be fetched again."""
        ...


class ConsumerThread(driver.AIOKafkaConsumerThread):
    """Polls often enough that an idle partition does not hold up a busy one, and reads no aborted transaction."""

    def _create_worker_consumer(self, transport: Any) -> AIOKafkaConsumer:
        consumer = super()._create_worker_consumer(transport)
        consumer._fetch_max_wait_ms = FETCH_MAX_WAIT_MS
        consumer._isolation_level = "read_committed"
        return consumer

    async def _fetch_records(
        self,
        consumer: AIOKafkaConsumer,
        active_partitions: set[TP],
        timeout: float | None = None,  # noqa: ASYNC109 - as the driver has it
        max_records: int | None = None,
    ) -> dict[TP, Fetched]:
        """Records of active partitions; what else was fetched is put back.

        A fetch that waits while a rebalance pauses every partition is left with an empty set of active ones, which
        `aiokafka` takes for all. What it then takes of a changelog, after recovery has gone to its place there and
        before the flow goes on, nobody would look at: the worker was measured to wait for it for ever.
        """
        fetched = cast(
            dict[TP, Fetched], await super()._fetch_records(consumer, active_partitions, timeout, max_records)
        )
        wanted = active_partitions if self.consumer.flow_active else set[TP]()
        for tp, records in fetched.items():
            if tp not in wanted and tp in consumer.assignment():
                consumer.seek(tp, records.begins)
        return {tp: records for tp, records in fetched.items() if tp in wanted}

    async def go_back(self, wanted: Mapping[TP, int]) -> dict[TP, int]:
        """Have partitions read again from an offset; those that have not come so far stay where they are.

        What is asked for again may be asked for by a fetch of before the last seek, and lie far ahead of it.

        Returns:
            Those that went back.
        """
        found: dict[TP, int] = await self.call_thread(self._go_back, self._ensure_consumer(), wanted)
        return found

    async def _go_back(self, consumer: AIOKafkaConsumer, wanted: Mapping[TP, int]) -> dict[TP, int]:
        back: dict[TP, int] = {}
        for tp, offset in wanted.items():
            state = _held_of(consumer, tp)
            if state and state.has_valid_position and offset < state.position:
                consumer.seek(tp, offset)
                back[tp] = offset
        return back

    async def on_start(self) -> None:
        await super().on_start()
        end_when_replaced(self._ensure_consumer()._coordinator)

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        """Commit what is still assigned. Nothing depends on it but tools that show lag: a failure is only logged."""
        assigned = self.assignment()
        mine = {TopicPartition(*tp): OffsetAndMetadata(offset, "") for tp, offset in offsets.items() if tp in assigned}
        try:
            if mine:
                await self._ensure_consumer().commit(mine)
        except KafkaError as error:
            log.info("committed offsets lag behind: %s", error)
            return False
        return True

    def leave_on_stop(self) -> None:
        """Tell the group when this consumer stops; a static member would stay in it until its session times out."""
        self._ensure_consumer()._coordinator._group_instance_id = None


class Consumer(driver.Consumer):
    """Hands bound topics to their agents as whole fetches and seeks to what snapshots cover."""

    @property
    def runtime(self) -> Bound:
        return cast(Bound, cast(Any, self.app).runtime)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # What comes next, by partition, and the generation that it is known for: seeks of another one may be under way.
        self._goes_on_at: dict[TP, int] = {}
        self._goes_on_in = -1

    def _new_consumer_thread(self) -> ConsumerThread:
        return ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    async def perform_seek(self) -> None:
        """After recovery, at start and at every assignment: live state anew from snapshots, offsets from them.

        Faust seeks to committed offsets here, one partition after the other and in a thread that goes on when a further
        rebalance has overtaken it: measured to move a partition after it had been put where its snapshots end.
        """
        generation = self.app.consumer_generation_id
        wanted = await self.runtime.assign(self.assignment())
        if wanted:
            await self.seek_wait(wanted)
        self._goes_on_at, self._goes_on_in = {**wanted}, generation

    async def _drain_messages(self, fetcher: Any) -> None:
        try:
            while not (self._stopped.is_set() or fetcher._stopped.is_set()):
                await self._seek_again()
                asked_in = self.app.consumer_generation_id
                fetched, active = await self._wait_next_records(1.0)
                await asyncio.sleep(0)
                if self.should_stop:
                    break
                await self._hand_out(asked_in, cast(Mapping[TP, Fetched], fetched or {}), active)
        except self.consumer_stopped_errors:
            if not self.app.should_stop:
                raise
        except asyncio.CancelledError:
            if not self.app.should_stop:
                raise

    async def _seek_again(self) -> None:
        """Re-seek where a gap was found: only here, where no fetched record is in hand."""
        if not self.flow_active:  # a rebalance goes on: the assignment that ends it seeks by itself
            return
        asked = self.runtime.reseeks.take()
        wanted = {tp: offset for tp, offset in asked.items() if tp in self.assignment()}
        if wanted:
            self._goes_on_at |= await cast(ConsumerThread, self._thread).go_back(wanted)

    async def _hand_out(self, asked_in: int, fetched: Mapping[TP, Fetched], active: set[TP] | None) -> None:
        """Hand over what was fetched. Positions are those of an assignment: a fetch of another one means nothing."""
        generation, reseeks = self.app.consumer_generation_id, self.runtime.reseeks
        bound: dict[str, dict[int, Fetched]] = {}
        for tp, records in fetched.items():
            goes_on = self.flow_active and self.app.consumer_generation_id == generation
            is_wanted = goes_on and (active is None or tp in active)
            if self.runtime.is_bound(tp.topic):
                if is_wanted and asked_in == generation:
                    if tp in self._goes_on_at and self._goes_on_in == generation:
                        if records[0].offset < self._goes_on_at[tp]:
                            await self._went_back(tp, records[0].offset)
                        self._goes_on_at[tp] = records[-1].offset + 1
                    bound.setdefault(tp.topic, {})[tp.partition] = records
                    self._read_offset[tp] = records[-1].offset
                else:
                    reseeks.ask(tp, records.begins)
            elif is_wanted:
                for record in records:
                    if self.app.consumer_generation_id != generation:
                        break  # the recovery of the next assignment begins from its own place
                    await self.wait_first(self.callback(self._to_message(tp, record)), self.suspend_flow.wait())
                    self._read_offset[tp] = record.offset
        for topic, by_partition in bound.items():
            channels = cast(Any, self.app.topics)._tp_index.get(TP(topic, next(iter(by_partition))), ())
            if not channels or not all([await self._put(channel, (generation, by_partition)) for channel in channels]):
                for number, records in by_partition.items():
                    reseeks.ask(TP(topic, number), records.begins)

    async def _went_back(self, tp: TP, offset: int) -> None:
        """Nobody asked for what was fetched: the client began anew, because what it asked for is out of range."""
        expected = self._goes_on_at[tp]
        log.warning("%s-%d: expected offset %d next, was given %d; looking at the log", *tp, expected, offset)
        try:
            await self.runtime.look_again()
        except StateError as error:
            stop_the_process(error)
            raise
        except KafkaError as error:
            log.warning("the log cannot be looked at now: %s", error)

    async def _put(self, channel: Any, whole: tuple[int, dict[int, Fetched]]) -> bool:
        """Put a fetch into an agent's queue; False when a rebalance began before there was room.

        Faust empties the queues of agents whenever flow goes on, and by then fetches of the new assignment may lie in
        them: these are kept. What is there of an earlier assignment is known by its generation, and passed over.
        """
        queue = channel.queue
        self.app.flow_control._queues.discard(queue)
        if not queue.full():
            queue.put_nowait(whole)
            return True
        put = queue.put(whole)
        return put in (await self.wait_first(put, self.suspend_flow.wait())).done


class Producer(driver.Producer):
    """Numbers what it sends, so that the broker takes each batch of a partition once and none before its predecessor.

    A batch is sent again until the broker has it, however long the broker is away, and one that the broker refuses for
    good leaves a gap in the numbers: it refuses all that come after.
    """

    def _settings_extra(self) -> Mapping[str, Any]:
        return {"acks": "all", "enable_idempotence": True}


class Transport(driver.Transport):
    """The transport of the loop."""

    Consumer = Consumer
    Producer = Producer


def producer_of(app: faust.App) -> AIOKafkaProducer:
    """The producer inside Faust's: whole batches to explicit partitions have no public way."""
    return cast(Any, app.producer)._ensure_producer()


def consumer_of(app: faust.App) -> AIOKafkaConsumer | None:
    """The consumer inside Faust's, which lives in a thread of its own; None before it has started."""
    thread = cast(Any, app)._consumer and cast(Any, app).consumer._thread
    return thread._consumer if thread else None


def _held_of(consumer: AIOKafkaConsumer, tp: TP) -> Any:
    """What the client holds of a partition that is assigned to it now, else nothing."""
    subscription = consumer._subscription.subscription
    assignment = subscription and subscription.assignment
    return assignment.state_value(TopicPartition(*tp)) if assignment and assignment.active else None


def read_over(app: faust.App, tp: TP, offset: int) -> int:
    """Where the log goes on after an offset: the client may have read on from there and found no record."""
    consumer = consumer_of(app)
    state = consumer and _held_of(consumer, tp)
    begins, ends = without_records(state) if state else (offset, offset)
    return max(offset, ends) if begins <= offset else offset


def stored_in(table: Any) -> Mapping[bytes, bytes]:
    """What recovery put into a table's memory store, as it lay in the changelog."""
    data: Mapping[bytes, bytes] = table.data.data
    return data


async def commit(app: faust.App, offsets: Mapping[TP, int]) -> bool:
    """Tell the group how far partitions got, for tools that show lag: nothing here reads it back. Whether it knows."""
    done: bool = await cast(Any, app.consumer)._commit(offsets)
    return done


def leave_on_stop(app: faust.App) -> None:
    """Have the partitions given to other workers as soon as this one has stopped."""
    cast(Any, app.consumer)._thread.leave_on_stop()
