"""Gaps between fetches: what was dropped on the way is fetched again, what is not in the log is passed over."""

from types import SimpleNamespace
from typing import Any, cast

from counting import COUNTS, Counted, CountingNode

from agents.runtime.counters import Counters
from agents.runtime.live_partition import LivePartition, Ways
from agents.runtime.outbox import Post
from agents.runtime.snapshots import NOTHING
from schemas.codec import encode
from schemas.ticks import Trade


class Log:
    """A partition, the consumer that went back so often, and what it was asked for."""

    def __init__(self) -> None:
        self.rounds = 0
        self.asked: list[int] = []
        producer = SimpleNamespace(create_batch=lambda: SimpleNamespace(append=lambda **_: object(), size=lambda: 0))
        self.counters = Counters()
        topics: dict[type, str] = {Counted: COUNTS.name}
        ways = Ways(cast(Any, producer), Post(), topics, "changelog", 1, 1_000_000, self._ask, self.counters)
        self.live = LivePartition(CountingNode(), 0, NOTHING, ways)

    def _ask(self, offset: int) -> int:
        self.asked.append(offset)
        return self.rounds

    async def take(self, *offsets: int, fetched_in: int) -> int:
        """Give it a fetch; the last offset that is applied then."""
        records = [
            SimpleNamespace(offset=offset, timestamp=0, key=b"X", value=encode(Trade("X", 1 + offset, 1.0, 1.0)))
            for offset in offsets
        ]
        await self.live.take(records, fetched_in)
        return self.live.partition.offset


async def test_what_a_dropped_fetch_held_is_asked_for_once_and_fetches_of_before_wait() -> None:
    log = Log()
    assert await log.take(0, 1, fetched_in=0) == 1
    assert await log.take(4, 5, fetched_in=0) == 1, "2 and 3 were dropped on the way"
    log.rounds = 1  # the consumer goes back while more of the earlier round lies in the queue
    assert await log.take(6, 7, fetched_in=0) == 1
    assert await log.take(2, 3, fetched_in=1) == 3
    assert await log.take(4, 5, fetched_in=1) == 5
    assert log.asked == [2]


async def test_a_gap_that_is_still_there_after_going_back_is_part_of_the_log() -> None:
    log = Log()
    await log.take(0, fetched_in=3)
    log.rounds = 3
    assert await log.take(5, fetched_in=3) == 0
    assert log.asked == [1]
    assert await log.take(5, 6, fetched_in=4) == 6
    assert await log.take(7, fetched_in=4) == 7
    assert log.asked == [1]


async def test_a_later_gap_is_asked_for_anew_although_an_earlier_one_was_real() -> None:
    log = Log()
    await log.take(0, fetched_in=0)
    await log.take(5, fetched_in=0)
    log.rounds = 1
    assert await log.take(5, fetched_in=1) == 5
    assert await log.take(9, fetched_in=1) == 5, "6 to 8 may have been dropped since"
    assert log.asked == [1, 6]


async def test_what_was_applied_before_is_passed_over() -> None:
    log = Log()
    await log.take(0, 1, 2, fetched_in=0)
    assert await log.take(1, 2, 3, fetched_in=1) == 3
    assert log.asked == []
    assert (log.counters.applied, log.counters.repeated) == ({0: 4}, {0: 2})
    assert sum(log.counters.step_s.counts) == sum(log.counters.wait_s.counts) == 3, "of every fourth turn"
