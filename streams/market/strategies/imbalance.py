"""Strategy: the mid moves away from the side of the book with more size."""

from collections.abc import Sequence
from typing import ClassVar

from streams.market.regime import Regime
from streams.market.strategies.parameters import ImbalanceParameters
from streams.scoring.logistic import probability


class Imbalance:
    """Log-odds in proportion to the queue imbalance.

    References:
        Gould and Bonart (2016), Queue imbalance as a one-tick-ahead price predictor: a logistic fit.
    """

    needs: ClassVar = ("queue_imbalance",)

    def __init__(self, parameters: ImbalanceParameters) -> None:
        self._slope = parameters.slope

    def opinion(self, features: Sequence[float], regime: Regime) -> float:
        """See `Strategy.opinion`."""
        return probability(self._slope * features[0])
