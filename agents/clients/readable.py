"""Records as whoever reads a topic beside its node takes them: one that does not fit is said once and passed over.

Roots hold what anybody wrote, before a node has judged it; and any topic may hold what a program that is not ours has
put there. A reader that fell over it would fall again at every start.
"""

import logging
from functools import lru_cache
from typing import Any, Protocol

from schemas.codec import decoder
from schemas.errors import Refused
from schemas.ticks import Quote, Trade
from schemas.topics import Topic
from streams.validation import Validation, ValidationParameters

MOST_SAID = 4_096
"""Places that are remembered to have been said."""

log = logging.getLogger(__name__)

_check = Validation(ValidationParameters()).check


class Lying(Protocol):
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

    def __call__(self, record: Lying) -> Any:
        """The record, or None for one that does not fit."""
        try:
            return self.decode(record.value)
        except Refused as refused:
            _say(self._name, record.partition, record.offset, str(refused))
            return None

    def decode(self, value: bytes | None) -> Any:
        """Bytes to a record; raises `Refused` for what does not fit."""
        found = self._decode(value)
        if type(found) in (Quote, Trade):
            _check(found)
        return found


@lru_cache(MOST_SAID)
def _say(topic: str, partition: int, offset: int, sentence: str) -> None:
    log.warning("%s, partition %s, offset %s: passed over: %s", topic, partition, offset, sentence)
