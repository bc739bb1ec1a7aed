"""Gaps between fetches: dropped records are fetched again, and offsets that hold no record are passed over."""

from types import SimpleNamespace
from typing import Any, cast

from agents.kafka.fetches import Fetched
from agents.runtime.counters import Counters
from agents.runtime.live_partition import LivePartition, PartitionServices
from agents.runtime.outbox import Post
from agents.runtime.recovery import NOTHING
from schemas.codec import encode
from schemas.ticks import Trade
from tests.support.counting import COUNTS, Counted, CountingNode


class Log:
    """A live partition with a consumer, and the offsets that the consumer was asked for.

    Args:
        earliest: first offset that the topic still holds.
    """

    def __init__(self, earliest: int = 0) -> None:
        self.asked: list[int] = []
        self.looked: list[tuple[int, int]] = []
        self._earliest = earliest
        producer = SimpleNamespace(create_batch=lambda: SimpleNamespace(append=lambda **_: object(), size=lambda: 0))
        self.counters = Counters()
        topics: dict[type, str] = {Counted: COUNTS.name}
        ways = PartitionServices(
            cast(Any, producer),
            Post(),
            topics,
            "changelog",
            1,
            1_000_000,
            self.asked.append,
            self.counters,
            look_into=self._look,
        )
        self.live = LivePartition(CountingNode(), 0, NOTHING, ways)

    async def _look(self, expected: int, found: int) -> int:
        self.looked.append((expected, found))
        return max(expected, min(self._earliest, found))

    async def take(self, *offsets: int, begins: int | None = None, ends: int | None = None) -> int:
        """Give the partition a fetch; return the last offset that it has applied.

        Args:
            offsets: offsets of the fetched records.
            begins, ends: first offset that the fetch covers, and the one after the last; None: those of its records.
        """
        records = [
            SimpleNamespace(offset=offset, timestamp=0, key=b"X", value=encode(Trade("X", 1 + offset, 1.0, 1.0)))
            for offset in offsets
        ]
        first, last = offsets[0] if begins is None else begins, offsets[-1] + 1 if ends is None else ends
        await self.live.take(Fetched.of(records, first, last))
        return self.live.partition.offset


async def test_records_lost_on_the_way_are_fetched_again_however_often_that_happens() -> None:
    log = Log()
    assert await log.take(0, 1) == 1
    assert await log.take(4, 5) == 1, "2 and 3 were lost on the way"
    assert await log.take(6, 7) == 1, "more that was fetched before the consumer went back"
    assert await log.take(4, 5) == 1, "it went back, and what it fetched was lost again"
    assert await log.take(2, 3) == 3
    assert await log.take(4, 5) == 5
    assert log.asked == [2, 2, 2]


async def test_offsets_without_a_record_are_passed_over() -> None:
    """Transaction markers and aborted records lie before and after a record; the client has skipped them."""
    log = Log()
    assert await log.take(0, ends=3) == 0
    assert await log.take(5, 6, begins=3, ends=8) == 6
    assert await log.take(8) == 8
    assert await log.take(10, begins=9) == 10
    assert (log.asked, log.looked) == ([], [])


async def test_nothing_is_left_to_do_behind_markers_once_all_before_them_is_covered() -> None:
    log = Log()
    await log.take(0, 1, ends=5)
    assert log.live.done_to == 0, "no checkpoint yet"
    log.live.covered = 0
    assert log.live.done_to == 1
    log.live.covered = 1
    assert log.live.done_to == 5


async def test_what_was_lost_before_or_behind_a_marker_is_asked_for_too() -> None:
    log = Log()
    await log.take(0, ends=3)
    assert await log.take(5, 6, begins=4) == 0
    assert log.asked == [3]


async def test_what_was_deleted_unread_is_passed_over_and_what_lies_behind_it_is_not() -> None:
    log = Log(earliest=7)
    await log.take(0, 1)
    assert await log.take(7, 8) == 8
    log = Log(earliest=7)
    await log.take(0, 1)
    assert await log.take(9, 10) == 6, "7 and 8 are there"
    assert (log.asked, log.looked) == ([7], [(2, 9)])


async def test_a_worker_that_was_replaced_fetches_nothing_again() -> None:
    log = Log()
    await log.take(0)
    log.live.revoked = True
    assert await log.take(5) == 0
    assert log.asked == []


async def test_records_that_were_applied_before_are_passed_over() -> None:
    log = Log()
    await log.take(0, 1, 2)
    assert await log.take(1, 2, 3) == 3
    assert log.asked == []
    assert (log.counters.applied, log.counters.repeated) == ({0: 4}, {0: 2})
    assert sum(log.counters.step_s.counts) == sum(log.counters.wait_s.counts) == 3, "of every fourth turn"
