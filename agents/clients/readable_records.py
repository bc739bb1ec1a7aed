"""Decodes records of any topic; an invalid record is skipped and logged, and raises no error.

Any program may write to a topic. The topics that start the computation, such as `ticks`, hold records that nothing
has checked yet. A reader that failed on an invalid record would fail on that record again at every start.

Each skipped record is logged once, and only the first 20 of a topic one by one, so that the log is not
flooded.
"""

import logging
from collections import defaultdict
from typing import Any, Protocol

from schemas.codec import decoder
from schemas.errors import Refused
from schemas.ticks import Quote, ReferenceTick, Trade
from schemas.topics import Topic
from streams.market.tick_checks import Validation, ValidationParameters

MOST_SAID = 20
"""Skipped records of a topic that are logged one by one; after these, only their number is logged."""

MOST_KEPT = 10_000
"""Skipped records of a topic that are remembered, so that reading it again does not log them again."""

log = logging.getLogger(__name__)

_check = Validation(ValidationParameters()).check


class StoredRecord(Protocol):
    """Any record that knows its own partition and offset on the broker, such as aiokafka's `ConsumerRecord`."""

    @property
    def partition(self) -> int:
        """Number of the partition that the record lies on."""

    @property
    def offset(self) -> int:
        """Offset of the record within its partition."""

    @property
    def value(self) -> bytes | None:
        """Bytes of the record, or None if it is a tombstone."""


class ReadableRecords:
    """Decodes the records of one topic; invalid ones become None and are logged.

    Quotes and trades are also checked against the bounds that workers apply, for example to event times.

    Args:
        topic: the topic, whose schema decodes the records and whose name appears in the log.

    >>> from agents.clients.reader import Received
    >>> from schemas.topics import TICKS
    >>> readable, far = ReadableRecords(TICKS), b'{"kind":"trade","symbol":"X","ts_event":%d,"price":2.0,"size":1.0}'
    >>> [each and each.ts_event for each in (readable(Received(0, 7, 0, b"X", far % ns)) for ns in (5, 10**30))]
    [5, None]
    """

    def __init__(self, topic: Topic) -> None:
        self._name, self._decode = topic.name, decoder(topic.record)

    def __call__(self, record: StoredRecord) -> Any:
        """Return the decoded record; an invalid one gives None, and is logged unless it was logged before."""
        try:
            return self.decode(record.value)
        except Refused as refused:
            _told[self._name].passed_over(self._name, record, str(refused))
            return None

    def decode(self, value: bytes | None) -> Any:
        """Decode the value of a record and check its bounds, without logging.

        Raises:
            Refused: the record is invalid.
        """
        found = self._decode(value)
        if type(found) in (Quote, Trade):
            _check(found)
        elif type(found) is ReferenceTick:
            _check(found.tick)
        return found


class TopicLog:
    """Logs the skipped records of one topic, each once in this process, and only the first 20 one by one."""

    def __init__(self) -> None:
        self._places: set[tuple[int, int]] = set()

    def passed_over(self, topic: str, record: StoredRecord, why: str) -> None:
        """Log that a record was skipped.

        The first 20 skipped records of the topic are logged one by one. After them only their number is logged: at
        20, 100, 1,000 and 10,000.

        Args:
            topic: name of the topic, for the message.
            record: the skipped record; if it was counted before, nothing happens.
            why: what is wrong with it.
        """
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
