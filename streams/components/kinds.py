"""One interface for testing every kind of registered component: start, process an event, save and restore the state.

Each kind also generates its own random test inputs, within the documented ranges of features and parameters.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import partial
from itertools import islice
from random import Random
from typing import Any

from msgspec import Struct, convert, msgpack
from msgspec.structs import replace

from schemas.errors import ConfigurationError
from schemas.models import OwnState
from streams.engine.faults import Faults
from streams.engine.registry import Registry
from streams.market.confidence import CALIBRATORS, calibrator
from streams.market.costs import COSTS
from streams.market.feature_users import users_of_features
from streams.market.features import Features, FeatureState
from streams.market.features.family import Feature
from streams.market.features.registry import FAMILIES, families_of, feature, features_of
from streams.market.models.own import MODELS, LiveOwn, OwnModel
from streams.market.models.parameters import OwnModelParameters
from streams.market.parameters import MarketParameters
from streams.market.regime import DETECTORS, REGIMES
from streams.market.sizing import RULES, Sizing
from streams.market.sizing.moves import MoveState
from streams.market.strategies import STRATEGIES
from streams.sources.synthetic import SYMBOLS, synthetic_market

EVENTS = 1_200


class Component(ABC):
    """A newly built component, such as a strategy or a cost, behind an interface that is the same for every kind.

    Attributes:
        name: name under which the component is registered.
        kind: kind of the component, for example `strategy`.
        lowest, highest: bounds of the numbers that the component's answers may contain.
        largest_bytes: most bytes that the component's stored state may take.
        count: number of events with which each test runs the component.
    """

    kind: str
    largest_bytes = 16_384
    count = EVENTS
    lowest = float("-inf")
    highest = float("inf")

    def __init__(self, name: str, parameters: MarketParameters) -> None:
        self.name = name
        self.build(parameters)

    @abstractmethod
    def build(self, parameters: MarketParameters) -> None:
        """Build the component that this interface gives access to.

        The constructor calls this method after it has set `name`, the name under which the component is
        registered.
        """

    @abstractmethod
    def start(self) -> Any:
        """The component's state before the first event; None for a component without state."""

    @abstractmethod
    def take(self, state: Any, event: Any) -> list[float]:
        """Process one event: change the state in place, and return the component's answer as a list of numbers."""

    @abstractmethod
    def load(self, snapshot: bytes) -> Any:
        """The state restored from bytes that `dump` made."""

    @abstractmethod
    def events(self, seed: int, count: int) -> list[Any]:
        """Random test events of the kind that `take` expects; the same seed gives the same events."""

    def dump(self, state: Any) -> bytes:
        return msgpack.encode(state)


LOWEST_BPS = -9_999.0
"""No price falls below nothing."""

HIGHEST = 1e6
"""Of what has no end of its own, bps or sigma."""


def _values(names: Sequence[str], random: Random, spread: float) -> list[float]:
    """Random values of features in their documented ranges, with some large ones, ends of ranges and zeros.

    Args:
        names: names of the features.
        random: source of random numbers.
        spread: standard deviation of values in one of six cases.
    """
    scale = random.choice((0.0, 0.1, 1.0, 1.0, 1.0, spread))
    return [_within(feature(name), random.gauss(0, scale)) for name in names]


def _within(of: Feature, value: float) -> float:
    """The number, moved into the range of a feature: that of its unit, and from 0 on for a feature without a sign.

    >>> rsi, spread, move = feature("rsi"), feature("spread"), feature("return_1")
    >>> _within(rsi, -7.0), _within(spread, -7.0), _within(move, -70_000.0), _within(move, 7.0)
    (-1.0, 7.0, -9999.0, 7.0)
    """
    low, dots, high = of.unit.partition("..")
    if dots:
        return min(float(high), max(float(low), value))
    if not of.signed:
        value = abs(value)
    return min(HIGHEST, max(LOWEST_BPS if of.unit == "bps" else -HIGHEST, value))


