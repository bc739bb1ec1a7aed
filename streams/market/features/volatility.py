"""The feature `ewma_volatility`: exponentially weighted volatility of the mid, bps per quote."""

from dataclasses import dataclass
from math import sqrt
from typing import ClassVar

from streams.market.features.family import Feature, Moment
from streams.market.features.parameters import VolatilityParameters


@dataclass
class VolatilityState:
    """State of the exponentially weighted volatility.

    Attributes:
        variance: exponentially weighted mean square of the mid's return at each quote, bps^2.
    """

    variance: float


class Volatility:
    """Computes the exponentially weighted volatility of the mid at each quote, bps per quote.

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
        """Return the state of a symbol whose mid has never moved; the state does not depend on `mid`."""
        return VolatilityState(0.0)

    def advance(self, state: VolatilityState, now: Moment) -> tuple[float]:
        """Update the variance in `state` by the return `now.change`; return the volatility, bps."""
        change = now.change
        state.variance = variance = state.variance + self._fresh * (change * change - state.variance)
        return (sqrt(variance),)
