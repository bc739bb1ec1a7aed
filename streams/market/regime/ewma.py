"""Regime detector by thresholds on exponentially weighted averages of volatility and drift.

A regime is entered at one threshold and left at a lower one (hysteresis), so that the regime does not flicker.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log, sqrt
from typing import ClassVar, Final

from streams.market.regime.labels import REGIMES, Regime
from streams.market.regime.parameters import EwmaParameters
from streams.scoring.logistic import probability

NORMAL: Final = 1.702
"""A logistic curve with its argument scaled by this is within 0.01 of the normal distribution function everywhere."""

FAINTEST: Final = 1e-9
"""Volatility and drift below this, bps per quote, are rounding; their ratios are not used."""


@dataclass
class EwmaState:
    """State of the detector for one symbol: averages of the mid's returns, and the present labels.

    Attributes:
        seen: number of quotes taken, counted up to the number over which the usual volatility is averaged.
        usual: usual volatility: long-term mean of the volatility, bps per quote.
        drift: exponentially weighted mean return, bps per quote.
        squares: exponentially weighted mean square of the return, with the same decay as `drift`, bps^2.
        volatile: whether the market is labelled volatile; otherwise calm.
        trending: whether the market is labelled trending; otherwise ranging.
        volatile_for, trending_for: number of quotes since each label changed, counted up to `EwmaParameters.dwell`.
        probability: probability that both labels are right.
    """

    seen: int = 0
    usual: float = 0.0
    drift: float = 0.0
    squares: float = 0.0
    volatile: bool = False
    trending: bool = False
    volatile_for: int = 0
    trending_for: int = 0
    probability: float = 1.0


class Ewma:
    """Regime detector: volatile if the volatility is far above its usual level, trending if the drift exceeds noise.

    The usual volatility is the plain mean of the volatility until the memory is full, then an exponentially weighted
    mean. The drift is divided by its standard error, which is `sigma * sqrt((1 - decay) / (1 + decay))` for independent
    returns. So the result is a standard normal number while there is no trend.

    Each label (volatile, trending) begins at one threshold and ends at a lower one. Its probability is the probability
    that the true volatility or drift is on the label's side of the middle between both thresholds, given the error of
    the estimate. The probability may be below 0.5, because a label stays until the lower threshold is passed, and at
    least for `dwell` quotes.

    >>> detector = Ewma(EwmaParameters(dwell=0))
    >>> state = detector.start()
    >>> for change in [1.0, -1.0] * 500:
    ...     regime, probability = detector.advance(state, (change, 1.0))  # return and volatility, bps
    >>> regime.name, round(probability, 3)
    ('calm-range', 0.926)
    >>> for change in [1.0] * 20:
    ...     regime, probability = detector.advance(state, (change, 1.8))
    >>> regime.name, round(probability, 3)
    ('volatile-trend', 0.746)

    References:
        Roberts (1959), Control chart tests based on geometric moving averages: the variance of the weighted mean.
        Johnson, Kotz and Balakrishnan (1995), Continuous univariate distributions 2, section 23.2, on the logistic
        approximation of the normal distribution.
    """

    needs: ClassVar = ("return_1", "ewma_volatility")
    state: ClassVar = EwmaState

    def __init__(self, parameters: EwmaParameters) -> None:
        self._parameters = parameters
        self._memory = round(1.0 / (1.0 - parameters.usual_decay))
        self._fresh = 1.0 - parameters.drift_decay
        self._error = sqrt((1.0 - parameters.drift_decay) / (1.0 + parameters.drift_decay))
        self._middle_volatility = sqrt(parameters.volatile_above * parameters.calm_below)
        self._volatility_power = NORMAL / parameters.volatility_error
        self._middle_trend = 0.5 * (parameters.trend_above + parameters.range_below)

    def start(self) -> EwmaState:
        """Return the state before the first quote, with the labels calm and ranging."""
        return EwmaState()

    def current(self, state: EwmaState) -> tuple[Regime, float]:
        """Return the present regime and its probability, 0 to 1, without changing the state.

        The regime is right if both labels are right: calm or volatile, and ranging or trending.
        """
        return REGIMES[2 * state.volatile + state.trending], state.probability

    def advance(self, state: EwmaState, features: Sequence[float]) -> tuple[Regime, float]:
        """Take one quote into the state; return the regime from now on and its probability, 0 to 1.

        The regime is right if both labels are right: calm or volatile, and ranging or trending.

        Args:
            state: the symbol's state, which is changed.
            features: return of the mid at this quote (`return_1`) and volatility of the mid (`ewma_volatility`), both
                in bps.
        """
        change, volatility = features
        parameters = self._parameters
        if state.seen < self._memory:
            state.seen += 1
        state.usual = usual = state.usual + (volatility - state.usual) / state.seen
        fresh = self._fresh
        state.drift = drift = state.drift + fresh * (change - state.drift)
        state.squares = squares = state.squares + fresh * (change * change - state.squares)

        dwell = parameters.dwell
        if state.volatile_for < dwell:
            state.volatile_for += 1
        elif state.volatile:
            if volatility < parameters.calm_below * usual:
                state.volatile, state.volatile_for = False, 0
        elif volatility > parameters.volatile_above * usual:
            state.volatile, state.volatile_for = True, 0

        error = self._error * sqrt(squares)
        strength = abs(drift) / error if squares > FAINTEST * FAINTEST else 0.0
        if state.trending_for < dwell:
            state.trending_for += 1
        elif state.trending:
            if strength < parameters.range_below:
                state.trending, state.trending_for = False, 0
        elif strength > parameters.trend_above:
            state.trending, state.trending_for = True, 0

        excess = volatility / (self._middle_volatility * usual) if usual > FAINTEST else 0.0
        of_volatile = probability(self._volatility_power * log(excess)) if excess > 0.0 else 0.0
        of_trend = probability(NORMAL * (strength - self._middle_trend))
        volatile, trending = state.volatile, state.trending
        state.probability = sure = (of_volatile if volatile else 1.0 - of_volatile) * (
            of_trend if trending else 1.0 - of_trend
        )
        return REGIMES[2 * volatile + trending], sure
