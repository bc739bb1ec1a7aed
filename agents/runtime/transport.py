"""Faust's Kafka transport with four changes, each made because of a measured fault.

* Records reach a computation as whole fetches: handing over one at a time takes eighty times as long.
* After a rebalance, reading goes on from the offset of the snapshots. Faust would trust the committed offsets.
* The consumer polls at short intervals: with Faust's poll of 1.5 s an idle partition holds up a busy one.
* The producer is idempotent: otherwise a batch could be given up and the next one written, out of order.
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
    """The methods of `agents.runtime.binding.Runtime`, the app's `runtime`, that the consumer calls."""

    def is_bound(self, topic: str) -> bool:
        """Whether a computation of this worker reads `topic`, so that the consumer hands on whole fetches."""
        ...

    async def assign(self, assignment: set[TP]) -> dict[TP, int]:
        """Restore the state of all assigned partitions, and return the offset to read each partition from."""
        ...

    async def look_again(self) -> None:
        """Check that no topic was replaced by another one of the same name since its records were applied.

        Raises:
            StateError: a topic was replaced.
        """
        ...

    @property
    def reseeks(self) -> Reseeks:
        """Partitions that are to be read again, each from an offset."""
        ...


class ConsumerThread(driver.AIOKafkaConsumerThread):
    """Thread of the Kafka consumer; it polls at short intervals and reads no records of aborted transactions.

    With Faust's longer polls an idle partition would hold up a busy one.
    """

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
        """Records of active partitions. For records of other partitions, the consumer is moved back to read them again.

        When a rebalance pauses all partitions during a fetch, the set of active ones is empty, and `aiokafka` then
        fetches from all. Records of a changelog that are fetched in that moment would be lost, and recovery would
        wait for ever.
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
        """Move the consumer back to the given offsets, in the partitions in which it has passed them.

        A wanted offset that the consumer has not passed is ignored: the consumer will get there anyway.

        Args:
            wanted: offset to go back to, for each partition.

        Returns:
            The partitions that went back, with their offsets.
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
        """Commit the offsets of partitions that are still assigned; returns False after a failure, which is logged.

        Nothing but tools that show lag reads committed offsets.
        """
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
        """Have this consumer leave its group when it stops.

        A member with a static id otherwise stays in the group until its session times out, and nobody gets its
        partitions until then.
        """
        self._ensure_consumer()._coordinator._group_instance_id = None


class Consumer(driver.Consumer):
    """Consumer that hands records on as whole fetches, and reads on from the offsets of the snapshots."""

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
        """Restore the state of all assigned partitions from snapshots, and move the consumer to the offsets after them.

        Faust calls this method after each assignment of partitions. Faust's own version of the method moves one
        partition after the other to its committed offset. That version may still be running when the next
        assignment begins, and then moves a partition away from the right offset.
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
        """Move the consumer back to where a gap was found; called only while no fetched record is being handled."""
        if not self.flow_active:  # a rebalance goes on: the assignment that ends it seeks by itself
            return
        asked = self.runtime.reseeks.take()
        wanted = {tp: offset for tp, offset in asked.items() if tp in self.assignment()}
        if wanted:
            self._goes_on_at |= await cast(ConsumerThread, self._thread).go_back(wanted)

    async def _hand_out(self, asked_in: int, fetched: Mapping[TP, Fetched], active: set[TP] | None) -> None:
        """Hand over fetched records; those of an earlier assignment of partitions are dropped or fetched again."""
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
        """Check the topics after a fetch from an earlier offset than expected, which nobody had asked for.

        The client does so when the offset that it asked for is out of range.
        """
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
        """Put fetched records into an agent's queue; False if a rebalance began before there was room.

        Faust empties the queues of agents after a rebalance, when they may already hold records of the new
        assignment. This queue is exempted; records of an earlier assignment in it are recognised by their
        generation and skipped.
        """
        queue = channel.queue
        self.app.flow_control._queues.discard(queue)
        if not queue.full():
            queue.put_nowait(whole)
            return True
        put = queue.put(whole)
        return put in (await self.wait_first(put, self.suspend_flow.wait())).done


class Producer(driver.Producer):
    """Idempotent producer: the broker takes each batch of a partition once, and none before its predecessor.

    A batch is sent again until the broker takes it, however long the broker is away. After a batch that the broker
    refuses for good, the broker refuses all later ones too.
    """

    def _settings_extra(self) -> Mapping[str, Any]:
        return {"acks": "all", "enable_idempotence": True}


class Transport(driver.Transport):
    """Faust's Kafka transport, with the consumer and the producer of this module."""

    Consumer = Consumer
    Producer = Producer


def producer_of(app: faust.App) -> AIOKafkaProducer:
    """The `aiokafka` producer inside the producer of a Faust app.

    Faust's own interface cannot send whole batches to a given partition.
    """
    return cast(Any, app.producer)._ensure_producer()


def consumer_of(app: faust.App) -> AIOKafkaConsumer | None:
    """The `aiokafka` consumer inside the consumer of a Faust app; None before it has started.

    It belongs to a thread of its own.
    """
    thread = cast(Any, app)._consumer and cast(Any, app).consumer._thread
    return thread._consumer if thread else None


def _held_of(consumer: AIOKafkaConsumer, tp: TP) -> Any:
    """The client's state of partition `tp` if it is assigned to the client now, else None."""
    subscription = consumer._subscription.subscription
    assignment = subscription and subscription.assignment
    return assignment.state_value(TopicPartition(*tp)) if assignment and assignment.active else None


def read_over(app: faust.App, tp: TP, offset: int) -> int:
    """First offset from `offset` on at which partition `tp` may hold a record that was not read yet.

    The result is higher than `offset` if the consumer has read on from there and found no records, only transaction
    markers for example.
    """
    consumer = consumer_of(app)
    state = consumer and _held_of(consumer, tp)
    begins, ends = without_records(state) if state else (offset, offset)
    return max(offset, ends) if begins <= offset else offset


def stored_in(table: Any) -> Mapping[bytes, bytes]:
    """Records of a Faust table's changelog as they were recovered, by record key; deleted records are left out."""
    data: Mapping[bytes, bytes] = table.data.data
    return data


async def commit(app: faust.App, offsets: Mapping[TP, int]) -> bool:
    """Commit offsets to the consumer group, for tools that show lag; the workers themselves never read them back.

    Partitions that are no longer assigned are left out.

    Returns:
        Whether the commit succeeded.
    """
    done: bool = await cast(Any, app.consumer)._commit(offsets)
    return done


def leave_on_stop(app: faust.App) -> None:
    """Have the worker leave its consumer group when it stops, so that other workers get its partitions at once."""
    cast(Any, app.consumer)._thread.leave_on_stop()
