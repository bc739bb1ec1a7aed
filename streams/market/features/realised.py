"""The feature `realised_volatility`: root of the sum of the squared returns of the mid at the last quotes."""

from dataclasses import dataclass
from math import sqrt
from typing import ClassVar

from streams.market.features.family import Feature, Moment
from streams.market.features.parameters import VolatilityParameters
from streams.market.features.rolling import Rolling, RollingWindow
from streams.market.features.windows import window_of


@dataclass
class RealisedState:
    """State of the realised volatility.

    Attributes:
        recent: squared returns of the mid at the last quotes, bps^2.
    """

    recent: RollingWindow


class RealisedVolatility:
    """Computes the realised volatility in bps at each quote, over the last `realised_window` quotes or duration.

    >>> realised = RealisedVolatility(VolatilityParameters())
    >>> state = realised.start(100.0)
    >>> [round(realised.advance(state, Moment(100.0, change=change))[0], 3) for change in (2.0, -2.0)]
    [2.0, 2.828]

    References:
        Andersen and Bollerslev (1998), Answering the skeptics, equation 3: the sum of squared returns.
    """

    features: ClassVar = (
        Feature(
            "realised_volatility",
            "bps",
            False,
            "root of the sum of squared returns over the last quotes",
            "Andersen and Bollerslev (1998), equation 3",
        ),
    )
    state: ClassVar = RealisedState

    def __init__(self, parameters: VolatilityParameters) -> None:
        self._rolling = Rolling(window_of(parameters.realised_window))

    def start(self, mid: float) -> RealisedState:
        """Return the state of a symbol whose mid has never moved; the state does not depend on `mid`."""
        return RealisedState(self._rolling.start())

    def advance(self, state: RealisedState, now: Moment) -> tuple[float]:
        """Add the return `now.change` to `state`; return the realised volatility, bps."""
        recent = self._rolling.add(state.recent, now.ts_event, now.change * now.change)
        return (sqrt(recent) if recent > 0.0 else 0.0,)
