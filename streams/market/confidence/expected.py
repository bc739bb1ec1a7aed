"""Accuracy and log-loss that predictions should reach, computed from their probabilities before outcomes are known."""

from dataclasses import dataclass
from math import log
from typing import Final

from streams.scoring.scores import entropy

MEMORY: Final = 500
"""Scored predictions in the running means."""


@dataclass
class ExpectedSkill:
    """Accuracy and log-loss that about the last 500 predictions should reach if their probabilities p are calibrated.

    Attributes:
        seen: number of predictions in the means, counted up to 500.
        accuracy: running mean of max(p, 1 - p), the expected accuracy.
        log_loss: running mean of the entropy of p, the expected log-loss, nats.

    >>> expected = ExpectedSkill()
    >>> for probability in (0.9, 0.3):
    ...     expected.take(probability)
    >>> round(expected.accuracy, 3), round(expected.log_loss, 3)
    (0.8, 0.468)

    References:
        Guillory et al. (2021), Predicting with confidence on unseen distributions: average confidence.
    """

    seen: int = 0
    accuracy: float = 0.5
    log_loss: float = log(2.0)

    def take(self, probability: float) -> None:
        """Add the calibrated probability of one prediction, strictly between 0 and 1, to both running means."""
        if self.seen < MEMORY:
            self.seen += 1
        self.accuracy += (max(probability, 1.0 - probability) - self.accuracy) / self.seen
        self.log_loss += (entropy(probability) - self.log_loss) / self.seen
