"""Hidden Markov model of the drift of the mid: up, none or down."""

from dataclasses import dataclass
from math import exp


@dataclass
class DriftState:
    """Probabilities of an upward and of a downward drift, given all quotes so far.

    Attributes:
        up: probability that the mid drifts upwards.
        down: probability that it drifts downwards; the rest up to 1 is the probability of no drift.
    """

    up: float = 0.0
    down: float = 0.0


class Drift:
    """Gives the probability that the mid has a drift, up or down; its parameters are fixed and nothing is learned.

    Args:
        trend: mean return per quote that counts as a trend, in standard deviations of the return at one quote.
        spell: average length of a trend, and of a time without a trend, in quotes.
        evidence: largest change of the log-odds of a drift by one quote.

    >>> drift, state = Drift(trend=0.25, spell=100.0, evidence=2.0), DriftState()
    >>> [round(drift.advance(state, 0.5), 3) for _ in range(40)][::13]  # at quotes 1, 14, 27 and 40
    [0.01, 0.151, 0.394, 0.662]

    References:
        Hamilton (1989), A new approach to the economic analysis of nonstationary time series: the filter.
        Shiryaev (1963), On optimum methods in quickest detection problems: the odds of a drift.
    """

    def __init__(self, trend: float, spell: float, evidence: float) -> None:
        self._trend = trend
        self._against = 0.5 * trend * trend
        self._leave = 1.0 / spell
        self._evidence = evidence

    def advance(self, state: DriftState, scaled: float) -> float:
        """Take one quote into the state; return the probability of a drift, up or down, 0 to 1.

        Args:
            state: the symbol's state, which is changed.
            scaled: return of the mid at this quote, divided by the standard deviation of such returns.
        """
        up, down, leave = state.up, state.down, self._leave
        none = 1.0 - (up + down)
        limit, against = self._evidence, self._against
        for_up = self._trend * scaled
        for_up = limit if for_up > limit else -limit if for_up < -limit else for_up
        half = 0.5 * leave * none
        up = (up - leave * up + half) * exp(for_up - against)
        down = (down - leave * down + half) * exp(-for_up - against)
        none = none - leave * none + leave * (state.up + state.down)
        total = (up + down) + none
        state.up = up = up / total
        state.down = down = down / total
        return up + down
