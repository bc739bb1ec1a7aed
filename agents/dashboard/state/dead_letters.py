"""What was refused: how often for each reason, and the newest of them with their bytes."""

from collections import Counter, deque

from msgspec import Struct

from schemas.dead_letters import DeadLetter

MOST = 50
OTHERS = "others"
"""Under which reasons are counted that are too many to be counted apart."""

LONGEST = 600
"""Characters of a payload, and of any other text; the topic has the rest."""


class Letter(Struct, frozen=True):
    """A refused record, for people."""

    id: str
    node: str
    reason: str
    detail: str
    key: str
    payload: str
    at_ms: int


class Refusals(Struct, frozen=True):
    """Counts by reason over what was read, and the newest."""

    counts: tuple[tuple[str, int], ...]
    newest: tuple[Letter, ...]


class Letters:
    """Dead letters as they come.

    Attributes:
        change: grows with each.
    """

    def __init__(self) -> None:
        self.change = 0
        self._counts: Counter[str] = Counter()
        self._newest: deque[Letter] = deque(maxlen=MOST)

    def take(self, letter: DeadLetter, timestamp_ms: int) -> None:
        """Count a dead letter and keep it, with the time at which it was written."""
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
        """Most frequent reason first, newest letter first."""
        return Refusals(tuple(self._counts.most_common()), tuple(reversed(self._newest)))


def _text(payload: bytes | None) -> str:
    """
    >>> _text(b'{"bid":1}'), _text(None), _text(b"\\xff")
    ('{"bid":1}', '', '\\\\xff')
    """
    if payload is None:
        return ""
    text = payload[:LONGEST].decode(errors="backslashreplace")
    return text if len(payload) <= LONGEST else f"{text} ... ({len(payload):,} bytes)"
