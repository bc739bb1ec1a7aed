"""Accuracy and log-loss that predictions imply before their labels mature, if they are calibrated."""

from dataclasses import dataclass
from math import log
from typing import Final

from streams.scoring.scores import entropy

MEMORY: Final = 500
"""Scored predictions in the running means."""


@dataclass
class ExpectedSkill:
    """Running means over scored predictions.

    Attributes:
        seen: predictions taken, up to `MEMORY`.
        accuracy: mean of max(p, 1 - p): the accuracy to be expected.
        log_loss: mean entropy: the log-loss to be expected, nats.

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
        """Take a calibrated probability, strictly between 0 and 1."""
        if self.seen < MEMORY:
            self.seen += 1
        self.accuracy += (max(probability, 1.0 - probability) - self.accuracy) / self.seen
        self.log_loss += (entropy(probability) - self.log_loss) / self.seen
