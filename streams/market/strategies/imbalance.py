"""Strategy `imbalance`: predicts a rise of the mid if the best bid has a larger size than the best ask, else a fall."""

from collections.abc import Sequence
from typing import ClassVar

from streams.market.regime import Regime
from streams.market.strategies.parameters import ImbalanceParameters
from streams.scoring.logistic import probability


class Imbalance:
    """Strategy whose log-odds of an upward move are in proportion to the queue imbalance.

    The queue imbalance is (bid size - ask size) / (bid size + ask size) at the best prices.

    References:
        Gould and Bonart (2016), Queue imbalance as a one-tick-ahead price predictor: a logistic fit.
    """

    needs: ClassVar = ("queue_imbalance",)

    def __init__(self, parameters: ImbalanceParameters) -> None:
        self._slope = parameters.slope

    def opinion(self, features: Sequence[float], regime: Regime) -> float:
        """Return the probability of an upward move.

        Args:
            features: one number, the queue imbalance, -1 to 1.
            regime: not used.
        """
        return probability(self._slope * features[0])
