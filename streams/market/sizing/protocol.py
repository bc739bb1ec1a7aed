"""Protocol of sizing rules, each of which gives a largest position."""

from typing import Protocol

from msgspec import Struct

NO_LIMIT = 1e12
"""Limit of a rule that does not restrict the position."""


class Case(Struct, frozen=True):
    """Input of the sizing rules: a prediction, its expected gain and its risk.

    Attributes:
        confidence: calibrated probability of the predicted side, 0.5 to 1.
        net_bps: expected move to that side less the cost of opening and closing the position, bps; above 0.
        deviation_bps: root mean square of the mid's return over the horizon of the prediction, bps.
        regime: name of the regime, such as `calm-range`.
        stand_aside: whether the prediction is too unsure for a position: its conformal set (the sides, up or down, that
            are probable enough) holds both sides or none.
        drawdown_bps: how far the simulated profits and losses are below their peak, bps of capital.
    """

    confidence: float
    net_bps: float
    deviation_bps: float
    regime: str
    stand_aside: bool
    drawdown_bps: float


class Rule(Protocol):
    """A sizing rule: gives a largest position, for long and short alike.

    The smallest limit of all enabled rules becomes the position.
    """

    def limit(self, case: Case) -> float:
        """Return the largest position that this rule allows, fraction of capital; `NO_LIMIT` if it allows any.

        Args:
            case: the prediction, its expected gain and its risk.
        """
        ...
