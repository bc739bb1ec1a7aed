"""Protocol of calibrators, which turn raw log-odds into calibrated probabilities."""

from typing import Any, Protocol


class Calibrator(Protocol):
    """A calibrator: learns from labels to turn raw log-odds into a calibrated probability.

    It must be symmetric (opposite log-odds give the opposite probability) and keep the side: up never becomes down.
    """

    def start(self) -> Any:
        """State before the first label: a `msgspec.Struct` or a dataclass of numbers, of bounded size."""
        ...

    def apply(self, state: Any, log_odds: float) -> float:
        """Calibrated probability for raw log-odds."""
        ...

    def learn(self, state: Any, log_odds: float, up: bool, uniqueness: float = 1.0) -> None:
        """Learn one label, weighted by its uniqueness (0 to 1), with the raw log-odds at prediction time."""
        ...
