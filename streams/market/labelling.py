"""Labelling: scores predictions whose horizon has ended, and teaches their outcomes to everything that learns."""

from typing import Any, Final

from msgspec import UNSET

from streams.market import outcomes
from streams.market.arm_parameters import ArmParameters, ArmParts
from streams.market.arms import ArmState
from streams.market.parameters import MarketParameters
from streams.market.symbol_state import SymbolState
from streams.scoring import baselines, label_uniqueness

FEED: Final = "feed"
"""Name, among the faults, of a silence of the feed after which waiting predictions are not scored."""


class Labelling:
    """Scores predictions whose horizon has ended, and teaches strategies, models, weights and sizing by their outcomes.

    Args:
        parameters: parameters of the symbol.
        silence_ns: time without a tick after which the predictions that wait for an outcome are not scored, ns.
        variants: gives each arm (variant of the pipeline that runs on the symbol) what is built from its parameters.
    """

    def __init__(
        self,
        parameters: MarketParameters,
        silence_ns: int,
        variants: ArmParameters,
    ) -> None:
        self._horizon = parameters.horizon_ns
        self._part = 1.0 / parameters.scored_per_horizon
        self._silence = silence_ns
        self._variants = variants
        self._own = variants.own
        self._sizing = self._own.sizing
        self._world = variants.world

    def mature(
        self,
        state: SymbolState,
        symbol: str,
        now: int,
        due_until: int,
        mid: float,
        record_id: str,
        records: list[Any],
    ) -> None:
        """Score the predictions whose horizon has ended by `due_until`, and learn from their outcomes.

        A prediction whose horizon ended before the present tick is scored at the price before this
        tick; one whose horizon ends exactly at this tick, at the price of this tick. So the time and
        the price of scoring, `due_until` and `mid`, are given apart from the time of the tick, `now`.

        Args:
            state: the symbol's state, which is changed.
            symbol: name of the symbol.
            now: event time of the present tick, ns; the outcomes are recorded with this time.
            due_until: event time, ns; predictions whose horizon ends later stay unscored.
            mid: reference price at `due_until`, quote currency.
            record_id: id of the present tick.
            records: records that followed from the present tick so far; the outcomes are appended to
                this list.
        """
        generation = state.admission.generation or UNSET
        made_until = due_until - self._horizon
        pending = state.pending
        matured = 0
        for entry in pending:
            if entry.ts_event > made_until:
                break
            live = state.arms.arms[0]
            experts = self._variant(live).arms.experts
            outcome = outcomes.outcome(
                entry,
                f"{record_id}:{len(records)}",
                now,
                mid,
                symbol,
                self._horizon,
                self._world.features_hash,
                self._world.strategies,
                self._world.features.names,
                dict(zip(experts, live.weights, strict=True)),
                generation,
                outcomes.silent_models(state.faults, entry),
            )
            records.append(outcome)
            matured += 1
            learners = outcomes.learning_arms(state.arms.arms, entry.stances)
            self._sizing.learn(state.moves, outcome.return_bps)
            for arm, number in learners:
                # Scored positions overlap, so each counts with its fraction of the capital.
                earned = outcome.arms[number].net_bps * self._part
                sizing = self._variant(arm).sizing
                arm.drawdown_bps = sizing.drawdown_after(arm.drawdown_bps, earned)
            if outcome.label:
                baselines.learn(state.baselines, entry.called, outcome.label > 0)
                up = outcome.label > 0
                uniqueness = label_uniqueness.update(state.overlap, entry.ts_event, self._horizon)
                self._world.panel.learn(state.strategies, entry.features, up, state.faults)
                of_models = self._world.of_models(entry.features)
                for arm, number in learners:
                    state.faults.of = arm
                    prediction = entry.stances[number]
                    _, arms, _, world = self._variant(arm)
                    alike = prediction.models == arms.models.names
                    said = len(state.faults.latest)
                    rules, seen, own = entry.rules, of_models, prediction.own
                    if own is not None and arm.world is not None and world is not None:
                        world.panel.learn(arm.world.strategies, own.features, up, state.faults)
                        rules, seen = own.rules, world.of_models(own.features)
                        alike = alike and own.strategies == world.strategies
                    arms.learn(arm, prediction.opinion, rules, seen, up, uniqueness, state.faults, alike)
                    if arm is not live:
                        # The live arm's predictions are the same whatever runs beside it: their reasons, too.
                        del state.faults.latest[said:]
                state.faults.of = UNSET
        del pending[:matured]

    def _variant(self, arm: ArmState) -> ArmParts:
        return self._variants[arm.overrides] if arm.overrides else self._own

    def meet_jump(
        self, state: SymbolState, symbol: str, before: int, last: float, record_id: str, records: list[Any]
    ) -> None:
        """Score the predictions whose horizon ended during a jump of the price, and learn from their outcomes.

        A tick whose price is far from the price before is refused at first. When enough refused ticks agree with one
        another, the jump is accepted. Predictions whose horizon ended meanwhile are then scored at the prices of the
        refused ticks.

        Args:
            state: the symbol's state, which is changed; `state.admission.row` holds the refused ticks.
            symbol: its name.
            before: event time of the last tick before the refused ones, ns.
            last: reference price before the refused ticks, quote currency.
            record_id: id of the tick at which the jump is accepted.
            records: records that followed from this tick so far; the outcomes are appended to this list.
        """
        now, row, mid = state.admission.clock, state.admission.row, last
        silent = row[0][0] - before
        if silent > self._silence:
            drop_pending(state, silent, "nothing")
        for at, price in row:
            self.mature(state, symbol, now, at - 1, mid, record_id, records)
            mid = price
            self.mature(state, symbol, now, at, mid, record_id, records)
        self.mature(state, symbol, now, now, mid, record_id, records)


def drop_pending(state: SymbolState, silent: int, what: str) -> None:
    """Drop all predictions that wait for their outcome, without scoring them, and report how many and why.

    Args:
        state: the symbol's state, which is changed.
        silent: how long no usable tick came, ns.
        what: words for the report that say what came in that time: `nothing` or `no quote`.
    """
    unscored = f"{len(state.pending)} predictions stay unscored"
    state.faults.note(FEED, f"{what} came for {silent / 1e9:,.0f} s", unscored, effect="")
    state.pending = []
