"""Records of a partition are sent in order, and those of several partitions together, to a producer that notes them."""

import asyncio
from collections import Counter
from typing import Any, cast

import pytest

from agents.runtime.outbox import MOST_BYTES, Outbox, Post


class Batch:
    """A batch with room for a few records."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.values: list[bytes] = []

    def append(self, *, timestamp: None, key: bytes | None, value: bytes) -> object | None:
        if len(self.values) == self.room:
            return None
        self.values.append(value)
        return object()

    def size(self) -> int:
        return sum(map(len, self.values))

    def record_count(self) -> int:
        return len(self.values)


class Producer:
    """Accepts batches while `open` is set, and notes each with its topic and partition."""

    def __init__(self, room: int = 1_000) -> None:
        self.room = room
        self.taken: list[tuple[str, int, list[bytes]]] = []
        self.open = asyncio.Event()
        self.open.set()

    def create_batch(self) -> Batch:
        return Batch(self.room)

    async def send_batch(self, batch: Batch, topic: str, *, partition: int) -> asyncio.Future[None]:
        await self.open.wait()
        self.taken.append((topic, partition, batch.values))
        return asyncio.get_running_loop().create_future()


class Box(Outbox):
    """An outbox whose records all go to the partition that they come from."""

    def __init__(self, producer: Any, partition: int = 0) -> None:
        super().__init__(producer, Counter())
        self._own = partition

    def put(self, topic: str, value: bytes) -> None:
        self.append(topic, None, value, self._own)


def outbox(producer: Any, partition: int = 0) -> Box:
    return Box(producer, partition)


async def test_records_of_a_topic_leave_in_order_over_full_batches() -> None:
    producer = Producer(room=2)
    mine = outbox(producer)
    for number in range(5):
        mine.put("predictions", b"%d" % number)
    mine.put("outcomes", b"x")
    await mine.flush()
    assert producer.taken == [
        ("predictions", 0, [b"0", b"1"]),
        ("predictions", 0, [b"2", b"3"]),
        ("predictions", 0, [b"4"]),
        ("outcomes", 0, [b"x"]),
    ]
    assert len(mine.taken()) == 4
    assert mine.taken() == []


async def test_records_of_two_partitions_leave_in_batches_of_their_own() -> None:
    producer = Producer()
    mine = Outbox(cast(Any, producer), Counter())
    for number, partition in enumerate((3, 5, 3)):
        mine.append("commands", None, b"%d" % number, partition)
    await mine.flush()
    assert producer.taken == [("commands", 3, [b"0", b"2"]), ("commands", 5, [b"1"])]


async def test_what_is_appended_during_a_flush_leaves_after_it() -> None:
    producer = Producer()
    mine = outbox(producer)
    producer.open.clear()
    mine.put("predictions", b"1")
    flushing = asyncio.create_task(mine.flush())
    await asyncio.sleep(0)
    mine.put("predictions", b"2")
    again = asyncio.create_task(mine.flush())
    await asyncio.sleep(0)
    producer.open.set()
    await asyncio.gather(flushing, again)
    assert [values for _, _, values in producer.taken] == [[b"1"], [b"2"]]


async def test_partitions_leave_together_and_what_comes_meanwhile_goes_with_the_next() -> None:
    producer, post = Producer(), Post()
    boxes = [outbox(producer, number) for number in range(3)]
    running = asyncio.create_task(post.run())
    for number, box in enumerate(boxes):
        box.put("predictions", b"%d" % number)
        post.call(box)
    producer.open.clear()
    await asyncio.sleep(0)
    boxes[2].put("predictions", b"later")  # its batch is still open: it leaves with it
    producer.open.set()
    await asyncio.sleep(0.01)
    assert producer.taken == [
        ("predictions", 0, [b"0"]),
        ("predictions", 1, [b"1"]),
        ("predictions", 2, [b"2", b"later"]),
    ]
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_a_producer_that_fails_ends_the_post() -> None:
    class Broken(Producer):
        async def send_batch(self, batch: Batch, topic: str, *, partition: int) -> asyncio.Future[None]:
            raise RuntimeError("closed")

    post, mine = Post(), outbox(Broken())
    mine.put("predictions", b"1")
    post.call(mine)
    with pytest.raises(RuntimeError, match="closed"):
        await asyncio.wait_for(post.run(), 1)


async def test_an_outbox_is_full_by_bytes() -> None:
    mine = outbox(Producer())
    mine.put("predictions", bytes(MOST_BYTES))
    assert not mine.is_full
    mine.put("outcomes", b"1")
    assert mine.is_full
