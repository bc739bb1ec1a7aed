"""Worlds: what an arm computes for itself when it differs from its symbol in features, regime, strategies or costs.

An arm is one of the variants of the pipeline that run side by side on a symbol. Most arms share the features, the
regime and the opinions of the strategies, which are computed once a tick. An arm with a world computes its own from
the same ticks, and learns from the same outcomes. So it can be tested against the live arm, and made live.
"""

from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from msgspec import convert, msgpack

from schemas.ticks import Quote, Trade
from streams.engine.faults import Faults
from streams.market.costs import Costs
from streams.market.costs.traded_spread import TradedSpread
from streams.market.feature_users import SPREAD, users_of_features, vector_of_models
from streams.market.features import Features, FeatureState, Histories
from streams.market.parameters import MarketParameters
from streams.market.pending import OwnSight
from streams.market.regime import REGIMES, Regime, detector
from streams.market.strategies.panel import StrategyPanel
from streams.scoring.prohibitive import PROHIBITIVE_BPS

LONGEST_REGIME = max((each.name for each in REGIMES), key=len)


@dataclass
class WorldState:
    """State of an arm that computes its own features, regime and strategies instead of the symbol's.

    An arm is one of the variants of the pipeline that run side by side on a symbol.

    Attributes:
        features: state of the features; None before the first tick that the arm saw.
        regime: state of the arm's regime detector, in the type of the configured detector.
        strategies: states of those strategies of the arm that learn.
        ticks: number of ticks since the arm started, or since time or price last changed abruptly; counted
            up to the warm-up. Until the warm-up is over, the arm is not scored.
    """

    features: FeatureState | None
    regime: Any
    strategies: list[Any]
    ticks: int = 0


class Sight:
    """Features, regime, strategies' probabilities and cost at one tick: the input from which an arm predicts.

    An arm is one of the variants of the pipeline that run side by side on a symbol.

    Attributes:
        vector: values of all features, in the order in which they are computed.
        of_models: the same values in the order in which models take them.
        regime: the market's regime.
        sure: probability that `regime` is right, 0 to 1.
        rules: probability of an upward move by each strategy.
        cost: cost of opening and closing a position, bps.
    """

    def __init__(
        self, vector: list[float], of_models: list[float], regime: Regime, sure: float, rules: list[float], cost: float
    ) -> None:
        self.vector = vector
        self.of_models = of_models
        self.regime = regime
        self.sure = sure
        self.rules = rules
        self.cost = cost


