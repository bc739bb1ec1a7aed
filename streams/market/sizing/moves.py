"""Average size of the mid's moves over the horizon of a prediction, from which expected move and risk are computed."""

from dataclasses import dataclass
from math import sqrt


@dataclass
class MoveState:
    """Mean magnitude and mean square of the mid's return over the horizon of a prediction.

    Attributes:
        seen: number of returns taken, counted up to the memory.
        mean: mean magnitude of the return, bps; returns of 0 count.
        square: mean square of the return, bps^2.
    """

    seen: int = 0
    mean: float = 0.0
    square: float = 0.0

    @property
    def deviation_bps(self) -> float:
        """Root of the mean square of the return, bps."""
        return sqrt(self.square)

    def take(self, return_bps: float, memory: int) -> None:
        """Add the return over the horizon of one prediction to the averages.

        Args:
            return_bps: return of the mid from the prediction to the end of its horizon, bps.
            memory: number of predictions over which the averages are taken.

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
