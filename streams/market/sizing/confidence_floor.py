"""Sizing rule `confidence_floor`: no position below a minimum confidence."""

from streams.market.sizing.protocol import NO_LIMIT, Case


class ConfidenceFloor:
    """Sizing rule: no position if the confidence (probability of the predicted side) is below `floor`.

    Args:
        floor: smallest confidence that allows a position, 0.5 to 1.

    >>> case = Case(0.54, net_bps=0.2, deviation_bps=2.0, regime="calm-range", stand_aside=False, drawdown_bps=0.0)
    >>> ConfidenceFloor(0.55).limit(case), ConfidenceFloor(0.54).limit(case) == NO_LIMIT
    (0.0, True)
    """

    def __init__(self, floor: float) -> None:
        self._floor = floor

    def limit(self, case: Case) -> float:
        """Return 0 (no position) if `case.confidence` is below the floor, else `NO_LIMIT`: any position is allowed."""
        return 0.0 if case.confidence < self._floor else NO_LIMIT
