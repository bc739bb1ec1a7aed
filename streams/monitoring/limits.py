"""Limits of retrains: least labels before the first retrain and between two retrains, and most retrains a day.

A label is the direction in which the price moved up to the horizon of a prediction.
"""

from typing import NamedTuple

from msgspec import Struct

from schemas.windows import WithheldBy
from streams.monitoring.parameters import MonitorParameters

DAY_NS = 24 * 3_600 * 1_000_000_000


class Withheld(NamedTuple):
    """Reason why a retrain may not start now.

    Attributes:
        by: name of the limit that forbids the retrain, for example `cool_down`.
        sentence: the reason as a sentence for a person, with the numbers.
    """

    by: WithheldBy
    sentence: str


class LimitsState(Struct, array_like=True):
    """Labels and retrains of a symbol so far.

    Attributes:
        labels: outcomes of the symbol whose price moved: only these have a label.
        retrained_at: value of `labels` at the last retrain; -1 before the first.
        started: event times of the retrains of the last 24 hours, ns, oldest first.
        reference_ts: event time from which a schedule counts, ns: that of the last retrain, or of the first outcome
            before any retrain.
    """

    labels: int = 0
    retrained_at: int = -1
    started: list[int] = []
    reference_ts: int = 0

    def break_at(self, now: int) -> None:
        """Move every stored event time that lies after `now`, ns, to `now`.

        It is called when the event time of the symbol was set back to `now`.
        """
        self.started = [min(each, now) for each in self.started]
        self.reference_ts = min(self.reference_ts, now)


class RetrainLimits:
    """Decides whether a retrain of a symbol may start, by the symbol's `LimitsState`.

    The limits are a least number of labels before the first retrain, a least number of labels between two retrains, and
    a largest number of retrains a day. A label is the direction in which the price moved after a prediction.

    Args:
        parameters: parameters of the monitor, which include the three limits.

    >>> limits, state = RetrainLimits(MonitorParameters(min_samples_for_retrain=10, cool_down=5)), LimitsState(labels=9)
    >>> limits.withheld(state, now=1)
    Withheld(by='labels', sentence='too few labels: 9 of 10')
    >>> state.labels = 12
    >>> limits.withheld(state, now=1)
    >>> limits.spend(state, now=1)
    >>> limits.withheld(state, now=2).sentence
    'cool-down: 0 labels since the last retrain, of 5'
    """

    def __init__(self, parameters: MonitorParameters) -> None:
        self._least = parameters.min_samples_for_retrain
        self._apart = parameters.cool_down
        self._budget = parameters.retrains_per_day

    def withheld(self, state: LimitsState, now: int) -> Withheld | None:
        """Reason why no retrain may start at event time `now`, ns; None if one may start.

        Retrains that began more than 24 hours before `now` are removed from `state`.
        """
        if state.labels < self._least:
            return Withheld("labels", f"too few labels: {state.labels:,} of {self._least:,}")
        since = state.labels - state.retrained_at
        if state.retrained_at >= 0 and since < self._apart:
            return Withheld("cool_down", f"cool-down: {since:,} labels since the last retrain, of {self._apart:,}")
        while state.started and state.started[0] <= now - DAY_NS:
            del state.started[0]
        if len(state.started) >= self._budget:
            spent = f"budget spent: {len(state.started)} retrains within 24 hours, of {self._budget}"
            return Withheld("budget", spent)
        return None

    def spend(self, state: LimitsState, now: int) -> None:
        """Note in `state` that a retrain starts at event time `now`, ns."""
        state.retrained_at = state.labels
        state.started.append(now)
        state.reference_ts = now
