"""What was asked for under a good signature is judged once: no record takes effect by being put again."""

from msgspec import Struct

from schemas.errors import Refused
from schemas.positions import AsOf

MOST_JUDGED = 256
"""Ids that a symbol remembers."""


class Judged(Struct, array_like=True):
    """What a symbol was asked for under a good signature, carried out or not: each of it is judged once.

    It remembers the last `MOST_JUDGED`. Of what is forgotten it keeps how late in the log it was signed: whatever was
    signed no later than that is refused as `expired`, so nothing can come back by being forgotten.

    Attributes:
        ids: the oldest first, each with the place as of which it was signed, topic and offset.
        floors: for each topic of such places the highest offset that was forgotten.
    """

    ids: dict[str, tuple[str, int]] = {}
    floors: dict[str, int] = {}

    def meet(self, record_id: str, signed: AsOf | None) -> bool:
        """Remember that it is judged now; whether that is the first time.

        Raises:
            Refused: `expired`: it may have been judged and forgotten.
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
