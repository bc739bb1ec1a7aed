"""Trial: one experiment on one symbol, from its first outcome to the end of the watch over its winner."""

from math import sqrt
from typing import Literal

from msgspec import UNSET, Struct

from schemas.experiments import ExperimentMoved, ExperimentStatus
from schemas.names import LIVE, is_candidate
from schemas.outcomes import OutcomeMatured
from streams.experiments.declaration import Declaration
from streams.experiments.engines.batches import FEWEST
from streams.experiments.engines.e_detector import BETS, EDetector
from streams.experiments.experiment import OPEN, Experiment, ExperimentState
from streams.experiments.pairs import pair_of
from streams.experiments.standing import moved
from streams.experiments.winner_health import HealthState, WinnerHealth
from streams.experiments.winner_watch import WinnerWatch, WinnerWatchState

SMALLEST_SCALE = 1e-9
"""Least standard deviation of a score; arms whose batches never differed have none."""

UNKNOWN_SCALE = 0.1
"""Assumed standard deviation of the log-loss difference over a block, nats, of a version not tested before."""

LONGEST_WAIT_NS = 86_400_000_000_000
"""Longest time, ns, that a clock may be set back without ending the test, which waits until that time has passed."""

Step = Literal["", "moved", "decided"]
"""What an outcome changed: nothing, the progress, or the verdict."""


class Reported(Struct, array_like=True):
    """How far a symbol has sent its partials: sums for an experiment over several symbols.

    Attributes:
        window: number of the window of event time of the latest scored outcome; -1 before the first.
        ended: whether a last partial has said that the comparison on this symbol is over.
    """

    window: int = -1
    ended: bool = False


class TrialState(Struct, array_like=True):
    """State of one experiment on one symbol: the state of its test, and that of the watch over its winner.

    Attributes:
        challenger, champion: names of the two versions when the experiment began.
        test: state of the test.
        watch: state of the watch over the winner; None before the winner is live.
        told: how far sums were sent to the node that decides for several symbols; None if this symbol
            decides by itself.
        health: state of the checks of the winner's calibration and opinions; None before the winner is
            live.
        generation: generation of the last outcome, a number that rises whenever the symbol's event time
            is set back.
        seen: event time of the last outcome that was taken, ns.
        until: latest event time reached before the venue set event time back, ns. Outcomes up to this
            time are dropped, since the same span of event time had outcomes before. If event time was
            set back by more than a day, they are taken, and a test that still runs is stopped. 0: none
            are dropped.
        dropped: number of outcomes dropped because of `until`.
    """

    challenger: str
    champion: str
    test: ExperimentState
    watch: WinnerWatchState | None = None
    told: Reported | None = None
    health: HealthState | None = None
    generation: int = 0
    seen: int = 0
    until: int = 0
    dropped: int = 0

    @property
    def status(self) -> ExperimentStatus:
        """Status of the test; once the winner is live, the phase of the watch over it."""
        return self.test.status if self.watch is None else self.watch.phase

    @property
    def reason(self) -> str:
        """Sentence on why `status` last changed; empty before the first change."""
        return self.test.reason if self.watch is None or not self.watch.reason else self.watch.reason


