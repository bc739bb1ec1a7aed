"""Detectors that may call for a retrain of the live version, evaluated at the end of each block of outcomes."""

from dataclasses import dataclass
from math import sqrt

from schemas.windows import DetectorFigures
from streams.monitoring import drift
from streams.monitoring.alarm import Alarm
from streams.monitoring.cusum import HALF, Cusum, CusumState
from streams.monitoring.parameters import MonitorParameters

LASTING = 1.645
"""Standard errors by which a version must be worse than usual, a one-sided level of 5 %."""

STATISTICS = 2
"""Surprise and baseline: each has half of the false alarms."""


@dataclass
class BreachWatchState:
    """State of the detectors of one model version; a block is a number of outcomes that are averaged.

    A version's surprise is its log-loss less the log-loss expected under its own probability, nats. Its
    deficit is its log-loss less that of the best baseline, nats.

    Attributes:
        count: outcomes in the open block.
        since: event time of the first prediction in the open block, ns.
        surprised: sum of the surprise over the open block.
        behind: sum of the deficit over the open block.
        surprise, baseline: states of the two CUSUM detectors, over block means of the surprise and of the
            deficit.
        drift: block means of the surprise for a drift detector, as distances from the usual mean, in usual
            standard deviations of a block mean.
        below: number of full windows in a row, up to the last one, with an accuracy below the threshold.
        usual: usual mean deficit at the time of the last reported alarm.
        later: number of blocks closed since that alarm.
        lost: sum of the mean deficits of these blocks.
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
    """Detectors of one model version: updates a `BreachWatchState` with each outcome and finds reasons for a retrain.

    The check for a loss of skill has two statistics, both as means of blocks of outcomes:

    * **surprise**: log-loss less the log-loss expected under the version's own probability (its entropy). It is about 0
      for a calibrated version, however hard the market is to predict. So a harder market raises no alarm, but a change
      in what the features mean does. The usual mean of the surprise is estimated and subtracted;
    * **baseline**: log-loss less that of the best baseline so far, compared with a margin: it shows a loss of skill.

    In addition, a drift detector and a threshold of accuracy can be switched on.

    Args:
        parameters: parameters of the monitor.

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
        """State of a version that has just begun to predict."""
        return BreachWatchState(0, 0, 0.0, 0.0, self._surprise.start(), self._baseline.start(), [])

    def take(self, state: BreachWatchState, ts: int, surprise: float, behind: float) -> bool:
        """Add an outcome whose price moved to the open block of `state`; returns whether this closed the block.

        Args:
            state: state of the version.
            ts: event time of the prediction, ns.
            surprise: log-loss less the log-loss expected under the version's own probability, nats.
            behind: log-loss less that of the best baseline, nats.
        """
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
        """The alarm of the check for skill or of the drift detector, once a block has closed; None: no alarm."""
        return self._skill(state) or self._drift(state)

    def after_window(self, state: BreachWatchState, accuracy: float, ts_from: int, moved: int) -> Alarm | None:
        """Compare the accuracy over a full window of outcomes with the threshold, and count the result in `state`.

        Returns an alarm if the accuracy was below the threshold in enough windows in a row, else None.

        Args:
            state: state of the version, which is changed.
            accuracy: accuracy over the window, 0 to 1.
            ts_from: event time of the first prediction in the window, ns.
            moved: number of outcomes in the window whose price moved.
        """
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
        """The current figures of the two CUSUM detectors, for a record."""
        return tuple(
            DetectorFigures(name, sums.blocks, sums.mean, sums.variance**0.5, cusum.level(sums))
            for name, cusum, sums in self._sums(state)
        )

    def lasts(self, state: BreachWatchState, detector: str) -> bool:
        """Whether an earlier alarm of `detector` still holds, judged by the outcomes since then.

        The alarm holds if at least one of two conditions is met:

        * One of the cumulative sums of `detector` is at half its limit or more. When the alarm was
          reported, each sum was reduced to at most half its limit.
        * The version has fallen further behind the best baseline. Since the alarm, the mean of its
          log-loss less that of the baseline is above the usual mean before the alarm, by more than
          chance explains. This condition is for a version that is calibrated but has no skill.

        Args:
            state: state of the version.
            detector: name of a CUSUM detector, `surprise` or `baseline`.
        """
        if any(name == detector and cusum.level(sums) >= HALF for name, cusum, sums in self._sums(state)):
            return True
        if not state.later:
            return False
        known = min(state.baseline.blocks, self._parameters.skill.memory)
        error = sqrt(state.baseline.variance * (1.0 / state.later + 1.0 / known))
        return state.lost / state.later - state.usual > LASTING * error

    def clear(self, state: BreachWatchState) -> None:
        """Reduce the sums of the CUSUM detectors to half their limit, and restart the other detectors, after an alarm.

        The other detectors are the drift detector and the threshold of accuracy. Usual means and deviations are kept.
        """
        for _, cusum, sums in self._sums(state):
            cusum.clear(sums)
        state.drift, state.below = [], 0
        state.usual, state.later, state.lost = state.baseline.mean, 0, 0.0

    def begin_anew(self, state: BreachWatchState) -> None:
        """Drop the open block and all sums, after event time was set back; usual means and deviations are kept."""
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
