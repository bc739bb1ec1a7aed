"""Sends records to given partitions of Kafka topics in whole batches."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

from aiokafka.errors import MessageSizeTooLargeError
from aiokafka.producer.message_accumulator import BatchBuilder

from agents.kafka import AIOKafkaProducer
from agents.runtime.crash import stop_the_process
from schemas.errors import ConfigurationError

MOST_BYTES = 1_000_000
"""Bytes that wait in one outbox before its partition applies nothing more."""


class Outbox:
    """Collects the records that the computation of one partition writes, and sends them in order, as whole batches.

    Batches are used because waiting for each record by itself takes seven times as long in `aiokafka`.

    If a batch cannot be delivered, the process ends before it sends later batches. Readers skip records that come out
    of order, so the lost batch could not be sent afterwards. The process that takes over the partition writes the
    records of all these batches again.

    Args:
        producer: Kafka producer that sends the batches.
        sent: numbers of sent records by topic, which are increased.
        failed: called with the error of a batch that was not delivered; it must not return.
    """

    def __init__(
        self,
        producer: AIOKafkaProducer,
        sent: Counter[str],
        failed: Callable[[BaseException], None] = stop_the_process,
    ) -> None:
        self._producer = producer
        self._sent = sent
        self._failed = failed
        self._batches: dict[tuple[str, int], list[BatchBuilder]] = {}
        self._flushing = asyncio.Lock()
        self._out: list[tuple[float, asyncio.Future[Any]]] = []
        self._taken: list[tuple[float, asyncio.Future[Any]]] = []

    def append(self, topic: str, key: bytes | None, value: bytes | None, partition: int) -> None:
        """Add a record to the next batch for a partition of a topic; nothing is sent yet."""
        batches = self._batches.get((topic, partition))
        if batches is None:
            batches = self._batches[topic, partition] = [self._producer.create_batch()]
        if batches[-1].append(key=key, value=value, timestamp=None) is None:
            batches.append(self._producer.create_batch())
            batches[-1].append(key=key, value=value, timestamp=None)

    @property
    def is_full(self) -> bool:
        """Whether more than a megabyte waits, so that `flush` should be called before more is appended."""
        waiting: int = sum(batch.size() for batches in self._batches.values() for batch in batches)
        return waiting > MOST_BYTES

    async def flush(self) -> None:
        """Hand all appended records to the producer; returns when they are queued there, before they are acknowledged.

        While the producer's queue is full the call waits, which slows the caller down to the speed of the broker.
        """
        async with self._flushing:
            waiting, self._batches = self._batches, {}
            for (topic, partition), batches in waiting.items():
                for batch in batches:
                    ack = await self._producer.send_batch(batch, topic, partition=partition)
                    ack.add_done_callback(partial(self._delivered, topic))
                    self._out.append((time.monotonic(), ack))
                    self._sent[topic] += batch.record_count()

    def _delivered(self, topic: str, ack: asyncio.Future[Any]) -> None:
        error = None if ack.cancelled() else ack.exception()
        if isinstance(error, MessageSizeTooLargeError):
            # No record and no snapshot is larger than the registry lets its topic take.
            error = ConfigurationError(
                f"expected {topic} to take batches as large as the registry says, the broker refused one as too large; "
                "fix: `tickloop topics apply`, and no smaller limit on the cluster"
            )
        if error is not None:
            self._failed(error)

    def taken(self) -> list[asyncio.Future[Any]]:
        """Futures of the acknowledgements of all batches flushed since the last call, in the order of sending.

        A call clears the list, so that the next one returns later batches only.
        """
        self._taken, self._out = self._out, []
        return [ack for _, ack in self._taken]

    @property
    def unacked_since(self) -> float | None:
        """Monotonic time at which the oldest unacknowledged batch was sent; None if all batches are acknowledged."""
        out = [*self._taken, *self._out]
        return next((sent for sent, ack in out if not ack.done()), None)


class Post:
    """Flushes the outboxes (records to send) of many partitions together, so that they share requests to the broker.

    The producer sends one request at a time to a broker. If each partition flushed by itself, each would wait for
    the requests of all others.
    """

    def __init__(self) -> None:
        self._waiting: dict[Outbox, None] = {}
        self._called = asyncio.Event()

    def call(self, outbox: Outbox) -> None:
        """Have the records in `outbox` sent soon, together with those of other outboxes passed to this method."""
        self._waiting[outbox] = None
        self._called.set()

    async def run(self) -> None:
        """Send the records of the outboxes passed to `call`, until the task is cancelled."""
        while True:
            await self._called.wait()
            self._called.clear()
            waiting, self._waiting = self._waiting, {}
            for outbox in waiting:
                await outbox.flush()
