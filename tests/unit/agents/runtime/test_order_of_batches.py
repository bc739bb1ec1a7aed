"""Positions on a topic only grow, whatever happens to a batch. The sender is aiokafka's own, the broker a small one.

The broker has Kafka's rules for numbered batches. From a producer that it knows it accepts the next batch,
answers a repeated one as if it were accepted now, and refuses all others. From an unknown producer it accepts
any batch.
"""

import asyncio
import struct
from collections import Counter, defaultdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaConnectionError, KafkaError, NotLeaderForPartitionError, OutOfOrderSequenceNumber
from aiokafka.protocol.produce import ProduceResponse_v3
from aiokafka.record.memory_records import MemoryRecords

from agents.config.settings import Settings
from agents.runtime.app import create_app
from agents.runtime.outbox import Outbox
from agents.runtime.transport import Producer

NUMBERS = struct.Struct(">qhii")
"""Producer id, its epoch, first sequence number and number of records, from byte 43 of a batch on."""

TOO_LARGE = 10


class Broker:
    """A broker and the client in front of it.

    Attributes:
        log: values of each partition, as a reader sees them.
        asked: number of requests.
        troubles: what happens to the next requests: an error code, or a connection lost `before` or `after` the
            write.
    """

    def __init__(self, *troubles: int | str | None) -> None:
        self.log: dict[int, list[bytes]] = defaultdict(list)
        self.asked = 0
        self.troubles = list(troubles)
        self.cluster = SimpleNamespace(leader_for_partition=lambda tp: 1)
        self._next: dict[tuple[int, int], int] = {}

    async def send(self, node: int, request: Any) -> Any:
        await asyncio.sleep(0)
        self.asked += 1
        trouble = self.troubles.pop(0) if self.troubles else None
        if trouble == "before":
            raise KafkaConnectionError("lost before the request was read")
        answers = [
            (topic, [(number, trouble or self._write(number, batch), 0, -1) for number, batch in batches])
            for topic, batches in request._topics
            if trouble != "after" or [self._write(number, batch) for number, batch in batches]
        ]
        if trouble == "after":
            raise KafkaConnectionError("lost before the answer came")
        return ProduceResponse_v3(answers, 0)

    def _write(self, number: int, batch: bytes) -> int:
        producer, _, first, records = NUMBERS.unpack_from(batch, 43)
        if producer >= 0:
            expected = self._next.get((producer, number), first)
            if first < expected:
                return 0
            if first > expected:
                return int(OutOfOrderSequenceNumber.errno)
            self._next[producer, number] = first + records
        read: Any = MemoryRecords(bytes(batch)).next_batch()
        self.log[number] += [record.value for record in read]
        return 0

    def force_metadata_update(self) -> asyncio.Future[None]:
        return asyncio.ensure_future(asyncio.sleep(0))

    async def _wait_on_metadata(self, topic: str) -> None: ...

    async def _maybe_wait_metadata(self) -> None: ...


class Process:
    """A worker's outbox and producer with short time limits.

    Attributes:
        failures: name of each error that ended the outbox, and number of requests that had been sent by then.
    """

    def __init__(self, broker: Broker, **settings: Any) -> None:
        self.broker = broker
        self.failures: list[tuple[str, int]] = []
        extra = settings or Producer._settings_extra(cast(Any, None))
        producer = AIOKafkaProducer(max_batch_size=100, request_timeout_ms=30, retry_backoff_ms=10, **extra)
        if producer._txn_manager is not None:
            producer._txn_manager.set_pid_and_epoch(7, 0)
        producer._sender.client = producer.client = broker
        producer._message_accumulator._cluster = broker.cluster
        producer._partition = lambda topic, partition, *_: partition
        self.producer = producer
        self.outbox = Outbox(producer, Counter(), self._failed)

    def _failed(self, error: BaseException) -> None:
        self.failures.append((type(error).__name__, self.broker.asked))

    async def send(self, *values: bytes) -> list[Any]:
        """Send each value as a batch of its own, the second queued behind the first; return the result of each."""
        await self.producer._sender.start()
        try:
            for value in values:
                self.outbox.append("predictions", None, value, 0)
                await self.outbox.flush()
            return await asyncio.gather(*self.outbox.taken(), return_exceptions=True)
        except KafkaError as error:
            return [error]
        finally:
            await self.producer._sender.close()
            self.producer._closed = True


@pytest.mark.parametrize("trouble", ["before", "after", NotLeaderForPartitionError.errno])
async def test_a_batch_that_is_sent_again_stands_once_and_before_its_successor(trouble: int | str) -> None:
    # An attempt comes 10 ms after the one before it: by the fifth the patience of 30 ms is over.
    broker = Broker(*[trouble] * 5)
    process = Process(broker)
    await process.send(b"1", b"2")
    assert broker.log[0] == [b"1", b"2"]
    assert process.failures == []


async def test_without_numbers_a_batch_is_given_up_and_the_next_one_written() -> None:
    broker = Broker(*["before"] * 5)
    process = Process(broker, acks="all")
    await process.send(b"1", b"2")
    assert broker.log[0] != [b"1", b"2"], "this is what the numbers are for"
    assert process.failures


async def test_the_process_ends_before_anything_is_sent_after_a_batch_that_was_refused_for_good() -> None:
    # The broker knows nothing of this producer yet: it would take what comes next, whatever its number.
    broker = Broker(TOO_LARGE)
    process = Process(broker)
    await process.send(b"1", b"2")
    assert process.failures[0] == ("ConfigurationError", 1), "when it ended, nothing else had been sent"


async def test_a_gap_is_refused_by_the_broker_too() -> None:
    broker = Broker(None, TOO_LARGE)
    process = Process(broker)
    await process.send(b"1", b"2", b"3")
    assert broker.log[0] == [b"1"]
    assert process.failures[0] == ("ConfigurationError", 2)


async def test_the_producer_of_a_worker_numbers_its_batches(tmp_path: Path) -> None:
    app = create_app(Settings.load({}, home=str(tmp_path)), "127.0.0.1:1", [])
    producer = cast(Any, app.producer)._new_producer()
    assert producer._txn_manager is not None
    assert producer._txn_manager.transactional_id is None
    assert producer._sender._acks == -1
    producer._closed = True
