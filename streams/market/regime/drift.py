"""Hidden Markov filter over three drifts: up, none, and down, in standard deviations per quote."""

from dataclasses import dataclass
from math import exp


@dataclass
class DriftState:
    """Filtered probabilities of a drift up and of one down; the rest is the probability of none."""

    up: float = 0.0
    down: float = 0.0


class Drift:
    """Advances a `DriftState`.

    The size of a drift that counts as a trend is a parameter; nothing is learned.

    Args:
        trend: drift of a trend, standard deviations a quote.
        spell: quotes that a trend, or the lack of one, lasts on average.
        evidence: log-odds that one quote can count for at most.

    >>> drift, state = Drift(trend=0.25, spell=100.0, evidence=2.0), DriftState()
    >>> [round(drift.advance(state, 0.5), 3) for _ in range(40)][::13]
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
        """Take the next return in standard deviations; return the probability of a trend."""
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