class Trial:
    """Operator of one experiment on one symbol: updates a `TrialState` with each outcome.

    During the test the champion is the live version, and the challenger runs beside it under the
    experiment's name. If a third version goes live meanwhile, the test stops. Once the challenger has
    won and is live, the former champion runs on beside the winner; its name is then the name of the
    former champion's version. A watch compares the two by the primary score for as long as both run. A
    candidate (a version that a retrain made) is watched from the time at which it goes live. This is so
    even if a person promoted it before there was a verdict, or although the verdict was against it.

    If several symbols decide together, the test on one symbol only collects evidence, and the
    challenger has won once it is live. The watch then begins when there are enough batches to estimate
    the usual difference of the two versions.

    Args:
        name: name of the experiment.
        declaration: declaration of the experiment.
    """

    def __init__(self, name: str, declaration: Declaration) -> None:
        self.name = name
        self.declaration = declaration
        self.pooled = declaration.test.scope == "pooled"
        self.experiment = Experiment(declaration.test, decides=not self.pooled)
        terms = declaration.watch
        self._is_candidate = is_candidate(name)
        self._block = terms.block or declaration.test.batch
        self._health = WinnerHealth(terms.run, self._block, terms.calibration)

    def begins(self, outcome: OutcomeMatured) -> bool:
        """Whether the challenger appears in an outcome, that is, runs beside the live version."""
        return any(arm.arm == self.name for arm in outcome.arms)

    def start(self, outcome: OutcomeMatured) -> TrialState:
        """State when the experiment begins; the versions of challenger and champion are read from `outcome`."""
        challenger = next(arm.model_version for arm in outcome.arms if arm.arm == self.name)
        told = Reported() if self.pooled else None
        return TrialState(challenger, outcome.arms[0].model_version, self.experiment.start(), told=told)

    def move_clock(self, state: TrialState, outcome: OutcomeMatured) -> bool:
        """Advance the experiment to the event time of an outcome; call it before `update`.

        If the venue has set the event time of the symbol back, outcomes are dropped until the latest
        event time seen before has passed. They are not dropped if event time was set back by more than
        a day; `update` then stops a test that still runs.

        Returns:
            Whether `update` may take the outcome; False: it is dropped.
        """
        if outcome.generation and outcome.generation != state.generation:
            state.generation = outcome.generation
            state.until = max(state.until, state.seen)
        if outcome.ts_event <= state.until and state.until - outcome.ts_event <= LONGEST_WAIT_NS:
            state.dropped += 1
            return False
        state.seen = outcome.ts_event
        return True

    def update(self, state: TrialState, outcome: OutcomeMatured) -> Step:
        """Take an outcome for which `move_clock` returned True: add its results to the test, or to the winner's watch.

        Returns:
            `decided` if a verdict or a new phase of the watch follows, `moved` if the figures changed, else empty.
        """
        if outcome.ts_event <= state.until:
            set_back, state.until = state.until - outcome.ts_event, 0
            if state.test.status in OPEN:
                self.experiment.stop(state.test, f"the clock of {outcome.symbol} was set back {set_back / 1e9:,.0f} s")
                return "decided"
        if state.watch is not None or state.test.status == "winner":
            return self._watch(state, outcome)
        if self._is_candidate and outcome.arms[0].model_version == state.challenger:
            return self._watch(state, outcome)
        if state.test.status not in OPEN:
            return ""
        live = outcome.arms[0].model_version
        if self.pooled and live == state.challenger:
            return self._settle(state, outcome)
        if live != state.champion:
            self.experiment.stop(state.test, f"{live} went live in place of {state.champion}")
            return "decided"
        if not self._runs(state, outcome):
            self.experiment.stop(state.test, f"{state.challenger} runs no more")
            return "decided"
        pair = pair_of(outcome, self.name, LIVE)
        if pair is None or not self.experiment.update(state.test, pair):
            return ""
        return "moved" if state.test.status in OPEN else "decided"

    def moved(self, state: TrialState, outcome: OutcomeMatured, record_id: str) -> ExperimentMoved:
        """The record of the experiment's progress after `outcome`, with the id `record_id`."""
        watch = state.watch
        return moved(
            ExperimentMoved,
            self.experiment,
            state.test,
            id=record_id,
            symbol=outcome.symbol,
            ts_event=outcome.ts_event,
            experiment=self.name,
            challenger=state.challenger,
            champion=state.champion,
            status=state.status,
            reason=state.reason,
            watched=0 if watch is None else watch.pairs,
            alarm=0.0 if watch is None else self._alarm(watch),
            deviation=self._deviation(state),
            dropped=state.dropped or UNSET,
            gone=True if state.status == "stopped" and self._is_gone(state, outcome) else UNSET,
        )

    @staticmethod
    def _is_gone(state: TrialState, outcome: OutcomeMatured) -> bool:
        return all(arm.model_version != state.challenger for arm in outcome.arms)

    def _runs(self, state: TrialState, outcome: OutcomeMatured) -> bool:
        """Whether the challenger runs in shadow, under the name of the experiment."""
        return any(arm.arm == self.name and arm.model_version == state.challenger for arm in outcome.arms)

    def _settle(self, state: TrialState, outcome: OutcomeMatured) -> Step:
        """Take an outcome after the pooled experiment was won: start the watch once the usual difference is known."""
        if state.test.evidence.metrics[0].n < FEWEST:
            pair = pair_of(outcome, LIVE, state.champion)
            return "moved" if pair is not None and self.experiment.update(state.test, pair) else ""
        state.test.status, state.test.reason = "winner", f"{state.challenger} went live."
        return self._watch(state, outcome)

    def _watch(self, state: TrialState, outcome: OutcomeMatured) -> Step:
        if outcome.arms[0].model_version != state.challenger:
            return ""
        pair = pair_of(outcome, LIVE, state.champion)
        if pair is None or not pair.sound():
            return ""
        scores = self.experiment.scores.update(state.test.scores, pair)
        if scores is None:
            return ""
        if state.watch is None or state.health is None:
            state.watch, state.health = self._operator(state).start(), self._health.start()
        watch = state.watch
        blocks, phase = watch.detector.blocks, watch.phase
        changed = self._operator(state).update(watch, -scores[0])
        broken = "" if phase == "rolled_back" else self._health.broken(state.health, outcome, pair)
        if broken and watch.phase != "rolled_back":
            watch.phase, watch.reason = "rolled_back", f"Rolled back after {watch.pairs:,} pairs: {broken}."
            changed = True
        if changed:
            return "decided"
        return "moved" if watch.detector.blocks > blocks and watch.phase != "rolled_back" else ""

    def _operator(self, state: TrialState) -> WinnerWatch:
        """Operator of the watch, scaled by the deviation of batch means during the test."""
        terms = self.declaration.watch
        return WinnerWatch(EDetector(terms.run, self._block, self._scale(state)), terms.canary, terms.confirmed)

    def _scale(self, state: TrialState) -> float:
        test = self.declaration.test
        n, _, _ = self.experiment.evidence.moments(state.test.evidence, test.primary)
        if n < FEWEST and test.primary == "log_loss":
            return UNKNOWN_SCALE
        return max(SMALLEST_SCALE, self._deviation(state) * sqrt(test.batch / self._block))

    def _deviation(self, state: TrialState) -> float:
        n, _, sse = self.experiment.evidence.moments(state.test.evidence, self.declaration.test.primary)
        return sqrt(sse / (n - 1)) if n > 1 else 0.0

    def _alarm(self, watch: WinnerWatchState) -> float:
        return sum(watch.detector.evidence) / (len(BETS) * self.declaration.watch.run / self._block)
