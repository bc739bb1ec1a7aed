"""Offsets that the consumer must go back to, because records that it fetched were not applied."""

from faust.types import TP


class Reseeks:
    """Partitions that the consumer is to read again, each from a given offset.

    Attributes:
        times: how many calls of `take` have returned at least one offset.

    >>> reseeks = Reseeks()
    >>> reseeks.ask(TP("ticks", 3), offset=17)
    >>> reseeks.ask(TP("ticks", 3), offset=12)
    >>> reseeks.take(), reseeks.times
    ({TP(topic='ticks', partition=3): 12}, 1)
    """

    def __init__(self) -> None:
        self._asked: dict[TP, int] = {}
        self.times = 0

    def ask(self, tp: TP, offset: int) -> None:
        """Request that partition `tp` be read again from `offset`; of several requests the lowest offset counts."""
        self._asked[tp] = min(offset, self._asked.get(tp, offset))

    def take(self) -> dict[TP, int]:
        """Return the offset to go back to for each requested partition, and clear the requests."""
        if self._asked:
            self.times += 1
        asked, self._asked = self._asked, {}
        return asked
