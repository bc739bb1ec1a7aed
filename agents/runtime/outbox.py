"""Sends records to Kafka in whole batches for explicit partitions."""

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
    """Collects what one partition of a node writes and sends it in order, one batch a topic, partition and flush.

    `aiokafka` is asked for one batch instead of one future a record, which costs a seventh of the time.

    A batch that cannot be delivered ends the process before the next one of its partition is sent: readers drop what
    is not beyond the last position they saw, so one that came later would never be read. The successor writes both.

    Args:
        producer: takes the batches.
        sent: is told how many records went to each topic.
        failed: called with the error of a batch that was not delivered, and the topic; it must not return.
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
        """Put a record into the open batch of a topic's partition."""
        batches = self._batches.get((topic, partition))
        if batches is None:
            batches = self._batches[topic, partition] = [self._producer.create_batch()]
        if batches[-1].append(key=key, value=value, timestamp=None) is None:
            batches.append(self._producer.create_batch())
            batches[-1].append(key=key, value=value, timestamp=None)

    @property
    def is_full(self) -> bool:
        """Whether so much waits that it should be flushed before more is appended."""
        waiting: int = sum(batch.size() for batches in self._batches.values() for batch in batches)
        return waiting > MOST_BYTES

    async def flush(self) -> None:
        """Queue what was appended; back-pressure: returns when the producer has taken it, not when it is acked."""
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
        """Hand over the acknowledgements that are out, in the order of sending; later ones are collected anew."""
        self._taken, self._out = self._out, []
        return [ack for _, ack in self._taken]

    @property
    def unacked_since(self) -> float | None:
        """When the oldest batch was sent that is not acknowledged yet, by the monotonic clock; None: all are."""
        out = [*self._taken, *self._out]
        return next((sent for sent, ack in out if not ack.done()), None)


class Post:
    """Flushes outboxes together: while one request is under way, what comes up meanwhile fills the next.

    The producer keeps one request a broker in flight, so a flush for each partition's fetch would have every partition
    wait for the requests of all others.
    """

    def __init__(self) -> None:
        self._waiting: dict[Outbox, None] = {}
        self._called = asyncio.Event()

    def call(self, outbox: Outbox) -> None:
        """Have an outbox flushed soon, together with other outboxes."""
        self._waiting[outbox] = None
        self._called.set()

    async def run(self) -> None:
        """Flush whatever is called for, until cancelled."""
        while True:
            await self._called.wait()
            self._called.clear()
            waiting, self._waiting = self._waiting, {}
            for outbox in waiting:
                await outbox.flush()
