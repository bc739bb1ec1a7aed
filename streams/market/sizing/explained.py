"""A position with the numbers that it was computed from."""

from msgspec import Struct


class SizeExplained(Struct, frozen=True):
    """A position, and every number that led to it.

    Attributes:
        probability: calibrated probability of an upward move.
        edge_bps: expected signed move, bps.
        cost_bps: cost of a round trip, bps.
        net_bps: magnitude of the edge less the cost, bps.
        deviation_bps: root mean square of the return within the horizon, bps.
        regime: name of the regime.
        stand_aside: whether neither side can be excluded.
        drawdown_bps: of the arm's paper equity, bps of capital.
        limits: largest position according to each rule, fraction of capital; none where the edge does not pay.
        decided_by: name of the rule with the smallest limit, or `cost`.
        position: signed fraction of capital.
    """

    probability: float
    edge_bps: float
    cost_bps: float
    net_bps: float
    deviation_bps: float
    regime: str
    stand_aside: bool
    drawdown_bps: float
    limits: dict[str, float]
    decided_by: str
    position: float
