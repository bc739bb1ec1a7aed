"""Sends ticks to Kafka in the order in which they come, each to its symbol's partition, at a chosen pace."""

import asyncio
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Callable, Collection, Iterable, Sequence
from contextlib import suppress
from itertools import islice
from typing import Any

from aiokafka.errors import KafkaError
from aiokafka.producer.message_accumulator import BatchBuilder
from msgspec import Struct

from agents.clients.pace import Pace, Schedule
from agents.clients.symbol_times import SetBack
from agents.clients.topic_partitions import partition_count
from agents.kafka import AIOKafkaProducer, clients
from schemas.codec import encode
from schemas.errors import EnvironmentProblem, Refused, TickloopError
from streams.engine.feed import Feed, RawTick
from streams.engine.partitioner import partition_of
from streams.engine.reference_copies import copied
from streams.sources.damaged_files import BrokenFile

BATCH_BYTES = 1 << 18
BLOCK = 512
TRAVELLING = 64
GOODBYE_S = 10.0


class Addressed(Struct, frozen=True):
    """A raw record to be copied, byte for byte, to the same partition number of another topic.

    Attributes:
        partition: number of the partition that it is written to.
        key, value: bytes of the record; None: absent.
        ts_event: event time that decides when it is sent, ns since 1970; None: it is sent without a wait.
        is_copy: whether it is a copy of the tick before it for another partition, which is sent at the same time.
    """

    partition: int
    key: bytes | None
    value: bytes | None
    ts_event: int | None = None
    is_copy: bool = False


Sendable = Feed | Addressed


class Span(Struct):
    """Range of offsets that `publish` wrote to one partition.

    Attributes:
        first: offset of the first record.
        last: offset of the last record.
        records: records written; if this equals `last - first + 1`, nobody else wrote in between.
    """

    first: int
    last: int
    records: int


class Published(Struct):
    """What `publish` sent.

    Attributes:
        ticks: number of records that the broker acknowledged, copies included.
        unreadable: how many of the sent ticks were `RawTick`s: input that is no valid tick but is sent all
            the same.
        first_problem: what was wrong with the first `RawTick`; empty if there was none.
        seconds: time from the start until the last acknowledgement.
        complete: False if sending was stopped before all ticks were sent.
        partitions: range of offsets written to each partition, by partition number.
        copies: how many of the records are copies of ticks of references for other partitions.
    """

    ticks: int = 0
    unreadable: int = 0
    first_problem: str = ""
    seconds: float = 0.0
    complete: bool = True
    partitions: dict[int, Span] = {}
    copies: int = 0


def with_copies(block: Sequence[Sendable], references: Collection[str], partitions: int) -> Sequence[Sendable]:
    """A block of ticks, with each tick of a reference marked and followed by its copies for all other partitions.

    A reference is a symbol whose last state the features of other symbols look at. Records have an order only within
    their partition, so each partition gets the ticks of all references.

    Args:
        block: the ticks.
        references: symbols of the references.
        partitions: number of partitions of the topic.

    >>> from schemas.ticks import Trade
    >>> sent = with_copies([Trade("SPY", 1, price=168.5, size=100.0)], {"SPY"}, partitions=3)
    >>> sent[0].copied, [each.partition for each in sent[1:]], sent[1].value == sent[2].value
    (True, [0, 1], True)
    """
    if not references:
        return block
    spread: list[Sendable] = []
    for item in block:
        found = None if isinstance(item, Addressed) else copied(item, references)
        if found is None or isinstance(item, Addressed):
            spread.append(item)
            continue
        marked, copy = found
        key, value, home = item.symbol.encode(), encode(copy), partition_of(item.symbol, partitions)
        spread.append(marked)
        spread += (
            Addressed(number, key, value, item.ts_event, is_copy=True) for number in range(partitions) if number != home
        )
    return spread


