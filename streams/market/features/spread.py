"""Feature: the spread between best bid and best ask."""

from typing import ClassVar

from streams.market.features.family import Feature, Moment, NoState


class Spread:
    """Computes the spread of the last quote; it has no state.

    >>> Spread().advance(NoState(), Moment(100.0, bid=99.0, ask=101.0))
    (200.0,)
    """

    features: ClassVar = (Feature("spread", "bps", False, "(ask - bid) / mid", "definition"),)
    state: ClassVar = NoState

    def start(self, mid: float) -> NoState:
        """The empty state."""
        return NoState()

    def advance(self, state: NoState, now: Moment) -> tuple[float]:
        """Spread of the last quote, 0 until one comes."""
        return ((now.ask - now.bid) / now.mid * 1e4,)
