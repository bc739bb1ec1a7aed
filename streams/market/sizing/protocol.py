"""Protocol of sizing rules, each of which limits the position."""

from typing import Protocol

from msgspec import Struct

NO_LIMIT = 1e12
"""Limit of a rule that does not restrict the position."""


class Case(Struct, frozen=True):
    """Input of the sizing rules.

    Attributes:
        confidence: calibrated probability of the predicted side, 0.5 to 1.
        net_bps: expected move to that side less the cost of a round trip, bps; positive.
        deviation_bps: root mean square of the return within the horizon, bps.
        regime: name of the regime.
        stand_aside: whether neither side can be excluded.
        drawdown_bps: how far the arm's paper equity is below its peak, bps of capital.
    """

    confidence: float
    net_bps: float
    deviation_bps: float
    regime: str
    stand_aside: bool
    drawdown_bps: float


class Rule(Protocol):
    """A sizing rule: limits the position, without knowing the side; the smallest limit of all rules is the position."""

    def limit(self, case: Case) -> float:
        """Largest position, fraction of capital, 0 or more; `NO_LIMIT` if unrestricted."""
        ...
