"""Where the consumer is to go back to, because records were fetched and did not reach their node."""

from typing import NamedTuple

from faust.types import TP


class Stamp(NamedTuple):
    """When a fetch was asked for.

    Attributes:
        generation: of the group. Positions are those of an assignment: what another one fetched means nothing.
        round: how often the consumer had gone back.
    """

    generation: int
    round: int


class Reseeks:
    """Partitions that the consumer is to fetch again.

    Attributes:
        rounds: how often the consumer has gone back. A fetch that was made in a later round than the one in which a
            gap was found leaves nothing out: what is missing in it is not in the log.

    >>> reseeks = Reseeks()
    >>> reseeks.ask(TP("ticks", 3), 17)
    0
    >>> reseeks.ask(TP("ticks", 3), 12)
    0
    >>> reseeks.take(), reseeks.rounds
    ({TP(topic='ticks', partition=3): 12}, 1)
    """

    def __init__(self) -> None:
        self._asked: dict[TP, int] = {}
        self.rounds = 0

    def ask(self, tp: TP, offset: int) -> int:
        """Have it go back to `offset` at the latest, before it fetches anything else; the round of now."""
        self._asked[tp] = min(offset, self._asked.get(tp, offset))
        return self.rounds

    def take(self) -> dict[TP, int]:
        """What was asked since the last time, which begins another round."""
        if self._asked:
            self.rounds += 1
        asked, self._asked = self._asked, {}
        return asked
