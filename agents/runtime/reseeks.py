"""Offsets to which the consumer must go back because fetched records did not reach their node."""

from faust.types import TP


class Reseeks:
    """Partitions that the consumer is to fetch again.

    Attributes:
        times: how often it has gone back.

    >>> reseeks = Reseeks()
    >>> reseeks.ask(TP("ticks", 3), 17)
    >>> reseeks.ask(TP("ticks", 3), 12)
    >>> reseeks.take(), reseeks.times
    ({TP(topic='ticks', partition=3): 12}, 1)
    """

    def __init__(self) -> None:
        self._asked: dict[TP, int] = {}
        self.times = 0

    def ask(self, tp: TP, offset: int) -> None:
        """Have it go back to `offset` at the latest, before it fetches anything else."""
        self._asked[tp] = min(offset, self._asked.get(tp, offset))

    def take(self) -> dict[TP, int]:
        """The requests that came since the last call."""
        if self._asked:
            self.times += 1
        asked, self._asked = self._asked, {}
        return asked
