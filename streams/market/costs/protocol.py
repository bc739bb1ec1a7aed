"""Protocol of costs: a loss of every position at its two executions."""

from typing import Protocol


class Cost(Protocol):
    """A part of the cost of trading; it never depends on the side, and is never negative."""

    def bps(self, spread_bps: float) -> float:
        """Cost of taking and leaving a position while the spread is this wide, bps of the mid."""
        ...
