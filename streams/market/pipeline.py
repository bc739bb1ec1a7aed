"""The pipeline of one symbol: all steps at each tick, from the check of the tick to prediction and learning.

The steps are: check the tick against earlier ones, compute features, regime, probabilities and position, and learn from
predictions whose horizon has ended.
"""

from functools import partial
from typing import Final

from msgspec import UNSET, convert

from schemas.breaks import BreakReason, ClockBroken
from schemas.errors import ConfigurationError
from schemas.limits import cut
from schemas.names import LIVE
from schemas.outcomes import OutcomeMatured
from schemas.predictions import Prediction
from schemas.ticks import Directive, Quote, Trade
from streams.engine.faults import Faults
from streams.market import directives
from streams.market.arm_parameters import ArmParameters, ArmParts
from streams.market.arms import ArmState
from streams.market.costs import Costs
from streams.market.directives import ArmsState
from streams.market.feature_users import IMBALANCE, SPREAD, users_of_features, vector_of_models
from streams.market.features import Features, FeatureState
from streams.market.features.registry import feature
from streams.market.labelling import Labelling, drop_pending, seen_by_model
from streams.market.models import signed_logistic
from streams.market.parameters import MarketParameters
from streams.market.pending import ArmPrediction, Pending
from streams.market.regime import REGIMES, Regime, detector
from streams.market.sizing import SizeExplained
from streams.market.sizing.moves import MoveState
from streams.market.strategies.panel import StrategyPanel
from streams.market.symbol_state import SymbolState
from streams.market.tick_order import GOES_ON, HORIZONS, JUMPED, Admission, AdmissionState
from streams.scoring import baselines
from streams.scoring.label_uniqueness import UniquenessState
from streams.scoring.prohibitive import PROHIBITIVE_BPS

LEADS: Final = "largest weight in the mixture"
EVEN: Final = "all experts weigh the same: the first one stands for them"
"""Reasons for the strategy that a prediction names."""

FAULT: Final = "fault"
"""Name of the rule for a position of 0 because a sizing rule failed."""


