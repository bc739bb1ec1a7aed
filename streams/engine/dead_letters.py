"""Makes dead letters: records that tell why an input was refused, and that are small enough for their topic."""

from collections.abc import Callable, Iterable
from hashlib import sha256
from typing import Any

from msgspec import UNSET, Struct, UnsetType

from schemas.codec import encode
from schemas.dead_letters import CUT_VALUE, LONGEST_KEY, WHOLE_VALUE, DeadLetter
from schemas.errors import Refused
from schemas.positions import lies_behind
from schemas.topics import DEAD_LETTERS, Topic
from streams.engine.routes import by_record

DOES_NOT_FIT = "does_not_fit"
"""Reason code of a dead letter that replaces a node's record which is too large."""


def dead_letter(record_id: str, node: str, refused: Refused, key: bytes | None, value: bytes | None) -> DeadLetter:
    """The dead letter of a refused record: reason, sentence, and the key and value as they came.

    A key above 1 KiB is cut to that length; of a value above 1 MiB the first 64 KiB are kept. The length and the digest
    (SHA-256) of the whole are then added. Values can be that large although the broker limits batches, because the
    limit applies to compressed batches.

    Args:
        record_id: id that the dead letter gets: that of the refused record.
        node: name of the node that refused it.
        refused: the refusal, with reason code and sentence.
        key: key of the refused record; None if it had none.
        value: value of the refused record; None if it had none.

    >>> dead_letter("ticks:3:7", "market", Refused("empty", "expected a JSON record, was a null value"), b"X", None)
    DeadLetter(id='ticks:3:7', node='market', reason='empty', detail='expected a JSON record, was a null value', \
key=b'X', value=None, value_bytes=UNSET, value_sha256=UNSET, key_bytes=UNSET, key_sha256=UNSET)
    >>> letter = dead_letter("ticks:3:7", "market", Refused("too_large", "..."), b"X", bytes(3_000_000))
    >>> len(letter.value), letter.value_bytes, letter.value_sha256[:8]
    (65536, 3000000, '35bce4ea')
    """
    value_bytes: int | UnsetType = UNSET
    value_digest: str | UnsetType = UNSET
    key_bytes: int | UnsetType = UNSET
    key_digest: str | UnsetType = UNSET
    if value is not None and len(value) > WHOLE_VALUE:
        value_bytes, value_digest, value = len(value), sha256(value).hexdigest(), value[:CUT_VALUE]
    if key is not None and len(key) > LONGEST_KEY:
        key_bytes, key_digest, key = len(key), sha256(key).hexdigest(), key[:LONGEST_KEY]
    return DeadLetter(
        id=record_id,
        node=node,
        reason=refused.reason,
        detail=refused.detail,
        key=key,
        value=value,
        value_bytes=value_bytes,
        value_sha256=value_digest,
        key_bytes=key_bytes,
        key_sha256=key_digest,
    )


class Fitted:
    """Encodes output records as JSON; a record that is too large for its topic is replaced by a dead letter.

    The sizes of records are limited where they are made, so this is a second safeguard. Without it the
    broker would refuse the batch with the record again and again, and the partition would stop. The field
    `node` of such a dead letter is the name of the topic for which the record was too large.

    Args:
        topics: topics that the records are written to; `dead-letters` need not be among them.

    >>> from schemas.alerts import Alert
    >>> from schemas.topics import ALERTS
    >>> fitted = Fitted([ALERTS])
    >>> record = Alert("ticks:0:5", "ticks", "X", 1, "breach", "info", "v1", "long" * 500_000)
    >>> letter, value = fitted.encode(record, lambda: "ticks:0:5")
    >>> letter.id, letter.node, letter.reason, len(value) < 100_000
    ('ticks:0:5', 'alerts', 'does_not_fit', True)
    """

    def __init__(self, topics: Iterable[Topic]) -> None:
        self._topics = by_record((*topics, DEAD_LETTERS))
        self._most = {record: topic.largest_value for record, topic in self._topics.items()}

    def encode(self, record: Struct, root_id: Callable[[], str]) -> tuple[Any, bytes]:
        """The record and its JSON; or, if its JSON is too large for the topic, a dead letter and the letter's JSON.

        Args:
            record: record that a node wrote.
            root_id: called only for a record that is too large; returns the id of the input record from which the
                record was computed.
        """
        value = encode(record)
        if len(value) <= self._most[type(record)]:
            return record, value
        letter = self._stand_in(record, value, root_id())
        return letter, encode(letter)

    def _stand_in(self, record: Any, value: bytes, root_id: str) -> DeadLetter:
        topic = self._topics[type(record)]
        detail = (
            f"{type(record).__name__} {record.id!r:.80}: expected at most {topic.largest_value} bytes on {topic.name}, "
            f"was {len(value)}"
        )
        record_id = record.id if lies_behind(record.id, root_id) else root_id
        return dead_letter(record_id, topic.name, Refused(DOES_NOT_FIT, detail), record.symbol.encode(), value)