async def publish(
    feed: Iterable[Sendable] | AsyncIterable[Sequence[Sendable]],
    bootstrap: str,
    topic: str,
    *,
    pace: Pace | None = None,
    stop: asyncio.Event | None = None,
    progress: Callable[[int], None] = lambda sent: None,
    first: Callable[[Feed], None] = lambda tick: None,
    seen: Callable[[Sequence[Sendable]], None] = lambda block: None,
    say: Callable[[str], None] = lambda sentence: None,
    references: Collection[str] = (),
) -> Published:
    """Send ticks to a Kafka topic, each with its symbol as key, and return what was sent.

    Each record is acknowledged by every replica in sync, and a retry creates no duplicate. If the broker is away,
    sending waits and goes on when it is back. The Kafka timestamp is the time of sending; event time is in the
    payload.

    Args:
        feed: ticks; or blocks of ticks from an asynchronous source, which are sent as soon as they come.
        bootstrap: address of the cluster.
        topic: name of the topic on the broker, prefix included.
        pace: how fast to send; None: as fast as possible.
        stop: event that ends sending once it is set; ticks that were taken from the feed and are due are still
            sent.
        progress: called after each block with the number of ticks sent or on their way so far.
        first: called with the first readable tick of each symbol before it is sent. It may raise `SetBack` if the tick
            is older than the newest ticks of its symbol on the topic.
        seen: called with every block of ticks before it is sent.
        say: called with a sentence when, for the first time, a wait between two ticks is cut to the longest wait that
            `pace` allows.
        references: symbols that the features of other symbols look at; each of their ticks is copied to every
            partition.

    Raises:
        BrokenFile, Refused: the feed cannot be read further. All ticks before that place were sent, and the message
            says how many.
        SetBack: `first` raised it. All ticks before the refused one were sent, and the message says how many.
        EnvironmentProblem: no cluster answers, the topic is missing, or the cluster does not acknowledge what
            was sent; in the last case the message says how many ticks were acknowledged.
    """
    partitions = await partition_count(bootstrap, topic)
    producer = clients.producer(bootstrap, max_batch_size=BATCH_BYTES)
    stop = stop or asyncio.Event()
    publisher = _Publisher(producer, topic, partitions, pace or Pace(), stop, progress, first, seen, say, references)
    await producer.start()
    stopped = asyncio.ensure_future(stop.wait())
    sending = asyncio.ensure_future(publisher.run(feed))
    try:
        await asyncio.wait({sending, stopped}, return_when=asyncio.FIRST_COMPLETED)
        async with asyncio.timeout(GOODBYE_S if stop.is_set() else None):
            return await sending
    except (KafkaError, TimeoutError) as error:
        raise EnvironmentProblem(
            f"expected {bootstrap} to acknowledge what was sent to {topic}, got {error!r}; "
            f"it has {publisher.done.ticks} ticks; fix: see the broker's log, then publish the rest"
        ) from error
    finally:
        stopped.cancel()
        sending.cancel()
        publisher.drop()
        with suppress(TimeoutError):  # what is not acknowledged by now has been reported
            async with asyncio.timeout(GOODBYE_S):
                await producer.stop()


