"""Every registered component behind one face: start, take an event, answer numbers, go through bytes.

Components of the user are here too: run the suite with TICKLOOP_CONFIG on a file whose [plugins] name their modules.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import partial
from itertools import islice
from random import Random
from typing import Any

from msgspec import Struct, convert, msgpack
from msgspec.structs import replace

from agents.plugins import configured_parameters
from streams.confidence import CALIBRATORS
from streams.costs import COSTS
from streams.features import Features, FeatureState
from streams.features.registry import FAMILIES, feature
from streams.market.fallbacks import Faults
from streams.parameters import MarketParameters
from streams.regime import DETECTORS, REGIMES
from streams.sizing import RULES, Sizing
from streams.sizing.moves import MoveState
from streams.sources.synthetic import SYMBOLS, synthetic_market
from streams.strategies import STRATEGIES

EVENTS = 1_200


class Component(ABC):
    """A component, built anew; `kind` and `name` say which.

    Attributes:
        lowest, highest: bounds of its answers.
    """

    kind: str
    lowest = float("-inf")
    highest = float("inf")

    def __init__(self, name: str, parameters: MarketParameters) -> None:
        self.name = name
        self.build(parameters)

    @abstractmethod
    def build(self, parameters: MarketParameters) -> None:
        """Make the component itself."""

    @abstractmethod
    def start(self) -> Any:
        """State that has seen nothing."""

    @abstractmethod
    def take(self, state: Any, event: Any) -> list[float]:
        """Answer to an event, after which the state has moved on."""

    @abstractmethod
    def load(self, snapshot: bytes) -> Any:
        """State from bytes."""

    @abstractmethod
    def events(self, seed: int, count: int) -> list[Any]:
        """What it is fed with."""

    def dump(self, state: Any) -> bytes:
        return msgpack.encode(state)


def _values(names: Sequence[str], random: Random, spread: float) -> list[float]:
    """Plausible values of features; now and then large ones, and none at all."""
    scale = random.choice((0.0, 0.1, 1.0, 1.0, 1.0, spread))
    return [(value if feature(name).signed else abs(value)) for name in names for value in (random.gauss(0, scale),)]


class FamilyOfFeatures(Component):
    kind = "features"

    def build(self, parameters: MarketParameters) -> None:
        self._features = Features(parameters.features, [each.name for each in FAMILIES[self.name].features])

    def start(self) -> FeatureState:
        return self._features.start(100.0)

    def take(self, state: FeatureState, event: Any) -> list[float]:
        faults = Faults()
        (self._features.quote if hasattr(event, "bid") else self._features.trade)(state, event, faults)
        assert not faults.counts, faults.latest
        return state.vector.copy()

    def load(self, snapshot: bytes) -> FeatureState:
        state = msgpack.decode(snapshot, type=FeatureState)
        self._features.revive(state)
        return state

    def events(self, seed: int, count: int) -> list[Any]:
        return list(islice(synthetic_market(seed, SYMBOLS[:1]), count))


class AStrategy(Component):
    kind = "strategy"
    lowest, highest = 0.0, 1.0

    def build(self, parameters: MarketParameters) -> None:
        self._strategy: Any = STRATEGIES[self.name](parameters.strategies)
        self._learns = hasattr(self._strategy, "learn")

    def start(self) -> Any:
        return self._strategy.state() if self._learns else None

    def take(self, state: Any, event: Any) -> list[float]:
        values, regime, up = event
        if not self._learns:
            return [self._strategy.opinion(values, regime)]
        answer = self._strategy.opinion(values, regime, state)
        self._strategy.learn(state, values, up)
        return [answer]

    def load(self, snapshot: bytes) -> Any:
        return msgpack.decode(snapshot, type=self._strategy.state if self._learns else None)

    def events(self, seed: int, count: int) -> list[Any]:
        random = Random(seed)
        needs = self._strategy.needs
        return [(_values(needs, random, 1e4), random.choice(REGIMES), random.random() < 0.5) for _ in range(count)]


class ADetector(Component):
    kind = "regime"
    lowest, highest = 0.0, float(len(REGIMES))

    def build(self, parameters: MarketParameters) -> None:
        self._detector = DETECTORS[self.name](parameters.regime)

    def start(self) -> Any:
        return self._detector.start()

    def take(self, state: Any, event: Any) -> list[float]:
        regime, probability = self._detector.advance(state, event)
        assert 0.0 <= probability <= 1.0
        assert self._detector.current(state) == (regime, probability)
        return [float(REGIMES.index(regime)), probability]

    def load(self, snapshot: bytes) -> Any:
        return convert(msgpack.decode(snapshot), self._detector.state)

    def events(self, seed: int, count: int) -> list[Any]:
        random = Random(seed)
        return [_values(self._detector.needs, random, 50.0) for _ in range(count)]


class ACalibrator(Component):
    kind = "calibrator"
    lowest, highest = 0.0, 1.0

    def build(self, parameters: MarketParameters) -> None:
        self._registered = CALIBRATORS[self.name]
        self._calibration = self._registered.build(parameters.confidence)

    def start(self) -> Any:
        return self._calibration.start()

    def take(self, state: Any, event: Any) -> list[float]:
        log_odds, up = event
        answer = self._calibration.apply(state, log_odds)
        self._calibration.learn(state, log_odds, up)
        return [answer]

    def load(self, snapshot: bytes) -> Any:
        return msgpack.decode(snapshot, type=self._registered.state)

    def events(self, seed: int, count: int) -> list[Any]:
        random = Random(seed)
        return [(random.choice((0.0, random.gauss(0, 1), 13.8, -13.8)), random.random() < 0.5) for _ in range(count)]


class ASizer(Component):
    kind = "sizer"

    def build(self, parameters: MarketParameters) -> None:
        own = replace(parameters.sizing, enabled=(self.name,))
        self._sizing = Sizing(own, parameters.horizon_ns)
        self.highest = parameters.sizing.max_position
        self.lowest = -self.highest

    def start(self) -> Any:
        return MoveState()

    def take(self, state: Any, event: Any) -> list[float]:
        probability, cost, move, regime, aside, drawdown = event
        answer, _ = self._sizing.position(state, probability, cost, regime, aside, drawdown)
        self._sizing.learn(state, move)
        return [answer]

    def load(self, snapshot: bytes) -> Any:
        return msgpack.decode(snapshot, type=MoveState)

    def events(self, seed: int, count: int) -> list[Any]:
        random = Random(seed)
        return [
            (
                random.random(),
                random.choice((0.0, 0.1, 300.0)),
                random.gauss(0, random.choice((0.0, 1.0, 1e4))),
                random.choice(REGIMES).name,
                random.random() < 0.3,
                random.choice((0.0, 10.0, 1e4)),
            )
            for _ in range(count)
        ]


class ACost(Component):
    kind = "cost"
    lowest = 0.0

    def build(self, parameters: MarketParameters) -> None:
        self._cost = COSTS[self.name](parameters.costs)

    def start(self) -> None:
        return None

    def take(self, state: None, event: Any) -> list[float]:
        return [self._cost.bps(event)]

    def load(self, snapshot: bytes) -> None:
        return None

    def events(self, seed: int, count: int) -> list[Any]:
        random = Random(seed)
        return [abs(random.gauss(0.0, random.choice((0.0, 1.0, 1e4)))) for _ in range(count)]


class Registered(Struct, frozen=True):
    """A component that can be built as often as a test needs it."""

    kind: str
    name: str
    build: Any

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


def components() -> list[Registered]:
    """Every registered component, with the configured parameters."""
    parameters = configured_parameters().market
    registers: list[tuple[type[Component], Sequence[str]]] = [
        (FamilyOfFeatures, tuple(FAMILIES)),
        (AStrategy, tuple(STRATEGIES)),
        (ADetector, tuple(DETECTORS)),
        (ACalibrator, tuple(CALIBRATORS)),
        (ASizer, tuple(RULES)),
        (ACost, tuple(COSTS)),
    ]
    return [Registered(kind.kind, name, partial(kind, name, parameters)) for kind, names in registers for name in names]
