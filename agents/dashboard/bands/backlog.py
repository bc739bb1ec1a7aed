"""The queue of ticks that wait for a checkpoint.

The queue counts as a fault only when it stands still, or grows faster than the workers can handle.
"""

from msgspec import Struct

from agents.dashboard.state.rates import Rates
from schemas.topics import PREDICTIONS

FALLS_S = 30.0
"""The queue is compared with its length so many seconds ago: a round of checkpoints takes long while there is a
queue."""

QUEUE_S = 3.0
"""Waiting ticks are a queue if they take longer than this to process, seconds; fewer may only wait for a checkpoint."""


class Backlog(Struct, frozen=True):
    """The ticks that no checkpoint covers yet, at one moment.

    Attributes:
        ticks: number of waiting ticks.
        per_second: predictions made in a second at present.
        history: whether the waiting ticks are old ones that are replayed, faster than a market would send them.
        falls: whether fewer ticks wait than 30 seconds ago. The difference must be more than the
            workers process in one second.
        turns: whether, at some moment of the last minute, more ticks waited than the workers process in
            three seconds. Workers then process one partition after another, so that an old checkpoint
            is no fault.
    """

    ticks: int = 0
    per_second: float = 0.0
    history: bool = False
    falls: bool = False
    turns: bool = False

    @property
    def worked_off(self) -> bool:
        """Whether ticks wait, and the workers are getting through them.

        Predictions must be made at present. A queue of live ticks must also shrink (`falls`). A queue
        of replayed ticks need not, since its producer may send a whole file at once.
        """
        return self.ticks > 0 and self.per_second > 0.0 and (self.history or self.falls)

    @property
    def says(self) -> str:
        """Sentence on how many ticks wait and how long the workers need for them at the present rate.

        The rate, `per_second`, must be above 0.

        >>> Backlog(271_000, 3_011.0, history=True).says
        '271,000 ticks wait and are worked off, about 90 s of work'
        """
        return f"{self.ticks:,} ticks wait and are worked off, about {self.ticks / self.per_second:,.0f} s of work"


def backlog(rates: Rates, *, history: bool) -> Backlog:
    """Compute the queue of waiting ticks as of the newest moment in `rates`.

    Args:
        rates: end offsets and checkpoints of the last minute.
        history: whether event time lies more than ten minutes behind the wall clock.
    """
    per_second = rates.per_second(PREDICTIONS.name)
    turns = rates.highest_lag > QUEUE_S * per_second > 0.0
    # With a checkpoint each second the queue varies by one second's ticks: only a larger fall counts.
    falls = rates.lag_before(FALLS_S) - rates.lag > per_second
    return Backlog(rates.lag, per_second, history, falls, turns)
