"""Records that the page skipped because it could not understand them: their number, and the newest ones."""

from collections import Counter, deque
from typing import NamedTuple

from agents.process.background import first_error, said

NEWEST = 20
LONGEST = 160
"""Longest reason, characters; it may quote the record."""


class PassedOver(NamedTuple):
    """One skipped record.

    Attributes:
        topic, partition, offset: place of the record.
        reason: error that reading the record raised, as text.
    """

    topic: str
    partition: int
    offset: int
    reason: str


class Passed:
    """Counts skipped records by topic and keeps the newest 20.

    >>> passed = Passed()
    >>> passed.take("commands", partition=3, offset=17, error=ValueError("no such year"))
    >>> passed.count, passed.by_topic, passed.newest[-1].reason
    (1, {'commands': 1}, 'ValueError: no such year')
    """

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self.newest: deque[PassedOver] = deque(maxlen=NEWEST)

    @property
    def count(self) -> int:
        """Number of skipped records of all topics."""
        return self._counts.total()

    @property
    def by_topic(self) -> dict[str, int]:
        """Number of skipped records of each topic, most frequent topic first."""
        return dict(self._counts.most_common())

    def take(self, topic: str, partition: int, offset: int, error: BaseException) -> None:
        """Count a skipped record by its topic, and keep its place with the error that it raised."""
        self._counts[topic] += 1
        self.newest.append(PassedOver(topic, partition, offset, said(first_error(error), LONGEST)))
