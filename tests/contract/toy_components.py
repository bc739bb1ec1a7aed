"""Components as users write them: two that keep every promise, and one for each promise that breaks it."""

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from streams.market.features.family import Feature, Moment, NoState
from streams.market.features.registry import register as register_features
from streams.market.regime import Regime
from streams.market.strategies import register as register_strategy


class Memory(Struct, array_like=True):
    ups: float = 0.0
    labels: list[float] = []


class Depth:
    """A user's feature that keeps every promise."""

    features = (Feature("toy_depth", "log", False, "log-size of the book", scale_free=False),)
    state = NoState

    def start(self, mid: float) -> NoState:
        return NoState()

    def advance(self, state: NoState, now: Moment) -> tuple[float]:
        return (min(1e9, now.bid_size + now.ask_size),)


class Majority:
    """A strategy that learns which direction is more frequent, and keeps every promise."""

    needs: tuple[str, ...] = ()
    state = Memory

    def opinion(self, features: Sequence[float], regime: Regime, state: Memory) -> float:
        return 0.5 + 0.4 * state.ups

    def learn(self, state: Memory, features: Sequence[float], up: bool) -> None:
        state.ups += 0.01 * ((1.0 if up else -1.0) - state.ups)


class Forgetful(Majority):
    """A faulty strategy that keeps what it learned in the object instead of the state.

    A restart loses it, and a second run finds it.
    """

    def __init__(self) -> None:
        self._ups = 0.0

    def opinion(self, features: Sequence[float], regime: Regime, state: Memory) -> float:
        return 0.5 + 0.4 * self._ups

    def learn(self, state: Memory, features: Sequence[float], up: bool) -> None:
        self._ups += 0.01 * ((1.0 if up else -1.0) - self._ups)


class Hoarder(Majority):
    """A faulty strategy that keeps every label, so that its state grows without bound."""

    def learn(self, state: Memory, features: Sequence[float], up: bool) -> None:
        state.labels.append(1.0 if up else -1.0)


class Boundless(Majority):
    """A faulty strategy whose probabilities leave the range from 0 to 1."""

    def opinion(self, features: Sequence[float], regime: Regime, state: Memory) -> float:
        return 0.5 + 100.0 * state.ups


class Moody(Majority):
    """A faulty strategy whose answer depends on Python's hash of a name, which each process seeds anew."""

    def opinion(self, features: Sequence[float], regime: Regime, state: Any) -> float:
        return hash("mood") % 1000 / 1000


register_features("toy_depth", Depth)
register_strategy("toy_majority", Majority)
register_strategy("toy_forgetful", Forgetful)
register_strategy("toy_hoarder", Hoarder)
register_strategy("toy_boundless", Boundless)
register_strategy("toy_moody", Moody)
