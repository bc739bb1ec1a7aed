"""Protocol of costs, each of which is one part of the cost of opening and closing a position."""

from typing import Protocol


class Cost(Protocol):
    """One part of the cost of opening and closing a position: equal for long and short positions, never negative."""

    def bps(self, spread_bps: float) -> float:
        """Return this part of the cost of opening and closing a position, bps of the mid.

        Args:
            spread_bps: the present spread, bps of the mid.
        """
        ...