class Pipeline:
    """Computes the predictions and outcomes of a symbol tick by tick; what must be remembered is in a `SymbolState`.

    Args:
        parameters: parameters of the symbol.

    Raises:
        ConfigurationError: the parameters name an unknown feature, strategy, detector or other part.
    """

    def __init__(self, parameters: MarketParameters) -> None:
        self.made_with = parameters.digest()
        self._horizon = parameters.horizon_ns
        self._apart = -(-parameters.horizon_ns // parameters.scored_per_horizon)
        self._warmup = parameters.warmup_ticks
        self._admission = Admission(parameters.admission, parameters.horizon_ns)
        self._silence = max(parameters.admission.silence_ns, HORIZONS * parameters.horizon_ns)
        self._regime = detector(parameters.regime)
        _expect_signed(parameters.model.features)
        needs = [name for names in users_of_features(parameters).values() for name in names]
        self._features = features = Features(parameters.features, needs)
        self._features_hash = features.digest()
        self._names = features.names
        self._imbalance, self._spread = map(features.names.index, (IMBALANCE, SPREAD))
        # The vector begins with the features of the default model: nothing needs to be picked out for it.
        seen = vector_of_models(parameters)
        self._of_model = None if seen == features.names else features.view(seen)
        self._model = parameters.model
        self._of_regime = features.view(self._regime.needs)
        self._panel = StrategyPanel(parameters.strategies, features)
        self._variants = ArmParameters(parameters)
        self._costs = Costs(parameters.costs)
        self._own = self._variants.own
        self._sizing = self._own.sizing
        self._labels = Labelling(
            parameters,
            self._silence,
            self._variants,
            self._panel,
            self._of_model,
            self._features_hash,
            parameters.strategies.enabled,
            self._names,
        )

    @property
    def largest_models(self) -> int:
        """Most bytes that the further models of an arm without overrides may take."""
        return self._own.arms.models.largest_bytes

    def give_models(self, room: int) -> None:
        """Let the further models of all arms of a symbol take up to `room` bytes together."""
        self._variants.room = room

    def open(self) -> SymbolState:
        """Return the initial state of a symbol that has not had a tick, with one model and its starting weights."""
        arm = self._own.arms.start(LIVE, f"builtin-{self.made_with[:8]}", 0, signed_logistic.start(self._model))
        return SymbolState(
            made_with=self.made_with,
            admission=AdmissionState(),
            features=None,
            regime=self._regime.start(),
            ticks=0,
            scored_at=0,
            pending=[],
            moves=MoveState(),
            arms=ArmsState([arm], 1, []),
            baselines=baselines.start(),
            strategies=self._panel.start(),
            faults=Faults(),
            overlap=UniquenessState(),
        )

    def revive(self, state: SymbolState) -> None:
        """Convert the parts of a state decoded from a snapshot, in place, to the types that the components use.

        Raises:
            ValidationError: a part does not fit its type.
        """
        if state.features is not None:
            self._features.revive(state.features)
        state.regime = convert(state.regime, self._regime.state)
        state.strategies = self._panel.revive(state.strategies)
        for arm in state.arms.arms:
            self._variants[arm.overrides].arms.revive(arm)

    def direct(self, state: SymbolState, directive: Directive) -> None:
        """Carry out a directive, which starts, promotes or stops an arm of the symbol.

        Raises:
            Refused: the directive cannot be carried out; nothing has changed.
        """
        directives.apply(state.arms, directive, partial(self._variants.begin, running=state.arms.arms))

    def take(
        self, state: SymbolState, tick: Quote | Trade, record_id: str
    ) -> list[OutcomeMatured | ClockBroken | Prediction]:
        """Take a quote or trade into the state and return the records that follow from it.

        Args:
            state: the symbol's state, which is changed.
            tick: the quote or trade, which has passed the checks of a tick by itself.
            record_id: id of the tick; the ids of the records derive from it.

        Returns:
            First the outcomes of predictions whose horizon has ended; then, if time or price changed abruptly at this
            tick, a record of the change; last the prediction at this tick.

        Raises:
            Refused: the tick contradicts earlier ticks; in the state only what it holds of refused ticks changes.
        """
        price = 0.5 * (tick.bid + tick.ask) if isinstance(tick, Quote) else tick.price
        features = state.features
        last = 0.0 if features is None else features.now.mid
        admission = state.admission
        before = admission.clock
        nothing = isinstance(tick, Trade) and tick.size == 0.0 and state.sized
        if nothing:
            price = last
        reason = self._admission.admit(admission, tick, price, last)
        now = admission.clock
        records: list[OutcomeMatured | ClockBroken | Prediction] = []
        faults = state.faults
        if faults.latest:
            faults.latest = []
        if features is None:
            features = self._start(state, price)
        elif reason != GOES_ON:
            if reason == JUMPED:
                self._labels.meet_jump(state, tick.symbol, before, last, record_id, records)
                records.append(self._broken(state, tick.symbol, before, record_id, reason, 0))
            else:
                records.append(self._broken(state, tick.symbol, before, record_id, reason, len(state.pending)))
                state.pending, state.overlap.last = [], -1
            admission.row = []
            features = self._start(state, price)
        elif state.pending and now >= state.pending[0].ts_event + self._horizon:
            if now - before > self._silence:
                drop_pending(state, now - before, "nothing")
            else:
                self._labels.mature(state, tick.symbol, now, now - 1, last, record_id, records)

        if isinstance(tick, Quote):
            moved = self._features.quote(features, tick, faults)
        else:
            if features.now.bid and now - features.now.quoted_at > self._silence:
                # Predictions whose mid came from a quote that has expired cannot be scored by trades.
                self._features.forget_quote(features)
                state.traded.price = 0.0
                drop_pending(state, now - features.now.quoted_at, "no quote")
            if nothing:
                moved = False
            else:
                if tick.size > 0.0:
                    state.sized = True
                if not features.now.bid:
                    state.traded.take(price)
                moved = self._features.trade(features, tick, faults)
        mid = features.now.mid
        if state.pending and state.pending[0].ts_event + self._horizon == now:
            # The prediction is about the price at the end of the horizon: a tick at that very time counts.
            self._labels.mature(state, tick.symbol, now, now, mid, record_id, records)
        vector = features.vector
        of_model = seen_by_model(self._of_model, vector)
        regime, sure = self._told(state, vector, moved)
        rules = self._panel.opinions(state.strategies, vector, regime, faults)
        live = state.arms.arms[0]
        variant = self._variant(live)
        opinion = variant.arms.opinion(live, rules, of_model, faults)
        expert, probability = opinion.expert, opinion.probability
        aside = variant.arms.stands_aside(live, probability)
        edge = self._sizing.edge_bps(state.moves, probability)
        spread = vector[self._spread] if features.now.bid else state.traded.bps(mid)
        cost = self._cost(state, spread) if spread >= 0.0 else PROHIBITIVE_BPS
        position, decided_by = self._position(state, variant, live, probability, cost, regime.name, aside)
        weight = live.weights[expert]
        experts = variant.arms.experts
        why = LEADS if weight > variant.arms.even else EVEN
        if faults.latest:
            why = cut("; ".join((why, *faults.latest)))

        if state.ticks < self._warmup:
            state.ticks += 1
            scored = False
        else:
            scored = now >= state.scored_at + self._apart
        if scored:
            state.scored_at = now
            live.expected.take(probability)
            stances = [
                ArmPrediction(live.number, live.name, live.version, opinion, position, variant.arms.models.names),
                *self._shadow_stances(state, rules, of_model, cost, regime.name),
            ]
            called = baselines.call(state.baselines, vector[self._imbalance])
            state.pending.append(Pending(record_id, now, mid, regime.name, cost, vector.copy(), rules, stances, called))
        records.append(
            Prediction(
                record_id,
                tick.symbol,
                now,
                self._horizon,
                mid,
                experts[expert],
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
                self._names,
                sure,
                weight,
                why,
                aside,
                decided_by,
                admission.generation or UNSET,
            )
        )
        return records

    def explain(self, state: SymbolState, prediction: Prediction) -> SizeExplained:
        """Return the numbers that led to the position of `prediction`, the last prediction made from `state`."""
        live = state.arms.arms[0]
        return self._variants[live.overrides].sizing.explain(
            state.moves,
            prediction.probability,
            prediction.cost_bps,
            prediction.regime,
            prediction.stand_aside,
            live.drawdown_bps,
        )

    def _variant(self, arm: ArmState) -> ArmParts:
        return self._variants[arm.overrides] if arm.overrides else self._own

    def _told(self, state: SymbolState, vector: list[float], moved: bool) -> tuple[Regime, float]:
        try:
            if moved:
                return self._regime.advance(state.regime, self._of_regime(vector))
            return self._regime.current(state.regime)
        except Exception as problem:  # noqa: BLE001 - whatever a detector raises is reported and must not stop the stream
            state.faults.note("regime", type(problem).__name__, f"{REGIMES[0].name} in its place")
            return REGIMES[0], 0.0

    def _cost(self, state: SymbolState, spread: float) -> float:
        try:
            cost = self._costs.round_trip_bps(spread)
            if 0.0 <= cost <= PROHIBITIVE_BPS:
                return cost
            problem = "no cost"
        except Exception as error:  # noqa: BLE001 - whatever a cost raises is reported and must not stop the stream
            problem = type(error).__name__
        state.faults.note("costs", problem, "a prohibitive cost")
        return PROHIBITIVE_BPS

    def _position(
        self,
        state: SymbolState,
        variant: ArmParts,
        arm: ArmState,
        probability: float,
        cost: float,
        regime: str,
        aside: bool,
    ) -> tuple[float, str]:
        try:
            position, decided_by = variant.sizing.position(
                state.moves, probability, cost, regime, aside, arm.drawdown_bps
            )
        except Exception as problem:  # noqa: BLE001 - whatever a rule raises is reported and must not stop the stream
            state.faults.note("sizing", type(problem).__name__, "no position")
            return 0.0, FAULT
        if position - position == 0.0:
            return position, decided_by
        state.faults.note("sizing", "not finite", "no position")
        return 0.0, FAULT

    def _broken(
        self, state: SymbolState, symbol: str, before: int, record_id: str, reason: BreakReason, dropped: int
    ) -> ClockBroken:
        admission = state.admission
        now, generation = admission.clock, admission.generation
        if reason == JUMPED:
            sentence = f"{symbol}: its price jumped by more than max_jump; what was predicted before is scored with it"
        else:
            sentence = (
                f"{symbol}: its clock went from {before} to {now} ({reason}); generation {generation} begins, "
                f"{dropped} predictions stay unscored"
            )
        return ClockBroken(
            id=f"{record_id}:0",
            symbol=symbol,
            ts_event=now,
            before=before,
            generation=generation,
            reason=reason,
            refused=admission.refused,
            dropped=dropped,
            sentence=sentence,
            jumps=admission.jumps or UNSET,
        )

    def _start(self, state: SymbolState, price: float) -> FeatureState:
        # Arms and everything learned stay.
        state.traded.price = 0.0
        state.features = features = self._features.start(price)
        state.regime = self._regime.start()
        state.ticks = 0
        state.scored_at = 0
        return features

    def _shadow_stances(
        self, state: SymbolState, rules: list[float], of_model: list[float], cost: float, regime: str
    ) -> list[ArmPrediction]:
        stances = []
        for arm in state.arms.arms[1:]:
            variant = self._variant(arm)
            opinion = variant.arms.opinion(arm, rules, of_model, state.faults)
            aside = variant.arms.stands_aside(arm, opinion.probability)
            position, _ = self._position(state, variant, arm, opinion.probability, cost, regime, aside)
            models = variant.arms.models.names
            stances.append(ArmPrediction(arm.number, arm.name, arm.version, opinion, position, models))
        return stances


def _expect_signed(names: tuple[str, ...]) -> None:
    unsigned = [name for name in names if not feature(name).signed]
    if unsigned or len(set(names)) < len(names):
        raise ConfigurationError(
            f"[market.model]: expected signed features, each once, was {', '.join(names)}"
            + (f"; {', '.join(unsigned)} keeps its sign when the market is mirrored" if unsigned else "")
        )
