"""One experiment on one symbol, from its first pair to the end of the watch over its winner."""

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
"""Of a score: arms whose batches never differed have none."""

UNKNOWN_SCALE = 0.1
"""Of the log-loss of two versions over a block, nats, where one went live before it was tested."""

LONGEST_WAIT_NS = 86_400_000_000_000
"""How far a clock may be set back without ending a test: for so long it waits to see what it has not counted yet."""

Step = Literal["", "moved", "decided"]
"""What an outcome changed: nothing to tell, where it stands, or its verdict."""


class Reported(Struct, array_like=True):
    """How far an experiment that is decided over several symbols has been told of this one.

    Attributes:
        window: of the clock that holds the latest pair; -1 before the first.
        ended: whether it was told that the arms are compared no more.
    """

    window: int = -1
    ended: bool = False


class TrialState(Struct, array_like=True):
    """Attributes:
    challenger, champion: versions that are compared, as they were at the first pair.
    test: of the experiment.
    watch: over the winner; none before it is live.
    told: where symbols decide together.
    health: of the winner, besides its score.
    generation: of the symbol's clock.
    seen: event time of the last outcome, ns.
    until: after the clock was set back: event time up to which outcomes were counted before, ns; 0: none was.
    dropped: outcomes that were dropped for that.
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
        """Where it stands: that of the test, then that of the watch."""
        return self.test.status if self.watch is None else self.watch.phase

    @property
    def reason(self) -> str:
        """Of the last change."""
        return self.test.reason if self.watch is None or not self.watch.reason else self.watch.reason


class Trial:
    """Advances a `TrialState`.

    While the test runs, the challenger is the shadow arm that bears the experiment's name and the champion the live
    one; if another version goes live meanwhile, there is nothing left to compare with and the test stops. Once the
    winner is live, the old champion goes on in shadow under the name of its version: the watch compares the two with
    the score that decided, and goes on for as long as both run. A candidate of a retrain is watched from the moment at
    which it is live, also when somebody forced it through, before the verdict or against it.

    Where symbols decide together, the test on one of them only collects evidence. That it was won shows when the
    challenger goes live; the watch begins as soon as there are batches enough to tell what differences are usual.

    Args:
        name: of the experiment.
        declaration: of it.
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
        """Whether the challenger runs beside the live arm."""
        return any(arm.arm == self.name for arm in outcome.arms)

    def start(self, outcome: OutcomeMatured) -> TrialState:
        """State before the first pair, which is in `outcome`."""
        challenger = next(arm.model_version for arm in outcome.arms if arm.arm == self.name)
        told = Reported() if self.pooled else None
        return TrialState(challenger, outcome.arms[0].model_version, self.experiment.start(), told=told)

    def move_clock(self, state: TrialState, outcome: OutcomeMatured) -> bool:
        """Move the clock on to an outcome, each before `update`; whether its time was not counted before.

        Where the symbol's clock was set back, the same time comes once more, and would be counted as if it said
        something new: outcomes are dropped until the clock is past what was seen.
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
        """Take an outcome that counts."""
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
        """Where it stands, as a record."""
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
        """Take an outcome after several symbols have decided: watch, once it is known what differences are usual."""
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
        """The watch, in units of what blocks of this symbol differed by during the test."""
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
