"""The feature `spread`: distance between best bid and best ask, in bps of the mid."""

from typing import ClassVar

from streams.market.features.family import Feature, Moment, NoState


class Spread:
    """Computes the spread of the last quote, which needs no state.

    >>> Spread().advance(NoState(), Moment(100.0, bid=99.0, ask=101.0))
    (200.0,)
    """

    features: ClassVar = (Feature("spread", "bps", False, "(ask - bid) / mid", "definition"),)
    state: ClassVar = NoState

    def start(self, mid: float) -> NoState:
        """Return the empty state; the spread does not depend on earlier ticks."""
        return NoState()

    def advance(self, state: NoState, now: Moment) -> tuple[float]:
        """Return the spread of the last quote in `now`, bps of the mid; 0 without a valid quote."""
        return ((now.ask - now.bid) / now.mid * 1e4,)
