"""Dead letters (refused input records): number by reason, and the newest ones with their content."""

from collections import Counter, deque

from msgspec import Struct

from schemas.dead_letters import DeadLetter

MOST = 50
OTHERS = "others"
"""Under this name all reasons are counted together once there are too many."""

LONGEST = 600
"""Longest payload in bytes, and longest other text in characters; the record on the topic has the whole."""


class Letter(Struct, frozen=True):
    """A refused record as the page shows it; every text is cut to 600 characters.

    Attributes:
        id: id of the refused record, made from its topic, partition and offset.
        node: part of the system that refused the record.
        reason: code of the reason.
        detail: sentence on what was wrong.
        key, payload: key and content of the record as text; bytes that are no UTF-8 are escaped.
        at_ms: when the refusal was written, ms since 1970.
    """

    id: str
    node: str
    reason: str
    detail: str
    key: str
    payload: str
    at_ms: int


class Refusals(Struct, frozen=True):
    """All refusals read so far, summed up for the page.

    Attributes:
        counts: pairs of reason and number, most frequent first.
        newest: the last 50 refused records, newest first.
    """

    counts: tuple[tuple[str, int], ...]
    newest: tuple[Letter, ...]


class Letters:
    """Counts the dead letters (refused records) that were read, and keeps the newest 50.

    Attributes:
        change: counter that grows with every dead letter.
    """

    def __init__(self) -> None:
        self.change = 0
        self._counts: Counter[str] = Counter()
        self._newest: deque[Letter] = deque(maxlen=MOST)

    def take(self, letter: DeadLetter, timestamp_ms: int) -> None:
        """Count a dead letter by its reason and keep it.

        Args:
            letter: the refused record.
            timestamp_ms: when the dead letter was written, ms since 1970.
        """
        self.change += 1
        reason = letter.reason[:LONGEST]
        self._counts[reason if reason in self._counts or len(self._counts) < MOST else OTHERS] += 1
        self._newest.append(
            Letter(
                letter.id[:LONGEST],
                letter.node[:LONGEST],
                letter.reason[:LONGEST],
                letter.detail[:LONGEST],
                _text(letter.key),
                _text(letter.value),
                timestamp_ms,
            )
        )

    def view(self) -> Refusals:
        """Number of dead letters by reason, most frequent first, and the newest letters, newest first."""
        return Refusals(tuple(self._counts.most_common()), tuple(reversed(self._newest)))


def _text(payload: bytes | None) -> str:
    r"""A key or payload as text; one longer than 600 bytes is cut, and its full size added.

    >>> _text(b'{"bid":1}'), _text(None), _text(b"\xff")
    ('{"bid":1}', '', '\\xff')
    """
    if payload is None:
        return ""
    text = payload[:LONGEST].decode(errors="backslashreplace")
    return text if len(payload) <= LONGEST else f"{text} ... ({len(payload):,} bytes)"
