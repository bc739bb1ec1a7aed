"""Memory of signed requests that were accepted or refused already, so that a copy of such a request has no effect."""

from msgspec import Struct

from schemas.errors import Refused
from schemas.positions import AsOf

MOST_JUDGED = 256
"""Ids that are kept for a symbol."""


class Judged(Struct, array_like=True):
    """Memory of the signed requests on one symbol that were accepted or refused already.

    The signature of a request names a topic and an offset; the request is valid from that offset on. The
    ids of the last 256 requests are kept; older requests are forgotten. Of all forgotten requests only one
    number for each topic is kept: the highest offset that one of their signatures named. A request whose
    signature names that offset or an earlier one is refused as `expired`, since it may be a copy of a
    forgotten request.

    Attributes:
        ids: ids of requests, oldest first, each with the topic and the offset that its signature names.
        floors: for each topic, the highest offset that the signature of a forgotten request names.
    """

    ids: dict[str, tuple[str, int]] = {}
    floors: dict[str, int] = {}

    def meet(self, record_id: str, signed: AsOf | None) -> bool:
        """Remember a request; return True if the request is new, False if its id is already remembered.

        Args:
            record_id: id of the request.
            signed: place (topic, partition, offset) that the signature of the request names; None if it names none.

        Raises:
            Refused: the request is so old that its id may have been forgotten (`expired`).
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
