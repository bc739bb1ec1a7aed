"""All enabled strategies together: their probabilities at a tick, and how those that learn are taught."""

from collections.abc import Callable
from typing import Any, Final

from msgspec import Struct, convert

from streams.engine.faults import Faults
from streams.market.features import Features, View
from streams.market.regime import Regime
from streams.market.strategies import StrategyParameters, strategies
from streams.scoring.logistic import HIGHEST, LOWEST

UNDECIDED: Final = 0.5
"""Probability in the place of that of a strategy that failed."""


class StrategyPanel:
    """Asks every enabled strategy for its probability, and teaches outcomes to the strategies that learn.

    If a strategy raises, or its answer is not a probability, its probability is 0.5 at this tick, and the failure is
    reported.

    Args:
        parameters: which strategies run, in which order.
        features: computes the features; they must include all that the strategies need.
    """

    def __init__(self, parameters: StrategyParameters, features: Features) -> None:
        self._states: list[type[Struct]] = []
        self._members: list[tuple[str, View, Callable[..., Any], int]] = []
        self._learners: list[tuple[str, View, Callable[..., None]]] = []
        for name, strategy in zip(parameters.enabled, strategies(parameters), strict=True):
            view = features.view(strategy.needs)
            # Which of the two protocols an object has is decided by its methods.
            learner: Any = strategy if hasattr(strategy, "learn") else None
            place = -1
            if learner is not None:
                place = len(self._states)
                self._states.append(learner.state)
                self._learners.append((name, view, learner.learn))
            self._members.append((name, view, strategy.opinion, place))

    def start(self) -> list[Any]:
        """Return the initial states of the strategies that learn, in the order in which they are enabled."""
        return [kind() for kind in self._states]

    def revive(self, states: list[Any]) -> list[Any]:
        """Return states that were decoded from a snapshot, converted to the types of the strategies that learn.

        Raises:
            ValidationError: a state does not fit its type.
            ValueError: there are more or fewer states than strategies that learn.
        """
        return [convert(state, kind) for state, kind in zip(states, self._states, strict=True)]

    def opinions(self, states: list[Any], vector: list[float], regime: Regime, faults: Faults) -> list[float]:
        """Return each strategy's probability of an upward move, in the order of the enabled strategies.

        Each probability is clipped to about 0.000001 to 0.999999, so that its log-odds are finite.

        Args:
            states: states of the strategies that learn.
            vector: values of all features at this tick.
            regime: the present regime (calm or volatile, ranging or trending).
            faults: takes a report of every strategy that fails.
        """
        opinions = []
        for name, view, opinion, place in self._members:
            try:
                answer = opinion(view(vector), regime) if place < 0 else opinion(view(vector), regime, states[place])
                if type(answer) is not float or not LOWEST <= answer <= HIGHEST:
                    answer = _probability(name, float(answer), faults)
            except Exception as problem:  # noqa: BLE001 - the strategy may be the user's: whatever it raises is reported
                faults.note(f"strategy {name}", type(problem).__name__, "one half in its place")
                answer = UNDECIDED
            opinions.append(answer)
        return opinions

    def learn(self, states: list[Any], vector: list[float], up: bool, faults: Faults) -> None:
        """Teach one label (known outcome of a prediction) to every strategy that learns.

        Args:
            states: states of the strategies that learn, which are changed.
            vector: values of all features when the prediction was made.
            up: whether the mid then moved up.
            faults: takes a report of every strategy that fails; the failing strategy does not learn this label.
        """
        for (name, view, learn), state in zip(self._learners, states, strict=True):
            try:
                learn(state, view(vector), up)
            except Exception as problem:  # noqa: BLE001 - the strategy may be the user's: whatever it raises is reported
                faults.note(f"strategy {name}", type(problem).__name__, "a label not learned")


def _probability(name: str, answer: float, faults: Faults) -> float:
    if 0.0 <= answer <= 1.0:
        return min(max(answer, LOWEST), HIGHEST)
    faults.note(f"strategy {name}", "no probability", "one half in its place")
    return UNDECIDED
