"""What a consumer is handed says which stretch of the log it was read from.

A record may be missing before another one because it was never there (a transaction's marker, an aborted batch), or
because a fetch that held it was lost on its way from the client to whoever applies it. The offsets of records alone do
not tell the two apart. The client knows: a fetch begins where the one before it ended, or where it was sent to.
"""

from typing import Any, Self

from aiokafka.consumer import fetcher

_getall = fetcher.FetchResult.getall


class Fetched(list[Any]):
    """Records of one partition, in the order of the log.

    Attributes:
        begins: offset from which the log was read for them.
        ends: offset up to which, exclusive. Between the two there is nothing in the log but these records.

    >>> fetched = Fetched.of(["a record"], 4, 6)
    >>> len(fetched), fetched.begins, fetched.ends
    (1, 4, 6)
    """

    begins: int
    ends: int

    @classmethod
    def of(cls, records: list[Any], begins: int, ends: int) -> Self:
        """Records with the stretch of the log that they were read from."""
        fetched = cls(records)
        fetched.begins, fetched.ends = begins, ends
        return fetched


def without_records(state: Any) -> tuple[int, int]:
    """The last stretch of its partition that a client has read and found no record in, begin and end.

    Args:
        state: what the client holds of the partition.
    """
    stretch: tuple[int, int] = getattr(state, "read_without_records", (0, 0))
    return stretch


def install() -> None:
    """Have every consumer of this process handed lists of records that say so."""
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
