"""The features `realised_volatility_WINDOW`: realised volatility of the mid over several windows."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import ClassVar

from streams.market.features.family import Feature, Moment
from streams.market.features.rolling import Rolling, RollingWindow
from streams.market.features.windows import Window


@dataclass
class RealisedVolatilitiesState:
    """State of the realised volatilities.

    Attributes:
        recent: squared returns of the mid at the last quotes, bps^2, for each window.
    """

    recent: list[RollingWindow]


class RealisedVolatilities:
    """Computes the realised volatility over several windows, bps, at each tick.

    Args:
        windows: the windows: durations of event time, or numbers of quotes.

    >>> realised = RealisedVolatilities([Window(500, False)])
    >>> state = realised.start(100.0)
    >>> [round(realised.advance(state, Moment(100.0, change=each))[0], 3) for each in (2.0, -2.0)]
    [2.0, 2.828]
    >>> realised.trade(state, Moment(100.0, ts_event=1_000))
    [0.0]

    References:
        Andersen and Bollerslev (1998), Answering the skeptics, equation 3: the sum of squared returns.
    """

    features: ClassVar = (
        Feature(
            "realised_volatility_{window}",
            "bps",
            False,
            "root of the sum of squared returns at the quotes of the last {window}",
            "Andersen and Bollerslev (1998), equation 3",
        ),
    )
    windows: ClassVar = ("1s", "10s")
    counted: ClassVar = True
    state: ClassVar = RealisedVolatilitiesState

    def __init__(self, windows: Sequence[Window]) -> None:
        self._rolling = [Rolling(each) for each in windows]

    def start(self, mid: float) -> RealisedVolatilitiesState:
        """Return the state of a symbol whose mid has never moved; the state does not depend on `mid`."""
        return RealisedVolatilitiesState([each.start() for each in self._rolling])

    def trade(self, state: RealisedVolatilitiesState, now: Moment) -> list[float]:
        """Return the volatilities at the time of a trade, which moves the time but not the mid."""
        return [
            sqrt(max(0.0, rolling.sum_at(state.recent[index], now.ts_event)))
            for index, rolling in enumerate(self._rolling)
        ]

    def advance(self, state: RealisedVolatilitiesState, now: Moment) -> list[float]:
        """Add the return `now.change` to `state`; return the realised volatilities, bps."""
        square = now.change * now.change
        return [
            sqrt(max(0.0, rolling.add(state.recent[index], now.ts_event, square)))
            for index, rolling in enumerate(self._rolling)
        ]
