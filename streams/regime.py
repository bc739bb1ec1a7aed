"""Which kind of market it is: calm or volatile, ranging or trending; causal, with hysteresis and a minimum dwell."""

from math import sqrt
from typing import Annotated

from msgspec import Meta, Struct

Decay = Annotated[float, Meta(gt=0.0, lt=1.0)]


class Regime(Struct, frozen=True):
    """A kind of market, labelled by its statistics.

    Attributes:
        name: as it stands in predictions.
        volatile: it moves clearly more than it usually does.
        trending: its drift is larger than noise explains.
    """

    name: str
    volatile: bool
    trending: bool


REGIMES = (
    Regime("calm-range", volatile=False, trending=False),
    Regime("calm-trend", volatile=False, trending=True),
    Regime("volatile-range", volatile=True, trending=False),
    Regime("volatile-trend", volatile=True, trending=True),
)


class RegimeParameters(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Levels to enter a regime at and to leave it at, and how slowly it is measured.

    Attributes:
        usual_decay: weight of the past in the usual volatility.
        volatile_above: volatile from this multiple of the usual volatility on.
        calm_below: calm again below this multiple.
        drift_decay: weight of the past in the drift.
        trend_above: trending from this many standard errors of drift on.
        range_below: ranging again below this many.
        dwell: quotes for which either label stays at least.
    """

    usual_decay: Decay = 0.9995
    volatile_above: float = 1.5
    calm_below: float = 1.0
    drift_decay: Decay = 0.99
    trend_above: float = 2.5
    range_below: float = 1.25
    dwell: Annotated[int, Meta(ge=0)] = 100


class RegimeState(Struct, array_like=True):
    """What the labels are computed from.

    Attributes:
        seen: quotes taken, up to the memory of the usual volatility.
        usual: usual volatility, bps a quote.
        drift: exponentially weighted return, bps a quote.
        squares: exponentially weighted square of returns, as slow as `drift`.
        volatile, trending: the labels.
        volatile_for, trending_for: quotes since each label changed, up to the dwell.
    """

    seen: int = 0
    usual: float = 0.0
    drift: float = 0.0
    squares: float = 0.0
    volatile: bool = False
    trending: bool = False
    volatile_for: int = 0
    trending_for: int = 0


class RegimeDetector:
    """Advances a `RegimeState`.

    The usual volatility is the plain mean of what was seen until its memory is full, then an exponentially weighted
    one. Drift is measured in standard errors of an exponentially weighted mean of independent returns,
    sigma * sqrt((1 - decay) / (1 + decay)): a standard normal number while there is no trend.

    >>> detector, state = RegimeDetector(RegimeParameters(dwell=0)), RegimeState()
    >>> for change in [1.0, -1.0] * 500:
    ...     label = detector.advance(state, change, volatility=1.0)
    >>> label.name
    'calm-range'
    >>> for change in [1.0] * 20:
    ...     label = detector.advance(state, change, volatility=1.8)
    >>> label.name
    'volatile-trend'

    References:
        Roberts (1959), Control chart tests based on geometric moving averages: the variance of the weighted mean.
    """

    def __init__(self, parameters: RegimeParameters) -> None:
        self._parameters = parameters
        self._memory = round(1.0 / (1.0 - parameters.usual_decay))
        self._fresh = 1.0 - parameters.drift_decay
        self._error = sqrt((1.0 - parameters.drift_decay) / (1.0 + parameters.drift_decay))

    def current(self, state: RegimeState) -> Regime:
        """Label as it stands."""
        return REGIMES[2 * state.volatile + state.trending]

    def advance(self, state: RegimeState, change: float, volatility: float) -> Regime:
        """Take the next return and volatility, both bps a quote; return the label."""
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

        if state.trending_for < dwell:
            state.trending_for += 1
        else:
            strength = abs(drift)
            error = self._error * sqrt(squares)
            if state.trending:
                if strength < parameters.range_below * error or error == 0.0:
                    state.trending, state.trending_for = False, 0
            elif strength > parameters.trend_above * error:
                state.trending, state.trending_for = True, 0
        return REGIMES[2 * state.volatile + state.trending]
