"""The pipeline of one symbol: all steps at each tick, from the check of the tick to prediction and learning.

The steps are: check the tick against earlier ones, compute features, regime, probabilities and position, and learn from
predictions whose horizon has ended.
"""

from functools import partial
from typing import Final

from msgspec import UNSET

from schemas.breaks import ClockBroken
from schemas.errors import ConfigurationError
from schemas.faults import ComponentFailed
from schemas.limits import cut
from schemas.names import LIVE
from schemas.outcomes import OutcomeMatured
from schemas.predictions import Prediction
from schemas.ticks import Directive, Quote, Trade
from streams.engine.faults import Faults
from streams.market import directives
from streams.market.arm_parameters import ArmParameters, ArmParts
from streams.market.arms import ArmState
from streams.market.break_records import clock_broken
from streams.market.directives import ArmsState
from streams.market.fault_records import fault_records
from streams.market.feature_users import IMBALANCE
from streams.market.features import FeatureState, Histories
from streams.market.features.registry import feature
from streams.market.labelling import Labelling, drop_pending
from streams.market.models import signed_logistic
from streams.market.parameters import MarketParameters
from streams.market.pending import ArmPrediction, Opinion, OwnSight, Pending
from streams.market.sizing import SizeExplained
from streams.market.sizing.moves import MoveState
from streams.market.symbol_state import SymbolState
from streams.market.tick_order import GOES_ON, HORIZONS, JUMPED, Admission, AdmissionState
from streams.market.worlds import Sight
from streams.scoring import baselines
from streams.scoring.label_uniqueness import UniquenessState

LEADS: Final = "largest weight in the mixture"
EVEN: Final = "all experts weigh the same: the first one stands for them"
"""Reasons for the strategy that a prediction names."""

FAULT: Final = "fault"
"""Name of the rule for a position of 0 because a sizing rule failed."""

Written = OutcomeMatured | ClockBroken | ComponentFailed | Prediction


