"""Signed requests that were judged already, so that no record takes effect twice by being written again."""

from msgspec import Struct

from schemas.errors import Refused
from schemas.positions import AsOf

MOST_JUDGED = 256
"""Ids that are kept for a symbol."""


class Judged(Struct, array_like=True):
    """Signed requests on one symbol that were judged already, whether carried out or refused.

    It keeps the ids of the last `MOST_JUDGED`. Of forgotten ones it keeps the highest offset as of which they were
    signed: a request signed at or before it is refused as `expired`, so a forgotten one cannot take effect again.

    Attributes:
        ids: oldest first, each with topic and offset as of which it was signed.
        floors: for each topic the highest such offset among forgotten ids.
    """

    ids: dict[str, tuple[str, int]] = {}
    floors: dict[str, int] = {}

    def meet(self, record_id: str, signed: AsOf | None) -> bool:
        """Mark a request as judged; returns whether it was new.

        Raises:
            Refused: `expired`: it may have been judged before and forgotten.
        """
        if record_id in self.ids:
            return False
        if signed is not None and signed.offset <= self.floors.get(signed.topic, -1):
            raise Refused(
                "expired",
                f"expected what was signed after {signed.topic} offset {self.floors[signed.topic]}, {record_id!r:.80} "
                f"was as of {signed.offset}; fix: ask anew",
            )
        self.ids[record_id] = ("", -1) if signed is None else (signed.topic, signed.offset)
        while len(self.ids) > MOST_JUDGED:
            topic, offset = self.ids.pop(next(iter(self.ids)))
            self.floors[topic] = max(self.floors.get(topic, -1), offset)
        return True
