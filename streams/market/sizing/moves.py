"""Size of the moves of the mid within the horizon, from which edge and risk are computed."""

from dataclasses import dataclass
from math import sqrt


@dataclass
class MoveState:
    """Mean size and mean square of the return within the horizon.

    Attributes:
        seen: matured predictions taken, up to the memory.
        mean: mean magnitude of the return, bps; moves of 0 count.
        square: mean square of the return, bps^2.
    """

    seen: int = 0
    mean: float = 0.0
    square: float = 0.0

    @property
    def deviation_bps(self) -> float:
        """Root of the mean square, bps."""
        return sqrt(self.square)

    def take(self, return_bps: float, memory: int) -> None:
        """Take the return of one matured prediction.

        >>> moves = MoveState()
        >>> for each in (3.0, -1.0):
        ...     moves.take(each, memory=1_000)
        >>> moves.mean, moves.square
        (2.0, 5.0)
        """
        if self.seen < memory:
            self.seen += 1
        fresh = 1.0 / self.seen
        self.mean += fresh * (abs(return_bps) - self.mean)
        self.square += fresh * (return_bps * return_bps - self.square)
