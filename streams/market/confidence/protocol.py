"""Protocol of calibrators, which turn uncalibrated log-odds into probabilities."""

from typing import Any, Protocol


class Calibrator(Protocol):
    """A calibrator: learns to turn log-odds into probabilities that come true as often as they say.

    Opposite log-odds must give opposite probabilities (0.6 and 0.4), and an upward prediction must stay an upward one.
    """

    def start(self) -> Any:
        """Return the state before anything was learned: a struct or dataclass of numbers, of bounded size."""
        ...

    def apply(self, state: Any, log_odds: float) -> float:
        """Return the calibrated probability of an upward move, 0 to 1, for uncalibrated log-odds."""
        ...

    def learn(self, state: Any, log_odds: float, up: bool, uniqueness: float = 1.0) -> None:
        """Learn from one label, the known outcome of a prediction.

        Args:
            state: what was learned from earlier labels, which is changed.
            log_odds: uncalibrated log-odds of an upward move when the prediction was made.
            up: whether the mid then moved up.
            uniqueness: weight of the label, 0 to 1; smaller where labels overlap in time and repeat each other.
        """
        ...
