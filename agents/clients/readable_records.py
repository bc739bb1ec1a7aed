"""Decodes records for readers other than their node: an invalid record is skipped and logged.

Each is logged once, and no more than a few of a topic, so that a topic full of them does not fill every reader's log.

Any program may write to a topic, and root topics hold records before a node has checked them. A reader that failed on
one would fail again at every start.
"""

import logging
from collections import defaultdict
from typing import Any, Protocol

from schemas.codec import decoder
from schemas.errors import Refused
from schemas.ticks import Quote, Trade
from schemas.topics import Topic
from streams.market.tick_checks import Validation, ValidationParameters

MOST_SAID = 20
"""Skipped records of a topic that are logged one by one; after these, only their number is logged."""

MOST_KEPT = 10_000
"""Skipped records of a topic that are remembered, so that reading it again does not log them again."""

log = logging.getLogger(__name__)

_check = Validation(ValidationParameters()).check


class StoredRecord(Protocol):
    """A record with its partition and offset on the broker."""

    @property
    def partition(self) -> int:
        """Number of its partition."""

    @property
    def offset(self) -> int:
        """Place in it."""

    @property
    def value(self) -> bytes | None:
        """Its bytes."""


class ReadableRecords:
    """Decoder of the records of a topic; it checks the bounds of quotes and trades as the market node does.

    Args:
        topic: of the registry.

    >>> from agents.clients.reader import Received
    >>> from schemas.topics import TICKS
    >>> readable, far = ReadableRecords(TICKS), b'{"kind":"trade","symbol":"X","ts_event":%d,"price":2.0,"size":1.0}'
    >>> [each and each.ts_event for each in (readable(Received(0, 7, 0, b"X", far % ns)) for ns in (5, 10**30))]
    [5, None]
    """

    def __init__(self, topic: Topic) -> None:
        self._name, self._decode = topic.name, decoder(topic.record)

    def __call__(self, record: StoredRecord) -> Any:
        """The decoded record, or None for an invalid one."""
        try:
            return self.decode(record.value)
        except Refused as refused:
            _told[self._name].passed_over(self._name, record, str(refused))
            return None

    def decode(self, value: bytes | None) -> Any:
        """Decode bytes; raises `Refused` for an invalid record."""
        found = self._decode(value)
        if type(found) in (Quote, Trade):
            _check(found)
        return found


class TopicLog:
    """The skipped records of one topic that this process has logged."""

    def __init__(self) -> None:
        self._places: set[tuple[int, int]] = set()

    def passed_over(self, topic: str, record: StoredRecord, why: str) -> None:
        """Log a skipped record, unless it or enough of its topic were logged already."""
        place = record.partition, record.offset
        if place in self._places or len(self._places) == MOST_KEPT:
            return
        self._places.add(place)
        count = len(self._places)
        if count <= MOST_SAID:
            log.warning("%s, partition %s, offset %s: passed over: %s", topic, *place, why)
        if count in (MOST_SAID, 100, 1_000, MOST_KEPT):
            log.warning(
                "%s: %s%d records were passed over; of further ones only their number is told",
                topic,
                "at least " if count == MOST_KEPT else "",
                count,
            )


_told: defaultdict[str, TopicLog] = defaultdict(TopicLog)