class World:
    """Computes features, regime, opinions of strategies and costs of one set of parameters; it holds no state.

    An arm is one of the variants of the pipeline that run side by side on a symbol. The symbol has one
    `World`, which most arms share; its state is part of `SymbolState`. An arm whose parameters differ in
    features, regime, strategies or costs has a `World` of its own, whose state is a `WorldState`.

    Args:
        parameters: parameters of the symbol, with the arm's overrides in their place.

    Attributes:
        features: computes the features.
        features_hash: digest of the features' names and parameters.
        panel: asks and teaches the strategies.
        strategies: names of the strategies.
        largest_state: most bytes that a `WorldState` of an arm may take.
        largest_bytes: most bytes that an arm with a `World` of its own adds to a snapshot: its
            `WorldState`, and what the arm saw at predictions that wait for their outcome.

    Raises:
        ConfigurationError: a feature, detector, strategy or cost is unknown.
    """

    def __init__(self, parameters: MarketParameters) -> None:
        self._parameters = parameters
        self._regime = detector(parameters.regime)
        needs = [name for names in users_of_features(parameters).values() for name in names]
        self.features = features = Features(parameters.features, needs)
        self.features_hash = features.digest()
        self._spread = features.names.index(SPREAD)
        # The vector mostly begins with the features of the logistic regression: nothing needs to be picked out then.
        seen = vector_of_models(parameters)
        self._of_models = None if seen == features.names else features.view(seen)
        self._of_regime = features.view(self._regime.needs)
        self.panel = StrategyPanel(parameters.strategies, features)
        self.strategies = parameters.strategies.enabled
        self._costs = Costs(parameters.costs)
        begun = WorldState(features.fullest(1.0), self._regime.start(), self.panel.start())
        rules = [0.1] * len(self.strategies)
        sight = OwnSight([0.1] * len(features.names), rules, LONGEST_REGIME, self.strategies)
        waiting = (parameters.scored_per_horizon + 1) * len(msgpack.encode(sight))
        # What learns may come to be larger than it begins.
        self.largest_state = 2 * len(msgpack.encode(begun))
        self.largest_bytes = self.largest_state + waiting

    def start_regime(self) -> Any:
        """State of the regime detector before the first tick."""
        return self._regime.start()

    def start(self) -> WorldState:
        """State of an arm with these parameters before its first tick."""
        return WorldState(None, self._regime.start(), self.panel.start())

    def restart(self, state: WorldState, price: float) -> None:
        """Let features and regime start anew after an abrupt change; what strategies learned stays.

        Args:
            state: the state, which is changed; its warm-up starts anew, too.
            price: the first reference price after the change, quote currency.
        """
        state.features = self.features.start(price)
        state.regime = self._regime.start()
        state.ticks = 0

    def inherit(
        self,
        begun: WorldState,
        other: "World",
        features: FeatureState | None,
        regime: Any,
        strategies: list[Any],
        ticks: int,
    ) -> WorldState:
        """Replace parts of a state of this `World` by what still applies of the state of another; return the state.

        Features are taken over if their names and parameters are the same in both. The regime is taken
        over if, in addition, its parameters are the same. Strategies are taken over if their parameters
        are the same.

        Args:
            begun: a state of this `World`, which is changed.
            other: the other `World`.
            features, regime, strategies, ticks: the state of `other`, in its four parts. It stays as it
                is, since parts that are taken over are copied.
        """
        mine, others = self._parameters, other._parameters
        if self.features_hash == other.features_hash:
            begun.features, begun.ticks = deepcopy(features), ticks
            if mine.regime == others.regime:
                begun.regime = deepcopy(regime)
        if mine.strategies == others.strategies:
            begun.strategies = deepcopy(strategies)
        return begun

    def revive(self, state: WorldState) -> None:
        """Convert the parts of a state from a snapshot, in place, to the types that the components use.

        Raises:
            ValidationError: a part does not fit its type.
        """
        if state.features is not None:
            self.features.revive(state.features)
        state.regime = self.revived_regime(state.regime)
        state.strategies = self.panel.revive(state.strategies)

    def revived_regime(self, state: Any) -> Any:
        """State of the regime detector from a snapshot, in the detector's type."""
        return convert(state, self._regime.state)

    def take(
        self,
        state: WorldState,
        tick: Quote | Trade,
        now: int,
        price: float,
        nothing: bool,
        silence: int,
        faults: Faults,
        histories: Histories | None = None,
    ) -> bool:
        """Update the features by a tick.

        Args:
            state: the state whose features are updated.
            tick: the quote or trade.
            now: event time of the symbol, ns.
            price: mid of the quote or price of the trade, quote currency. The features start at this
                price if the tick is the first one.
            nothing: whether the tick is a trade that is to be ignored because its size is 0.
            silence: age above which the last quote is no longer used, ns.
            faults: takes a report of every failure.
            histories: what references (other symbols that features look at) did lately; None if there are none.

        Returns:
            Whether the tick set a new reference price, so that the features of the price were updated.
        """
        features = state.features
        if features is None:
            state.features = features = self.features.start(price)
        if isinstance(tick, Quote):
            return self.features.quote(features, tick, faults, histories)
        if features.now.bid and now - features.now.quoted_at > silence:
            self.features.forget_quote(features)
        return False if nothing else self.features.trade(features, tick, faults, histories)

    def look(self, state: WorldState, moved: bool, traded: TradedSpread, faults: Faults) -> Sight:
        """Return features, regime, strategies' probabilities and cost after a tick that `take` has taken.

        Args:
            state: the state; its regime detector is updated if `moved` is True.
            moved: what `take` returned for the tick.
            traded: estimate of the spread from trades, which is used if there is no valid quote.
            faults: takes a report of every failure.
        """
        features = state.features
        assert features is not None, "a tick was taken"
        vector = features.vector
        regime, sure = self.told(state.regime, vector, moved, faults)
        rules = self.panel.opinions(state.strategies, vector, regime, faults)
        cost = self.cost(vector, bool(features.now.bid), features.now.mid, traded, faults)
        return Sight(vector, self.of_models(vector), regime, sure, rules, cost)

    def of_models(self, vector: list[float]) -> list[float]:
        """Return the values of all features in the order in which models take them.

        Args:
            vector: the values in the order of `features.names`.
        """
        return vector if self._of_models is None else list(self._of_models(vector))

    def told(self, state: Any, vector: list[float], moved: bool, faults: Faults) -> tuple[Regime, float]:
        """Return the regime and the probability that it is right; update the detector if `moved` is True.

        If the detector fails, the first of the four regimes is returned with the probability 0.

        Args:
            state: state of the regime detector.
            vector: values of all features.
            moved: whether the tick set a new reference price, so that the features of the price
                changed.
            faults: takes a report of a failure.
        """
        try:
            if moved:
                return self._regime.advance(state, self._of_regime(vector))
            return self._regime.current(state)
        except Exception as problem:  # noqa: BLE001 - whatever a detector raises is reported and must not stop the stream
            faults.note("regime", type(problem).__name__, f"{REGIMES[0].name} in its place")
            return REGIMES[0], 0.0

    def cost(self, vector: list[float], quoted: bool, mid: float, traded: TradedSpread, faults: Faults) -> float:
        """Return the cost of opening and closing a position, bps of the mid.

        If the spread is not known or the computation fails, the cost is so large that no position is
        taken.

        Args:
            vector: values of all features, the spread among them.
            quoted: whether there is a valid quote; if not, the spread is taken from `traded`.
            mid: reference price, quote currency.
            traded: estimate of the spread from trades.
            faults: takes a report of a failure.
        """
        spread = vector[self._spread] if quoted else traded.bps(mid)
        if spread < 0.0:
            return PROHIBITIVE_BPS
        try:
            cost = self._costs.round_trip_bps(spread)
            if 0.0 <= cost <= PROHIBITIVE_BPS:
                return cost
            problem = "no cost"
        except Exception as error:  # noqa: BLE001 - whatever a cost raises is reported and must not stop the stream
            problem = type(error).__name__
        faults.note("costs", problem, "a prohibitive cost")
        return PROHIBITIVE_BPS