class FamilyOfFeatures(Component):
    kind = "features"

    def build(self, parameters: MarketParameters) -> None:
        self._features = Features(parameters.features, [each.name for each in features_of(self.name)])

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
        self._strategy: Any = STRATEGIES.build(self.name, parameters.strategies)
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
        self._detector = DETECTORS.build(self.name, parameters.regime)

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
        self._calibration, self._state = calibrator(replace(parameters.confidence, calibrator=self.name))

    def start(self) -> Any:
        return self._calibration.start()

    def take(self, state: Any, event: Any) -> list[float]:
        log_odds, up = event
        answer = self._calibration.apply(state, log_odds)
        self._calibration.learn(state, log_odds, up)
        return [answer]

    def load(self, snapshot: bytes) -> Any:
        return msgpack.decode(snapshot, type=self._state)

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
        self._cost = COSTS.build(self.name, parameters.costs)

    def start(self) -> None:
        return None

    def take(self, state: None, event: Any) -> list[float]:
        return [self._cost.bps(event)]

    def load(self, snapshot: bytes) -> None:
        return None

    def events(self, seed: int, count: int) -> list[Any]:
        random = Random(seed)
        return [abs(random.gauss(0.0, random.choice((0.0, 1.0, 1e4)))) for _ in range(count)]


class AModel(Component):
    """A model of a plug-in, with the parameters of the first table of `[market.models]` that names it."""

    kind = "model"
    lowest, highest = 0.0, 1.0
    count = 300  # a library's model may take a millisecond for a label, and every command that computes tests it

    def build(self, parameters: MarketParameters) -> None:
        tables = [each for each in parameters.models.values() if isinstance(each, OwnModelParameters)]
        declared = next((each for each in tables if each.of == self.name), OwnModelParameters(of=self.name))
        self._model = OwnModel(declared)
        self.largest_bytes = declared.largest_bytes
        self.symmetric = self._model.symmetric

    def start(self) -> LiveOwn:
        return self._model.start()

    def take(self, state: LiveOwn, event: Any) -> list[float]:
        values, up, uniqueness = event
        answer = self._model.opinion(state, values)
        if said := self._model.learn(state, values, up, uniqueness):
            raise ConfigurationError(
                f"expected a state of at most {self.largest_bytes:,} bytes, was one that {said.says}"
            )
        return [answer]

    def dump(self, state: LiveOwn) -> bytes:
        return msgpack.encode(state.stored())

    def load(self, snapshot: bytes) -> LiveOwn:
        return self._model.load(msgpack.decode(snapshot, type=OwnState))

    def events(self, seed: int, count: int) -> list[Any]:
        random = Random(seed)
        needs = self._model.features
        return [
            (_values(needs, random, 1e4), random.random() < 0.5, random.choice((1.0, random.random())))
            for _ in range(count)
        ]

    def mirrored(self, event: Any) -> Any:
        """The same event in a market in which rises are falls."""
        values, up, uniqueness = event
        signs = [-1.0 if feature(name).signed else 1.0 for name in self._model.features]
        return [sign * value for sign, value in zip(signs, values, strict=True)], not up, uniqueness


class Registered(Struct, frozen=True):
    """A registered component that a test can build anew as often as needed.

    Attributes:
        kind: `features`, `strategy`, `regime`, `calibrator`, `sizer`, `cost` or `model`.
        name: name under which it is registered.
        build: function without arguments that builds it.
        own: whether it comes from a plug-in rather than from tickloop.
    """

    kind: str
    name: str
    build: Any
    own: bool = False

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


def components(parameters: MarketParameters) -> list[Registered]:
    """Every registered component, each with a function that builds it with these parameters.

    >>> [str(each) for each in components(MarketParameters())][15:18]
    ['strategy imbalance', 'strategy momentum', 'strategy mean_reversion']
    """
    registries: list[tuple[type[Component], Registry[Any]]] = [
        (FamilyOfFeatures, FAMILIES),
        (AStrategy, STRATEGIES),
        (ADetector, DETECTORS),
        (ACalibrator, CALIBRATORS),
        (ASizer, RULES),
        (ACost, COSTS),
        (AModel, MODELS),
    ]
    return [
        Registered(kind.kind, name, partial(kind, name, parameters), part.own)
        for kind, registry in registries
        for name, part in registry.items()
    ]


def used(parameters: MarketParameters) -> list[Registered]:
    """The components that come from plug-ins and that these parameters use."""
    features = [name for names in users_of_features(parameters).values() for name in names]
    at_work = {
        FamilyOfFeatures.kind: families_of(features),
        AStrategy.kind: parameters.strategies.enabled,
        ADetector.kind: (parameters.regime.detector,),
        ACalibrator.kind: (parameters.confidence.calibrator,),
        ASizer.kind: parameters.sizing.enabled,
        ACost.kind: parameters.costs.enabled,
        AModel.kind: [each.of for each in parameters.models.values() if isinstance(each, OwnModelParameters)],
    }
    return [each for each in components(parameters) if each.own and each.name in at_work[each.kind]]
