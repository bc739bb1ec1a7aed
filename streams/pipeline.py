"""One tick through everything: admission, features, regime, opinions, confidence, size; and labels back into it."""

from collections.abc import Sequence

from msgspec import Struct

from schemas.outcomes import OutcomeMatured
from schemas.predictions import Prediction
from schemas.ticks import Directive, Quote, Trade
from streams import baselines, directives, maturing
from streams.admission import Admission, AdmissionState
from streams.arms import LIVE, MODEL, Arms, Stance
from streams.baselines import BaselineState
from streams.costs import Costs
from streams.directives import ArmsState
from streams.features import FEATURES, Features, FeatureState
from streams.maturing import Pending
from streams.models import signed_logistic
from streams.parameters import MarketParameters
from streams.regime import RegimeDetector, RegimeState
from streams.sizing import MoveState, Sizing
from streams.strategies import strategies

EWMA_VOLATILITY = FEATURES.index("ewma_volatility")
SPREAD = FEATURES.index("spread")
LAST_RETURN = FEATURES.index("return_1")
QUEUE_IMBALANCE = FEATURES.index("queue_imbalance")


class SymbolState(Struct, array_like=True):
    """Everything that is remembered about one symbol: bounded, and bit for bit the same after a restore.

    Attributes:
        made_with: digest of the parameters that it was computed with.
        admission: what the next tick is compared with.
        features: rolling features; none before the first tick.
        regime: what the regime is told by.
        ticks: ticks since the symbol started, up to the warm-up.
        scored_at: event time of the last scored prediction, ns.
        pending: scored predictions that have not matured, the oldest first.
        moves: size of moves within the horizon.
        arms: the live arm and those in shadow.
        baselines: records of the baselines.
    """

    made_with: str
    admission: AdmissionState
    features: FeatureState | None
    regime: RegimeState
    ticks: int
    scored_at: int
    pending: list[Pending]
    moves: MoveState
    arms: ArmsState
    baselines: BaselineState


