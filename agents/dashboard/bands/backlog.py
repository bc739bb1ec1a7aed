"""The queue of waiting ticks: a fault only when it stands still or grows faster than it is worked off."""

from msgspec import Struct

from agents.dashboard.state.rates import Rates
from schemas.topics import PREDICTIONS

FALLS_S = 30.0
"""Checkpoints come one after the other, a round of which takes many seconds beside a queue."""

QUEUE_S = 3.0
"""There is a queue when more waits than is predicted in so many seconds: less may only wait for a checkpoint."""


class Backlog(Struct, frozen=True):
    """Ticks that no checkpoint covers yet, at one moment.

    Attributes:
        ticks: how many.
        per_second: predictions that are made.
        history: whether what waits is history that is played: its ticks come faster than any market sends them.
        falls: whether it has become shorter lately.
        turns: whether it is, or was within the last minute, a queue in which partitions wait for their turn: workers
            take what they have fetched of one after the other, and say how far they are once they have been through.
    """

    ticks: int = 0
    per_second: float = 0.0
    history: bool = False
    falls: bool = False
    turns: bool = False

    @property
    def worked_off(self) -> bool:
        """Whether it gets shorter, or would if its producer did not send a file faster than it is worked off."""
        return self.ticks > 0 and self.per_second > 0.0 and (self.history or self.falls)

    @property
    def says(self) -> str:
        """How long it takes.

        >>> Backlog(271_000, 3_011.0, history=True).says
        '271,000 ticks wait and are worked off, about 90 s of work'
        """
        return f"{self.ticks:,} ticks wait and are worked off, about {self.ticks / self.per_second:,.0f} s of work"


def backlog(rates: Rates, *, history: bool) -> Backlog:
    """The backlog as of now.

    Args:
        rates: of the topics.
        history: whether event time lies far behind the clock.
    """
    per_second = rates.per_second(PREDICTIONS.name)
    turns = rates.highest_lag > QUEUE_S * per_second > 0.0
    # What a checkpoint a second leaves rises and falls by a second of ticks: only a fall by more is one.
    falls = rates.lag_before(FALLS_S) - rates.lag > per_second
    return Backlog(rates.lag, per_second, history, falls, turns)