class Pipeline:
    """Computes the predictions and outcomes of a symbol tick by tick; what must be remembered is in a `SymbolState`.

    Args:
        parameters: parameters of the symbol.

    Attributes:
        failures: failures since this object was made, by component. No record depends on them.

    Raises:
        ConfigurationError: the parameters name an unknown feature, strategy, detector or other part.
    """

    def __init__(self, parameters: MarketParameters) -> None:
        self.made_with = parameters.digest()
        self.failures: dict[str, int] = {}
        self._horizon = parameters.horizon_ns
        self._apart = -(-parameters.horizon_ns // parameters.scored_per_horizon)
        self._warmup = parameters.warmup_ticks
        self._admission = Admission(parameters.admission, parameters.horizon_ns)
        self._silence = max(parameters.admission.silence_ns, HORIZONS * parameters.horizon_ns)
        _expect_signed(parameters.model.features)
        self._model = parameters.model
        self._variants = ArmParameters(parameters)
        self._world = self._variants.world
        self._features = self._world.features
        self._imbalance = self._features.names.index(IMBALANCE)
        self._own = self._variants.own
        self._sizing = self._own.sizing
        self._labels = Labelling(parameters, self._silence, self._variants)

    @property
    def largest_models(self) -> int:
        """Most bytes that the models of `[market.models]` may take in an arm without overrides.

        An arm is one of the variants of the pipeline that run side by side on a symbol. Without
        overrides it has the symbol's own parameters.
        """
        return self._own.arms.models.largest_bytes

    def give_models(self, room: int) -> None:
        """Set how many bytes the models of `[market.models]` may take, in all arms of a symbol together.

        An arm is one of the variants of the pipeline that run side by side on a symbol.

        Args:
            room: most bytes that these models may take in the state of the symbol.
        """
        self._variants.room = room

    def open(self) -> SymbolState:
        """Return the initial state of a symbol that has not had a tick, with one model and its starting weights."""
        arm = self._own.arms.start(LIVE, f"builtin-{self.made_with[:8]}", 0, signed_logistic.start(self._model))
        return SymbolState(
            made_with=self.made_with,
            admission=AdmissionState(),
            features=None,
            regime=self._world.start_regime(),
            ticks=0,
            scored_at=0,
            pending=[],
            moves=MoveState(),
            arms=ArmsState([arm], 1, []),
            baselines=baselines.start(),
            strategies=self._world.panel.start(),
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
        state.regime = self._world.revived_regime(state.regime)
        state.strategies = self._world.panel.revive(state.strategies)
        for arm in state.arms.arms:
            _, arms, _, world = self._variants[arm.overrides]
            arms.revive(arm)
            if world is not None and arm.world is not None:
                world.revive(arm.world)

    def direct(self, state: SymbolState, directive: Directive) -> None:
        """Carry out a directive, which starts, promotes or stops an arm of the symbol.

        Raises:
            Refused: the directive cannot be carried out; nothing has changed.
        """
        directives.apply(state.arms, directive, partial(self._variants.begin, state=state))
        state.faults.keep(arm.number for arm in state.arms.arms)

    def take(
        self, state: SymbolState, tick: Quote | Trade, record_id: str, histories: Histories | None = None
    ) -> list[Written]:
        """Take a quote or trade into the state and return the records that follow from it.

        Args:
            state: the symbol's state, which is changed.
            tick: the quote or trade, which has passed the checks of a tick by itself.
            record_id: id of the tick; the ids of the records derive from it.
            histories: what references (other symbols that features look at) did lately; None if there are none.

        Returns:
            First the outcomes of predictions whose horizon has ended; then a record if time or price changed
            abruptly at this tick; then records of components that failed; last the prediction at this tick.

        Raises:
            Refused: the tick contradicts earlier ticks. It is noted in the state as a refused tick, and
                nothing else in the state changes.
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
        records: list[Written] = []
        faults = state.faults
        if faults.latest:
            faults.latest = []
        if features is None:
            features = self._start(state, price)
        elif reason != GOES_ON:
            if reason == JUMPED:
                self._labels.meet_jump(state, tick.symbol, before, last, record_id, records)
                records.append(clock_broken(admission, tick.symbol, before, record_id, reason, 0))
            else:
                records.append(clock_broken(admission, tick.symbol, before, record_id, reason, len(state.pending)))
                state.pending, state.overlap.last = [], -1
            admission.row = []
            features = self._start(state, price)
        elif state.pending and now >= state.pending[0].ts_event + self._horizon:
            if now - before > self._silence:
                drop_pending(state, now - before, "nothing")
            else:
                self._labels.mature(state, tick.symbol, now, now - 1, last, record_id, records)

        if isinstance(tick, Quote):
            moved = self._features.quote(features, tick, faults, histories)
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
                moved = self._features.trade(features, tick, faults, histories)
        mid = features.now.mid
        if state.pending and state.pending[0].ts_event + self._horizon == now:
            # The prediction is about the price at the end of the horizon: a tick at that very time counts.
            self._labels.mature(state, tick.symbol, now, now, mid, record_id, records)
        vector = features.vector
        own, arms = self._world, state.arms.arms
        regime, sure = own.told(state.regime, vector, moved, faults)
        rules = own.panel.opinions(state.strategies, vector, regime, faults)
        of_models = own.of_models(vector)
        cost = own.cost(vector, bool(features.now.bid), mid, state.traded, faults)
        live = arms[0]
        sight = pooled = Sight(vector, of_models, regime, sure, rules, cost)
        others: list[Sight] = []
        if len(arms) > 1:
            said = len(faults.latest)
            others = [
                pooled if arm.world is None else self._look(state, arm, tick, price, nothing, histories)
                for arm in arms[1:]
            ]
            # The live arm's predictions are the same whatever runs beside it: their reasons, too.
            del faults.latest[said:]
        if live.world is not None:
            sight = self._look(state, live, tick, price, nothing, histories)
        faults.of = live
        variant = self._variant(live)
        opinion = variant.arms.opinion(live, sight.rules, sight.of_models, faults)
        expert, probability = opinion.expert, opinion.probability
        aside = variant.arms.stands_aside(live, probability)
        edge = self._sizing.edge_bps(state.moves, probability)
        position, decided_by = self._position(state, variant, live, probability, sight, aside)
        faults.of = UNSET
        weight = live.weights[expert]
        experts = variant.arms.experts
        world = variant.world or own
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
            stances = [_kept(live, variant, opinion, position, sight)]
            if others:
                stances += self._shadow_stances(state, others)
            called = baselines.call(state.baselines, vector[self._imbalance])
            state.pending.append(Pending(record_id, now, mid, regime.name, cost, vector.copy(), rules, stances, called))
        if faults.noted is not UNSET:
            records += fault_records(faults, self.failures, tick.symbol, now, record_id, len(records))
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
                sight.regime.name,
                position,
                edge,
                sight.cost,
                live.version,
                scored,
                world.features_hash,
                world.features.names,
                sight.sure,
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

    def _position(
        self,
        state: SymbolState,
        variant: ArmParts,
        arm: ArmState,
        probability: float,
        sight: Sight,
        aside: bool,
    ) -> tuple[float, str]:
        try:
            position, decided_by = variant.sizing.position(
                state.moves, probability, sight.cost, sight.regime.name, aside, arm.drawdown_bps
            )
        except Exception as problem:  # noqa: BLE001 - whatever a rule raises is reported and must not stop the stream
            state.faults.note("sizing", type(problem).__name__, "no position")
            return 0.0, FAULT
        if position - position == 0.0:
            return position, decided_by
        state.faults.note("sizing", "not finite", "no position")
        return 0.0, FAULT

    def _start(self, state: SymbolState, price: float) -> FeatureState:
        # Arms and everything learned stay.
        state.traded.price = 0.0
        state.features = features = self._features.start(price)
        state.regime = self._world.start_regime()
        state.ticks = 0
        state.scored_at = 0
        for arm in state.arms.arms:
            world = self._variant(arm).world
            if world is not None and arm.world is not None:
                world.restart(arm.world, price)
        return features

    def _look(
        self,
        state: SymbolState,
        arm: ArmState,
        tick: Quote | Trade,
        price: float,
        nothing: bool,
        histories: Histories | None,
    ) -> Sight:
        """What an arm with a world of its own sees after a tick, which its world takes."""
        state.faults.of, world, own = arm, self._variant(arm).world, arm.world
        assert world is not None, "asked for such arms only"
        assert own is not None, "asked for such arms only"
        if own.ticks < self._warmup:
            own.ticks += 1
        now = state.admission.clock
        moved = world.take(own, tick, now, price, nothing, self._silence, state.faults, histories)
        return world.look(own, moved, state.traded, state.faults)

    def _shadow_stances(self, state: SymbolState, others: list[Sight]) -> list[ArmPrediction]:
        stances = []
        for arm, sight in zip(state.arms.arms[1:], others, strict=True):
            if arm.world is not None and arm.world.ticks < self._warmup:
                continue
            state.faults.of = arm
            variant = self._variant(arm)
            opinion = variant.arms.opinion(arm, sight.rules, sight.of_models, state.faults)
            aside = variant.arms.stands_aside(arm, opinion.probability)
            position, _ = self._position(state, variant, arm, opinion.probability, sight, aside)
            stances.append(_kept(arm, variant, opinion, position, sight))
        state.faults.of = UNSET
        return stances


def _kept(arm: ArmState, variant: ArmParts, opinion: Opinion, position: float, sight: Sight) -> ArmPrediction:
    """What is kept of an arm's prediction until its outcome is known."""
    own = None
    if variant.world is not None:
        own = OwnSight(sight.vector.copy(), sight.rules, sight.regime.name, variant.world.strategies)
    return ArmPrediction(arm.number, arm.name, arm.version, opinion, position, variant.arms.models.names, own)


def _expect_signed(names: tuple[str, ...]) -> None:
    unsigned = [name for name in names if not feature(name).signed]
    if unsigned or len(set(names)) < len(names):
        raise ConfigurationError(
            f"[market.model]: expected signed features, each once, was {', '.join(names)}"
            + (f"; {', '.join(unsigned)} keeps its sign when the market is mirrored" if unsigned else "")
        )