class Pipeline:
    """Advances a `SymbolState`; every operator is built once from the parameters and holds no state of its own."""

    def __init__(self, parameters: MarketParameters) -> None:
        self.made_with = parameters.digest()
        self._horizon = parameters.horizon_ns
        self._apart = -(-parameters.horizon_ns // parameters.scored_per_horizon)
        self._warmup = parameters.warmup_ticks
        self._admission = Admission(parameters.admission)
        self._features = Features(parameters.features)
        self._features_hash = parameters.features.digest()
        self._regime = RegimeDetector(parameters.regime)
        self._opinions = [strategy.opinion for strategy in strategies(parameters.strategies)]
        self._experts = (*parameters.strategies.enabled, MODEL)
        self._arms = Arms(parameters)
        self._costs = Costs(parameters.costs)
        self._sizing = Sizing(parameters.sizing)

    def open(self) -> SymbolState:
        """State of a symbol that was never seen."""
        arm = self._arms.start(LIVE, f"builtin-{self.made_with[:8]}", 0, signed_logistic.fresh())
        return SymbolState(
            made_with=self.made_with,
            admission=AdmissionState(),
            features=None,
            regime=RegimeState(),
            ticks=0,
            scored_at=0,
            pending=[],
            moves=MoveState(),
            arms=ArmsState([arm], 1, []),
            baselines=baselines.start(),
        )

    def direct(self, state: SymbolState, directive: Directive) -> None:
        """Apply a directive; raises `Refused` when it makes no sense, with nothing changed."""
        directives.apply(state.arms, directive, self._arms)

    def take(self, state: SymbolState, tick: Quote | Trade, record_id: str) -> list[OutcomeMatured | Prediction]:
        """Take one tick: outcomes that it brings to light, then the prediction that answers it.

        Raises:
            Refused: the tick does not fit what came before; nothing but the count of such ticks has changed.
        """
        price = 0.5 * (tick.bid + tick.ask) if isinstance(tick, Quote) else tick.price
        features = state.features
        last = 0.0 if features is None else features.mid
        admission = state.admission
        goes_on = self._admission.admit(admission, tick.ts_event, tick.seq, price, last)
        now = admission.clock
        records: list[OutcomeMatured | Prediction] = []
        if features is None or not goes_on:
            features = self._start(state, price)
        elif state.pending and now >= state.pending[0].ts_event + self._horizon:
            self._mature(state, tick.symbol, now, last, record_id, records)

        if isinstance(tick, Quote):
            moved = self._features.quote(features, tick)
        else:
            moved = self._features.trade(features, tick)
        vector = features.vector
        if moved:
            regime = self._regime.advance(state.regime, vector[LAST_RETURN], vector[EWMA_VOLATILITY])
        else:
            regime = self._regime.current(state.regime)
        rules = [opinion(vector, regime) for opinion in self._opinions]
        live = state.arms.arms[0]
        expert, model_opinion, raw, probability = self._arms.opinion(live, rules, vector)
        edge = self._sizing.edge_bps(state.moves, probability)
        cost = self._costs.round_trip_bps(vector[SPREAD])
        position = self._sizing.position(state.moves, edge, cost)

        if state.ticks < self._warmup:
            state.ticks += 1
            scored = False
        else:
            scored = now >= state.scored_at + self._apart
        if scored:
            state.scored_at = now
            stances = [
                Stance(live.number, live.name, live.version, expert, model_opinion, raw, probability, position),
                *self._shadow_stances(state, rules, vector, cost),
            ]
            called = baselines.call(state.baselines, vector[QUEUE_IMBALANCE])
            state.pending.append(
                Pending(record_id, now, features.mid, regime.name, cost, vector.copy(), rules, stances, called)
            )
        records.append(
            Prediction(
                record_id,
                tick.symbol,
                now,
                self._horizon,
                features.mid,
                self._experts[expert],
                "up" if probability > 0.5 else "down" if probability < 0.5 else "flat",
                probability,
                probability if probability > 0.5 else 1.0 - probability,
                regime.name,
                position,
                edge,
                cost,
                live.version,
                scored,
                self._features_hash,
                FEATURES,
            )
        )
        return records

    def _start(self, state: SymbolState, price: float) -> FeatureState:
        # What was learned and directed stays; what was waiting looked across the break and can never be told.
        state.features = features = self._features.start(price)
        state.regime = RegimeState()
        state.ticks = 0
        state.scored_at = 0
        state.pending = []
        return features

    def _mature(
        self,
        state: SymbolState,
        symbol: str,
        now: int,
        mid: float,
        record_id: str,
        records: list[OutcomeMatured | Prediction],
    ) -> None:
        made_until = now - self._horizon
        pending = state.pending
        arms = {arm.number: arm for arm in state.arms.arms}
        matured = 0
        for entry in pending:
            if entry.ts_event > made_until:
                break
            outcome = maturing.outcome(
                entry,
                f"{record_id}:{matured}",
                now,
                mid,
                symbol,
                self._horizon,
                self._features_hash,
                self._experts,
            )
            records.append(outcome)
            matured += 1
            self._sizing.learn(state.moves, outcome.return_bps)
            if outcome.label:
                baselines.learn(state.baselines, entry.called, outcome.label > 0)
                for stance in entry.stances:
                    arm = arms.get(stance.number)
                    if arm is not None:
                        self._arms.learn(arm, stance, entry.rules, entry.features, outcome.label > 0)
        del pending[:matured]

    def _shadow_stances(
        self, state: SymbolState, rules: Sequence[float], vector: Sequence[float], cost: float
    ) -> list[Stance]:
        stances = []
        for arm in state.arms.arms[1:]:
            expert, model_opinion, raw, probability = self._arms.opinion(arm, rules, vector)
            edge = self._sizing.edge_bps(state.moves, probability)
            position = self._sizing.position(state.moves, edge, cost)
            stances.append(Stance(arm.number, arm.name, arm.version, expert, model_opinion, raw, probability, position))
        return stances
