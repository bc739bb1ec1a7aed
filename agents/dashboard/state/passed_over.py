"""Counts invalid records that the page skipped, and keeps the newest."""

from collections import Counter, deque
from typing import NamedTuple

from agents.process.background import first_error, said

NEWEST = 20
LONGEST = 160
"""Characters of a reason; it may repeat what the record holds."""


class PassedOver(NamedTuple):
    """A skipped record.

    Attributes:
        topic, partition, offset: where it lies.
        reason: a sentence.
    """

    topic: str
    partition: int
    offset: int
    reason: str


class Passed:
    """Skipped records: their number, by topic, and the newest ones.

    >>> passed = Passed()
    >>> passed.take("commands", 3, 17, ValueError("no such year"))
    >>> passed.count, passed.by_topic, passed.newest[-1].reason
    (1, {'commands': 1}, 'ValueError: no such year')
    """

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self.newest: deque[PassedOver] = deque(maxlen=NEWEST)

    @property
    def count(self) -> int:
        """Number of skipped records."""
        return self._counts.total()

    @property
    def by_topic(self) -> dict[str, int]:
        """How many of each topic, most first."""
        return dict(self._counts.most_common())

    def take(self, topic: str, partition: int, offset: int, error: BaseException) -> None:
        """Count a skipped record, with the error that it raised."""
        self._counts[topic] += 1
        self.newest.append(PassedOver(topic, partition, offset, said(first_error(error), LONGEST)))
