"""From which offset to which a fetch was read, by the client's own result, over records and transaction markers."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

from aiokafka.consumer.fetcher import FetchResult
from aiokafka.consumer.subscription_state import TopicPartitionState
from faust.types import TP

from agents.kafka import fetches
from agents.kafka.fetches import Fetched

PARTITION = TP("ticks", 0)


class Answer:
    """A broker's answer to a fetch, as offsets of records and of transaction markers.

    Args:
        asked: offset that the fetch asked for.
        ends: offset that the next fetch will ask for.
    """

    def __init__(self, asked: int, records: list[int], ends: int) -> None:
        self.next_fetch_offset = asked
        self._records = iter(records)
        self._ends = ends

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        offset = next(self._records, None)
        if offset is None:
            self.next_fetch_offset = self._ends
            raise StopIteration
        self.next_fetch_offset = offset + 1
        return SimpleNamespace(offset=offset)


class Client:
    """A consumer of one partition, at a position."""

    def __init__(self, position: int) -> None:
        fetches.install()
        self.state = TopicPartitionState(None)
        self.state.seek(position)
        self._assignment = SimpleNamespace(active=True, state_value=lambda _: self.state)

    def answered(self, answer: Answer) -> FetchResult:
        return FetchResult(PARTITION, assignment=self._assignment, partition_records=answer, backoff=0.0)


def told(fetched: Any) -> tuple[list[int], int, int]:
    assert isinstance(fetched, Fetched)
    return [record.offset for record in fetched], fetched.begins, fetched.ends


async def test_a_fetch_that_is_taken_in_parts_says_where_each_begins() -> None:
    client = Client(4)
    result = client.answered(Answer(4, [5, 6, 9], 12))
    assert told(result.getall(2)) == ([5, 6], 4, 7)
    assert told(result.getall(2)) == ([9], 7, 12)
    assert client.state.position == 12


async def test_a_fetch_of_markers_alone_is_part_of_the_next_one() -> None:
    client = Client(4)
    assert told(client.answered(Answer(4, [], 6)).getall()) == ([], 4, 6)
    assert told(client.answered(Answer(6, [], 7)).getall()) == ([], 4, 7)
    assert told(client.answered(Answer(7, [7], 8)).getall()) == ([7], 4, 8)
    assert told(client.answered(Answer(8, [8], 9)).getall()) == ([8], 8, 9)


async def test_after_a_seek_a_fetch_begins_at_the_new_position() -> None:
    client = Client(4)
    client.answered(Answer(4, [], 6)).getall()
    client.state.seek(3)
    assert told(client.answered(Answer(3, [3], 4)).getall()) == ([3], 3, 4)
    stale = client.answered(Answer(6, [6], 7))
    assert stale.getall() == [], "the client stands elsewhere"
    assert client.state.position == 4