class _Publisher:
    def __init__(
        self,
        producer: AIOKafkaProducer,
        topic: str,
        partitions: int,
        pace: Pace,
        stop: asyncio.Event,
        progress: Callable[[int], None],
        first: Callable[[Feed], None] = lambda tick: None,
        seen: Callable[[Sequence[Sendable]], None] = lambda block: None,
        say: Callable[[str], None] = lambda sentence: None,
        references: Collection[str] = (),
    ) -> None:
        self._producer = producer
        self._topic = topic
        self._partitions = partitions
        self._put = self._put_at_once if pace.is_at_once else self._put_when_due
        self._schedule = Schedule(pace, say)
        self._stop = stop
        self._progress = progress
        self._first = first
        self._seen = seen
        self._references = references
        self._keys: dict[str, tuple[int, bytes]] = {}
        self._open: dict[int, BatchBuilder] = {}
        self._travelling: deque[tuple[int, int, asyncio.Future[Any]]] = deque()
        self._taken = 0
        self.done = Published()

    async def run(self, feed: Iterable[Sendable] | AsyncIterable[Sequence[Sendable]]) -> Published:
        started = asyncio.get_running_loop().time()
        blocks = self._awaited(feed) if isinstance(feed, AsyncIterable) else at_hand(feed, BLOCK)
        broke: TickloopError | None = None
        try:
            async for block in blocks:
                self._seen(block)
                await self._put(with_copies(block, self._references, self._partitions))
                if isinstance(feed, AsyncIterable):
                    await self._flush()
                self._progress(self._taken)
                if self._stop.is_set():
                    break
        except (BrokenFile, Refused, SetBack) as error:
            broke = error
        self.done.complete = not self._stop.is_set()
        await self._flush()
        while self._travelling:
            await self._arrival()
        self.done.seconds = asyncio.get_running_loop().time() - started
        if broke is not None:
            sent = f"{self.done.ticks:,} ticks before it were sent"
            if isinstance(broke, Refused):
                raise Refused(broke.reason, f"{broke.detail}; {sent}")
            raise type(broke)(f"{broke}; {sent}") from broke
        return self.done

    def drop(self) -> None:
        """Cancel the acknowledgements that are still pending."""
        for _, _, acknowledgement in self._travelling:
            acknowledgement.cancel()

    async def _awaited(self, feed: AsyncIterable[Sequence[Sendable]]) -> AsyncIterator[Sequence[Sendable]]:
        blocks = aiter(feed)
        stopped = asyncio.ensure_future(self._stop.wait())
        coming: asyncio.Future[Sequence[Sendable] | None] | None = None
        try:
            while True:
                coming = asyncio.ensure_future(anext(blocks, None))
                await asyncio.wait({coming, stopped}, return_when=asyncio.FIRST_COMPLETED)
                block = coming.result() if coming.done() else None
                if block is None:
                    return
                yield block
        finally:
            stopped.cancel()
            if coming is not None:
                coming.cancel()

    async def _put_at_once(self, block: Sequence[Sendable]) -> None:
        value: bytes | None
        key: bytes | None
        for tick in block:
            if isinstance(tick, Addressed):
                partition, key, value = tick.partition, tick.key, tick.value
                self.done.copies += tick.is_copy
            else:
                if isinstance(tick, RawTick):
                    value = tick.value
                    self.done.unreadable += 1
                    self.done.first_problem = self.done.first_problem or tick.problem
                else:
                    value = encode(tick)
                partition, key = self._keys.get(tick.symbol) or self._key(tick)
            batch = self._open.get(partition)
            if batch is None or batch.append(timestamp=None, key=key, value=value) is None:
                if batch is not None:
                    await self._send(partition)
                batch = self._open[partition] = self._producer.create_batch()
                batch.append(timestamp=None, key=key, value=value)
        self._taken += len(block)

    def _key(self, tick: Feed) -> tuple[int, bytes]:
        found = partition_of(tick.symbol, self._partitions), tick.symbol.encode()
        if not isinstance(tick, RawTick):
            self._first(tick)
            self._keys[tick.symbol] = found
        return found

    async def _put_when_due(self, block: Sequence[Sendable]) -> None:
        clock = asyncio.get_running_loop().time
        now = clock()
        ready: list[Sendable] = []
        for tick in block:
            if isinstance(tick, Addressed) and tick.is_copy:
                ready.append(tick)
                continue
            due = self._schedule.due(tick.ts_event, now)
            if due > now:
                now = clock()
            if due > now:
                await self._put_at_once(ready)
                await self._flush()
                ready = []
                with suppress(TimeoutError):
                    async with asyncio.timeout(due - now):
                        await self._stop.wait()
                        return
                now = clock()
            ready.append(tick)
        await self._put_at_once(ready)

    async def _flush(self) -> None:
        for partition in list(self._open):
            await self._send(partition)

    async def _send(self, partition: int) -> None:
        batch = self._open.pop(partition)
        acknowledgement = await self._producer.send_batch(batch, self._topic, partition=partition)
        self._travelling.append((partition, batch.record_count(), acknowledgement))
        while len(self._travelling) > TRAVELLING or (self._travelling and self._travelling[0][2].done()):
            await self._arrival()

    async def _arrival(self) -> None:
        partition, records, acknowledgement = self._travelling[0]
        first = (await acknowledgement).offset
        self._travelling.popleft()
        self.done.ticks += records
        span = self.done.partitions.get(partition)
        if span is None:
            self.done.partitions[partition] = Span(first, first + records - 1, records)
        else:
            span.last, span.records = first + records - 1, span.records + records


async def at_hand(feed: Iterable[Sendable], most: int) -> AsyncIterator[Sequence[Sendable]]:
    """Yield the ticks of a feed in blocks of at most `most` ticks.

    If the feed fails in the middle of a block, the ticks read before the failure are yielded first.

    Raises:
        BrokenFile, Refused: the feed's own error, after these ticks.
    """
    ticks = iter(feed)
    broke: TickloopError | None = None
    while broke is None:
        block: list[Sendable] = []
        try:
            block.extend(islice(ticks, most))
        except (BrokenFile, Refused) as error:
            broke = error  # what came before it is in the block
        if block:
            yield block
        elif broke is None:
            return
        await asyncio.sleep(0)
    raise broke
