"""A position with all numbers that it was computed from."""

from msgspec import Struct


class SizeExplained(Struct, frozen=True):
    """A position, with every number that led to it.

    Attributes:
        probability: calibrated probability of an upward move.
        edge_bps: expected move of the mid, bps; below 0 for a fall.
        cost_bps: cost of opening and closing the position, bps of the mid.
        net_bps: magnitude of `edge_bps` less `cost_bps`.
        deviation_bps: root mean square of the mid's return over the horizon of a prediction, bps.
        regime: name of the regime, such as `calm-range`.
        stand_aside: whether the prediction is too unsure for a position: its conformal set (the sides, up or down, that
            are probable enough) holds both sides or none.
        drawdown_bps: how far the simulated profits and losses are below their peak, bps of capital.
        limits: largest position that each rule allows, fraction of capital, by the rule's name; empty if `net_bps` is
            not above 0.
        decided_by: name of the rule with the smallest limit; `cost` if `net_bps` is not above 0.
        position: fraction of capital to hold; below 0 for a short position.
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
