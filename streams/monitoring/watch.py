"""Everything that may call for a retrain of the live version, asked once a block of outcomes."""

from dataclasses import dataclass
from math import sqrt

from schemas.windows import DetectorFigures
from streams.monitoring import drift
from streams.monitoring.alarm import Alarm
from streams.monitoring.cusum import HALF, Cusum, CusumState
from streams.monitoring.parameters import MonitorParameters

LASTING = 1.645
"""Standard errors by which a version must do worse than was usual: chance alone gets there in 5 of 100."""

STATISTICS = 2
"""Surprise and baseline: each has half of the false alarms."""


@dataclass
class BreachWatchState:
    """What is known about one version.

    Attributes:
        count: outcomes in the open block.
        since: event time of its first prediction, ns.
        surprised, behind: sums over it: loss less the loss that the version expected; loss less the best baseline's.
        surprise, baseline: sums of the skill trigger.
        drift: standardised block means that a drift detector is fed with.
        below: full windows in a row below the threshold of the accuracy.
        usual: loss behind the best baseline that was usual when an alarm was last reported.
        later, lost: blocks that have closed from then on; sum of their mean losses behind it.
    """

    count: int
    since: int
    surprised: float
    behind: float
    surprise: CusumState
    baseline: CusumState
    drift: "list[float]"
    below: int = 0
    usual: float = 0.0
    later: int = 0
    lost: float = 0.0


class BreachWatch:
    """Advances a `BreachWatchState`.

    The skill trigger has two statistics, both as means of blocks of outcomes:

    * **surprise**: log-loss less the log-loss that the version expected of itself, the entropy of its probability. It
      is about 0 for whoever means what it says, however hard the market is at the time, so a market that becomes
      harder raises no alarm while a market that no longer means what it meant does; what is left of a usual mean is
      learned and taken off;
    * **baseline**: log-loss less that of the best baseline so far, compared with a margin: there is no skill left.

    References:
        Dawid (1984), Statistical theory: the prequential approach, for scores compared with their expectation.
    """

    def __init__(self, parameters: MonitorParameters) -> None:
        skill = parameters.skill
        run = skill.run / parameters.block * STATISTICS
        self._parameters = parameters
        self._block = parameters.block
        self._feeds_drift = bool(parameters.drift_detector)
        self._surprise = Cusum(skill.allowances, run, skill.warmup, skill.memory)
        self._baseline = Cusum(skill.allowances, run, skill.warmup, skill.memory, centre=skill.margin)

    def start(self) -> BreachWatchState:
        """Nothing is known about the version."""
        return BreachWatchState(0, 0, 0.0, 0.0, self._surprise.start(), self._baseline.start(), [])

    def take(self, state: BreachWatchState, ts: int, surprise: float, behind: float) -> bool:
        """Take an outcome that moved, by the event time of its prediction; whether it closed a block."""
        if state.count == 0:
            state.since = ts
        state.count += 1
        state.surprised += surprise
        state.behind += behind
        count = state.count
        if count < self._block:
            return False
        standard = self._surprise.update(state.surprise, state.surprised / count, state.since)
        self._baseline.update(state.baseline, state.behind / count, state.since)
        state.later += 1
        state.lost += state.behind / count
        state.count, state.surprised, state.behind = 0, 0.0, 0.0
        if standard is not None and self._feeds_drift:
            drift.take(state.drift, standard)
        return True

    def after_block(self, state: BreachWatchState) -> Alarm | None:
        """What the skill trigger and the drift detector say at the end of a block."""
        return self._skill(state) or self._drift(state)

    def after_window(self, state: BreachWatchState, accuracy: float, ts_from: int, moved: int) -> Alarm | None:
        """What the threshold says at the end of a full window."""
        threshold, needed = self._parameters.performance_threshold, self._parameters.threshold_windows
        state.below = state.below + 1 if accuracy < threshold else 0
        if not threshold or state.below < needed:
            return None
        times = f"{state.below} windows in a row" if state.below > 1 else "one window"
        return Alarm(
            "threshold",
            "accuracy",
            accuracy,
            threshold,
            ts_from,
            moved,
            f"accuracy {accuracy:.3f} over {moved:,} outcomes, below the threshold {threshold:.3f} in {times}",
        )

    def figures(self, state: BreachWatchState) -> tuple[DetectorFigures, ...]:
        """The sums as they stand."""
        return tuple(
            DetectorFigures(name, sums.blocks, sums.mean, sums.variance**0.5, cusum.level(sums))
            for name, cusum, sums in self._sums(state)
        )

    def lasts(self, state: BreachWatchState, detector: str) -> bool:
        """Whether what raised an alarm is still so, in the blocks since it was reported.

        It is when its sums, which were halved then, have not fallen; or when the version does worse against the best
        baseline than was usual, by more than chance: one that has lost its skill and knows it surprises nobody.
        """
        if any(name == detector and cusum.level(sums) >= HALF for name, cusum, sums in self._sums(state)):
            return True
        if not state.later:
            return False
        known = min(state.baseline.blocks, self._parameters.skill.memory)
        error = sqrt(state.baseline.variance * (1.0 / state.later + 1.0 / known))
        return state.lost / state.later - state.usual > LASTING * error

    def clear(self, state: BreachWatchState) -> None:
        """A breach was reported: the detectors begin again, half-way; what is usual stays known."""
        for _, cusum, sums in self._sums(state):
            cusum.clear(sums)
        state.drift, state.below = [], 0
        state.usual, state.later, state.lost = state.baseline.mean, 0, 0.0

    def begin_anew(self, state: BreachWatchState) -> None:
        """The symbol's clock broke: what was being added up is dropped; what is usual stays known."""
        for _, cusum, sums in self._sums(state):
            cusum.begin_anew(sums)
        state.count, state.surprised, state.behind = 0, 0.0, 0.0
        state.drift, state.below = [], 0

    def _sums(self, state: BreachWatchState) -> tuple[tuple[str, Cusum, CusumState], ...]:
        return (("surprise", self._surprise, state.surprise), ("baseline", self._baseline, state.baseline))

    def _skill(self, state: BreachWatchState) -> Alarm | None:
        skill = self._parameters.skill
        if not skill.enabled:
            return None
        for name, cusum, sums in self._sums(state):
            if sums.over >= skill.confirmations:
                since, blocks = cusum.since(sums)
                outcomes = blocks * self._parameters.block
                level = cusum.level(sums)
                worse = "than it expected of itself" if name == "surprise" else "than the best baseline"
                return Alarm(
                    "skill",
                    name,
                    level,
                    1.0,
                    since,
                    outcomes,
                    f"log-loss worse {worse} over the last {outcomes:,} outcomes: {level:.2f} times the limit",
                )
        return None

    def _drift(self, state: BreachWatchState) -> Alarm | None:
        kind = self._parameters.drift_detector
        found = drift.drifted(kind, state.drift) if kind else None
        if found is None:
            return None
        blocks, rise = found
        outcomes = blocks * self._parameters.block
        return Alarm(
            "drift",
            kind,
            rise,
            0.0,
            0,
            outcomes,
            f"{kind}: mean surprise {rise:.2f} standard deviations of a block larger over the last "
            f"{outcomes:,} outcomes",
        )
