"""Changes aiokafka so that each list of records knows the range of offsets that it was read from.

An offset without a record has two possible causes. Either the log has no record there, for example because
a transaction was aborted, or a fetched record got lost inside the client. The offsets of the records alone do
not tell which it is; the range of offsets that a fetch covered does.
"""

from typing import Any, Self

from aiokafka.consumer import fetcher

_getall = fetcher.FetchResult.getall


class Fetched(list[Any]):
    """A list of records of one partition, in the order of the log, with the range of offsets that it covers.

    Within this range the log has no other records that can be read.

    Attributes:
        begins: first offset of the range.
        ends: first offset after the range.

    >>> fetched = Fetched.of(["a record"], begins=4, ends=6)
    >>> len(fetched), fetched.begins, fetched.ends
    (1, 4, 6)
    """

    begins: int
    ends: int

    @classmethod
    def of(cls, records: list[Any], begins: int, ends: int) -> Self:
        """Return records as a list that covers the offsets from `begins` to before `ends`."""
        fetched = cls(records)
        fetched.begins, fetched.ends = begins, ends
        return fetched


def without_records(state: Any) -> tuple[int, int]:
    """Return the last range of offsets in which the client found no record: its first offset, and the offset after it.

    The range is (0, 0) if there was none.

    Args:
        state: aiokafka's internal state of an assigned partition.
    """
    stretch: tuple[int, int] = getattr(state, "read_without_records", (0, 0))
    return stretch


def install() -> None:
    """Change aiokafka so that every consumer of this process returns its records as `Fetched` lists."""
    fetcher.FetchResult.getall = _taken


def _taken(self: Any, max_records: int | None = None) -> list[Any]:
    held = self._partition_records
    if held is None:
        return []
    begins = held.next_fetch_offset
    records = _getall(self, max_records)
    ends = held.next_fetch_offset
    state = self._assignment.state_value(self._topic_partition)
    # A fetch without a record moves the client on and is handed to nobody: the next one covers its stretch, too.
    empty_from, empty_to = without_records(state)
    if empty_to == begins > empty_from:
        begins = empty_from
    if not records and ends > begins:
        state.read_without_records = begins, ends
    return Fetched.of(records, begins, ends)
