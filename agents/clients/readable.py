"""Records as whoever reads a topic beside its node takes them: one that does not fit is passed over, and that is said.

Each is said once, and no more than a few of a topic: whoever fills a topic must not fill the logs of all its readers.

Roots hold what anybody wrote, before a node has judged it; and any topic may hold what a program that is not ours has
put there. A reader that fell over it would fall again at every start.
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
"""Records of a topic that a process says it passes over, each at its place; of later ones it says how many they are."""

MOST_KEPT = 10_000
"""Places of a topic that are remembered, so that a topic that is read again is not told again."""

log = logging.getLogger(__name__)

_check = Validation(ValidationParameters()).check


class StoredRecord(Protocol):
    """A record where it lies on the broker."""

    @property
    def partition(self) -> int:
        """Number of its partition."""

    @property
    def offset(self) -> int:
        """Place in it."""

    @property
    def value(self) -> bytes | None:
        """Its bytes."""


class Readable:
    """Decodes the records of a topic; of quotes and trades it checks the bounds, too, as the market node does.

    Args:
        topic: of the registry.

    >>> from agents.clients.reader import Received
    >>> from schemas.topics import TICKS
    >>> readable, far = Readable(TICKS), b'{"kind":"trade","symbol":"X","ts_event":%d,"price":2.0,"size":1.0}'
    >>> [each and each.ts_event for each in (readable(Received(0, 7, 0, b"X", far % ns)) for ns in (5, 10**30))]
    [5, None]
    """

    def __init__(self, topic: Topic) -> None:
        self._name, self._decode = topic.name, decoder(topic.record)

    def __call__(self, record: StoredRecord) -> Any:
        """The record, or None for one that does not fit."""
        try:
            return self.decode(record.value)
        except Refused as refused:
            _told[self._name].passed_over(self._name, record, str(refused))
            return None

    def decode(self, value: bytes | None) -> Any:
        """Bytes to a record; raises `Refused` for what does not fit."""
        found = self._decode(value)
        if type(found) in (Quote, Trade):
            _check(found)
        return found


class TopicLog:
    """What was said of one topic in this process."""

    def __init__(self) -> None:
        self._places: set[tuple[int, int]] = set()

    def passed_over(self, topic: str, record: StoredRecord, why: str) -> None:
        """Say it of a record unless it was said, or enough was."""
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
