"""Regime detector by two hidden Markov models: one of activity, with learned levels, and one of drift."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import sqrt
from typing import ClassVar

from streams.market.regime.activity import Activity, ActivityState
from streams.market.regime.drift import Drift, DriftState
from streams.market.regime.labels import REGIMES, Regime
from streams.market.regime.parameters import HmmParameters


@dataclass
class HmmState:
    """State of the detector for one symbol: states of both hidden Markov models, and the present labels.

    Attributes:
        activity, drift: states of the two models.
        volatile: whether the market is labelled volatile; otherwise calm.
        trending: whether the market is labelled trending; otherwise ranging.
        volatile_for, trending_for: number of quotes since each label changed, counted up to `HmmParameters.dwell`.
        probability: probability that both labels are right.
    """

    activity: ActivityState = field(default_factory=ActivityState)
    drift: DriftState = field(default_factory=DriftState)
    volatile: bool = False
    trending: bool = False
    volatile_for: int = 0
    trending_for: int = 0
    probability: float = 1.0


class Hmm:
    """Regime detector: volatile at the more volatile of two levels of activity, trending while the mid has a drift.

    Two hidden Markov models give the probabilities of the labels volatile and trending. The models run independently of
    each other, as if volatility and drift changed independently. A single model of all six combinations (two levels,
    three drifts) would take three times as long, and its results were no better.

    >>> detector = Hmm(HmmParameters(dwell=0))
    >>> state = detector.start()
    >>> for change in ([1.0, -1.0] * 300 + [4.0, -4.0] * 100) * 5:
    ...     regime, probability = detector.advance(state, (change,))
    >>> regime.name, round(probability, 3)
    ('volatile-range', 0.952)
    >>> for change in [1.5, -0.5] * 100:
    ...     regime, probability = detector.advance(state, (change,))
    >>> regime.name, round(probability, 3)
    ('calm-trend', 0.986)
    """

    needs: ClassVar = ("return_1",)
    state: ClassVar = HmmState

    def __init__(self, parameters: HmmParameters) -> None:
        self._dwell = parameters.dwell
        self._sure = parameters.sure
        self._doubt = 1.0 - parameters.sure
        self._activity = Activity(parameters.spell, parameters.evidence, parameters.warmup, parameters.memory)
        self._drift = Drift(parameters.trend, parameters.spell, parameters.evidence)

    def start(self) -> HmmState:
        """Return the state before the first quote, with the labels calm and ranging."""
        return HmmState()

    def current(self, state: HmmState) -> tuple[Regime, float]:
        """Return the present regime and its probability, 0 to 1, without changing the state.

        The regime is right if both labels are right: calm or volatile, and ranging or trending.
        """
        return REGIMES[2 * state.volatile + state.trending], state.probability

    def advance(self, state: HmmState, features: Sequence[float]) -> tuple[Regime, float]:
        """Update the state by one quote; return the regime from now on and the probability, 0 to 1, that it is right.

        A regime consists of two labels: calm or volatile, and ranging or trending. It is right if both are.

        Args:
            state: the symbol's state, which is changed.
            features: one number, the return of the mid at this quote (`return_1`), bps.
        """
        change = features[0]
        activity = state.activity
        # Scaled by the volatility before the quote, which a jump at this quote does not change.
        variance = self._activity.variance(activity)
        of_volatile = self._activity.advance(activity, change)
        of_trend = self._drift.advance(state.drift, change / sqrt(variance)) if variance > 0.0 else 0.0

        dwell = self._dwell
        if state.volatile_for < dwell:
            state.volatile_for += 1
        elif of_volatile < self._doubt if state.volatile else of_volatile > self._sure:
            state.volatile, state.volatile_for = not state.volatile, 0
        if state.trending_for < dwell:
            state.trending_for += 1
        elif of_trend < self._doubt if state.trending else of_trend > self._sure:
            state.trending, state.trending_for = not state.trending, 0

        volatile, trending = state.volatile, state.trending
        state.probability = sure = (of_volatile if volatile else 1.0 - of_volatile) * (
            of_trend if trending else 1.0 - of_trend
        )
        return REGIMES[2 * volatile + trending], sure
