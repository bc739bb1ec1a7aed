"""The feature `autocorrelation`: correlation of each return of the mid with the one before.

It is negative while the price bounces back and forth, and positive while moves tend to continue.
"""

from dataclasses import dataclass
from typing import ClassVar

from streams.market.features.family import Feature, Moment
from streams.market.features.parameters import VolatilityParameters


@dataclass
class AutocorrelationState:
    """State of the autocorrelation: the last return and two exponentially weighted averages.

    Attributes:
        last_return: return of the mid at the last quote, bps.
        products: average product of two successive returns, bps^2.
        squares: average square of a return, bps^2.
    """

    last_return: float
    products: float
    squares: float


class Autocorrelation:
    """Computes the autocorrelation of the mid's returns at lag 1, from -1 to 1, at each quote.

    >>> autocorrelation = Autocorrelation(VolatilityParameters())
    >>> state = autocorrelation.start(100.0)
    >>> [round(autocorrelation.advance(state, Moment(100.0, change=change))[0], 3) for change in (2.0, -2.0)]
    [0.0, -0.503]

    References:
        Roll (1984), A simple implicit measure of the effective bid-ask spread: a price that bounces.
    """

    features: ClassVar = (
        Feature(
            "autocorrelation",
            "-1..1",
            False,
            "exponentially weighted product of neighbouring returns / that of their squares",
            "Roll (1984), equation 1: negative where the price bounces",
        ),
    )
    state: ClassVar = AutocorrelationState

    def __init__(self, parameters: VolatilityParameters) -> None:
        self._fresh = 1.0 - parameters.autocorrelation_decay

    def start(self, mid: float) -> AutocorrelationState:
        """Return the state of a symbol whose mid has never moved; the state does not depend on `mid`."""
        return AutocorrelationState(0.0, 0.0, 0.0)

    def advance(self, state: AutocorrelationState, now: Moment) -> tuple[float]:
        """Add the return `now.change` to `state`; return the autocorrelation, -1 to 1, or 0 before any move."""
        change = now.change
        fresh = self._fresh
        state.products = products = state.products + fresh * (change * state.last_return - state.products)
        state.squares = squares = state.squares + fresh * (change * change - state.squares)
        state.last_return = change
        # Long after the last move `squares` decays to denormal numbers, whose ratio is meaningless.
        return (max(-1.0, min(1.0, products / squares)) if squares > 1e-30 else 0.0,)
