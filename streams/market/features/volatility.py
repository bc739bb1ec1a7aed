"""Feature: exponentially weighted volatility of the mid."""

from dataclasses import dataclass
from math import sqrt
from typing import ClassVar

from streams.market.features.family import Feature, Moment
from streams.market.features.parameters import VolatilityParameters


@dataclass
class VolatilityState:
    """State of the exponentially weighted volatility.

    Attributes:
        variance: exponentially weighted mean square of returns, bps^2.
    """

    variance: float


class Volatility:
    """Advances a `VolatilityState`.

    >>> volatility = Volatility(VolatilityParameters())
    >>> state = volatility.start(100.0)
    >>> [round(volatility.advance(state, Moment(100.0, change=change))[0], 3) for change in (2.0, -2.0)]
    [0.346, 0.486]

    References:
        RiskMetrics Technical Document (1996), equation 5.3.
    """

    features: ClassVar = (
        Feature(
            "ewma_volatility",
            "bps",
            False,
            "root of the exponentially weighted square of returns a quote",
            "RiskMetrics (1996), equation 5.3",
        ),
    )
    state: ClassVar = VolatilityState

    def __init__(self, parameters: VolatilityParameters) -> None:
        self._fresh = 1.0 - parameters.ewma_decay

    def start(self, mid: float) -> VolatilityState:
        """State in which the mid has never moved."""
        return VolatilityState(0.0)

    def advance(self, state: VolatilityState, now: Moment) -> tuple[float]:
        """Take the next return."""
        change = now.change
        state.variance = variance = state.variance + self._fresh * (change * change - state.variance)
        return (sqrt(variance),)
