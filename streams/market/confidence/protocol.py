"""What a calibrator is: something that turns log-odds into probabilities which mean what they say."""

from typing import Any, Protocol


class Calibrator(Protocol):
    """Learns from labels how far raw log-odds can be believed.

    It must be symmetric: the opposite log-odds get the opposite probability, and neither side is ever exchanged.
    """

    def start(self) -> Any:
        """State before the first label: a `msgspec.Struct` or a dataclass of numbers, bounded."""
        ...

    def apply(self, state: Any, log_odds: float) -> float:
        """Calibrated probability for raw log-odds."""
        ...

    def learn(self, state: Any, log_odds: float, up: bool, worth: float = 1.0) -> None:
        """Take one label of some worth with the raw log-odds as they were when it was predicted."""
        ...
