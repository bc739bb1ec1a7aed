"""An experiment from its plan to its verdict.

Pairs (results of challenger and champion on one prediction) go in; a verdict and the reason for it come out.
"""

from math import sqrt
from typing import Literal

from msgspec import Struct

from schemas.errors import StateError
from streams.experiments.engines import batches, group_sequential
from streams.experiments.engines.e_process_of_batch_means import interval, log_e, prior
from streams.experiments.engines.futility import hopes
from streams.experiments.engines.multiplicity import e_bonferroni
from streams.experiments.evidence import Evidence, EvidenceState
from streams.experiments.pairs import Pair
from streams.experiments.parameters import ExperimentParameters
from streams.experiments.scores import Metric, Scores, ScoreState

Status = Literal["planned", "warmup", "running", "winner", "harm", "no_difference", "futile", "expired", "stopped"]
TOGETHER = "symbols decide together"
"""`holding` of an experiment on one symbol that only collects evidence for a pooled one."""

HARM = 0.5
"""Fraction of alpha for verdicts against the challenger. They are not urgent, since it runs in shadow, and where few
pairs make most of the difference they would come too often."""

OPEN: tuple[Status, ...] = ("planned", "warmup", "running")


class ExperimentState(Struct, array_like=True):
    """State of one test of a challenger version against the live one (the champion), on one symbol or several.

    A pair is the results of both versions on one prediction.

    Attributes:
        made_with: digest of the experiment's parameters.
        status: phase of the test, or how it ended.
        reason: sentence on why the test ended; empty before that.
        holding: what keeps a winner from being named although the evidence is there; empty: nothing.
        last: id of the last pair's prediction; empty before the first.
        first_ts, last_ts: event times of the first pair and of the last, ns; 0 before the first.
        pairs: pairs taken, including those of the warm-up and the rejected ones.
        scored: pairs that were scored.
        rejected: pairs that were not scored, since a number was not finite or out of its range.
        best: largest log evidence so far that the challenger is better, nats.
        scores: state of the scores: their scale and the variances of both versions' returns.
        evidence: sums and moments of the scores.
    """

    made_with: str
    status: Status
    reason: str
    holding: str
    last: str
    first_ts: int
    last_ts: int
    pairs: int
    scored: int
    rejected: int
    best: float
    scores: ScoreState
    evidence: EvidenceState


class Experiment:
    """Operator that updates an `ExperimentState` with each pair; ends the test on enough evidence.

    A pair is the results of A (the challenger) and B (the champion) on one prediction. The status goes
    `planned -> warmup -> running -> winner | harm | no_difference | futile | expired`; a test that has
    not ended may also become `stopped`. Only `winner` is for A: after every other end B stays live.

    Args:
        parameters: plan of the experiment; it must not change after the first pair.
        decides: whether the test comes to a verdict; False: it only collects the evidence of one symbol
            for an experiment that is decided over several symbols together.

    In the example A is better by 0.3 on average. It wins after 1,600 pairs, of which the first 100 are
    the warm-up.

    >>> from random import Random
    >>> random = Random(1)
    >>> experiment = Experiment(ExperimentParameters(batch=50, expected=1_000.0, warmup=100))
    >>> state = experiment.start()
    >>> for number in range(5_000):
    ...     b = random.gauss(0.0, 1.0)
    ...     closed = experiment.update(state, Pair(f"ticks:0:{number}", number, b + random.gauss(0.3, 1.0), b))
    >>> state.status, state.pairs, state.scored
    ('winner', 1600, 1500)
    """

    def __init__(self, parameters: ExperimentParameters, decides: bool = True) -> None:
        # Imported before the first pair, and by nobody who runs no experiment: SciPy takes a good part of a second.
        from scipy.special import stdtrit

        self.parameters = parameters
        self._student_quantile = stdtrit
        self.decides = decides
        self._clocked = parameters.clock_ns > 0
        self.digest = parameters.digest()
        self.evidence = Evidence(parameters)
        self.scores = Scores(self.evidence.scored, parameters.warmup, parameters.memory)
        self.threshold = e_bonferroni(parameters.alpha, parameters.challengers)
        self.threshold_worse = e_bonferroni(HARM * parameters.alpha, parameters.challengers)
        self.g = prior(parameters.alpha / parameters.challengers, parameters.expected) * parameters.batch
        self.unsplit = e_bonferroni(parameters.alpha, 1)
        self._hopeless = e_bonferroni(parameters.beta, 1) if parameters.beta else float("inf")
        is_planned = parameters.plan == "group_sequential"
        self._bounds = self._looks(parameters.alpha) if is_planned else {}
        self._bounds_worse = self._looks(HARM * parameters.alpha) if is_planned else {}

    def start(self) -> ExperimentState:
        """State before the first results of challenger and champion on a prediction, with the status `planned`."""
        return ExperimentState(
            self.digest, "planned", "", "", "", 0, 0, 0, 0, 0, 0.0, self.scores.start(), self.evidence.start()
        )

    def update(self, state: ExperimentState, pair: Pair) -> bool:
        """Add one pair to `state`; returns whether this closed a batch or changed the status.

        A pair is the results of challenger and champion on one prediction. A pair with a number out of its range is
        only counted. After the end of the test every pair is ignored.

        Raises:
            StateError: `state` belongs to an experiment with other parameters.
        """
        if state.made_with != self.digest:
            raise StateError(
                f"expected the state of an experiment with the parameters {self.digest}, was {state.made_with}; "
                "fix: parameters are registered before the start and stay: give the new experiment another name"
            )
        if state.status != "running" and state.status not in OPEN:
            return False
        state.pairs += 1
        state.last = pair.id
        state.last_ts = pair.ts_event
        if not pair.sound():
            state.rejected += 1
            if not self.decides or state.rejected < self.parameters.longest or state.status not in OPEN:
                return False
            self.stop(state, f"{state.rejected:,} pairs were not understood, as many as it takes at most")
            return True
        scores = self.scores.update(state.scores, pair)
        if scores is not None:
            return self.take(state, pair, scores)
        if state.status == "planned":
            state.first_ts = pair.ts_event
            state.status = "warmup"
            return True
        return False

    def take(self, state: ExperimentState, pair: Pair, scores: list[float]) -> bool:
        """Add one pair whose scores are known, for example from `Scores.update`; returns whether a batch was closed.

        A pair is the results of challenger and champion on one prediction. `scores` are in the order of
        `Evidence.scored`. The status is `running` from then on, unless the closed batch ended the test.
        """
        state.status = "running"
        struck = self._clocked and self.evidence.strikes(state.evidence, pair.ts_event)
        if struck and self._judge(state) not in OPEN:
            return True
        state.scored += 1
        if not self.evidence.update(state.evidence, pair, scores):
            return struck
        self._judge(state)
        return True

    def take_batch(self, state: ExperimentState, ts_event: int, counts: tuple[int, ...], totals: list[float]) -> None:
        """Add a batch of pairs summed elsewhere, and end the test if the evidence is strong enough.

        A pair is the results of challenger A and champion B on one prediction; a and b are their net
        returns, bps.

        Args:
            state: state to which the batch is added; no single pairs may be added to it.
            ts_event: event time at which the batch closed, ns.
            counts: five numbers of pairs, in this order: all pairs, scored pairs, rejected pairs, pairs
                in which only A had a return above 0, pairs in which only B had one.
            totals: sums over the scored pairs: of each score, then of a, b, a^2 and b^2.
        """
        pairs, scored, rejected, only_a, only_b = counts
        state.status = "running"
        state.first_ts = state.first_ts or ts_event
        state.last_ts = ts_event
        state.pairs += pairs
        state.scored += scored
        state.rejected += rejected
        self.evidence.take_batch(state.evidence, scored, totals, only_a, only_b)
        self._judge(state)

    def batch(self, state: ExperimentState, pairs: list[Pair]) -> None:
        """Add many pairs (results of both versions on one prediction) to `state`, as `update` does one by one."""
        for pair in pairs:
            self.update(state, pair)

    def stop(self, state: ExperimentState, reason: str) -> None:
        """End the test with the status `stopped`, without a verdict; a test that has ended already is not changed.

        `reason` is half a sentence, without a full stop.
        """
        if state.status in OPEN:
            state.status, state.reason = "stopped", f"Stopped after {state.scored:,} scored pairs: {reason}."

    def _looks(self, alpha: float) -> dict[int, float]:
        """One-sided bound of z at each planned look, by number of batches."""
        parameters = self.parameters
        steps = parameters.longest // parameters.batch
        at = [max(1, round(steps * look / parameters.looks)) for look in range(1, parameters.looks + 1)]
        level = 2.0 * alpha / parameters.challengers
        bounds = group_sequential.lan_demets([each / steps for each in at], level, parameters.spending)
        return dict(zip(at, bounds, strict=True))

    def _judge(self, state: ExperimentState) -> Status:
        parameters, evidence = self.parameters, state.evidence
        n, mean, sse = self.evidence.moments(evidence, parameters.primary)
        for_a = log_e(n, mean - parameters.margin, sse, self.g)
        state.best = max(state.best, for_a)
        if not self.decides:
            state.holding = TOGETHER
            return state.status
        state.holding = ""
        if n >= batches.FEWEST:
            if batches.independent(self.evidence.primary(evidence)):
                self._verdict(state, n, mean, sse, for_a)
            else:
                state.holding = "dependent batches"
        if state.status == "running" and state.scored >= parameters.longest - parameters.longest % parameters.batch:
            self._expire(state, n, mean, sse)
        return state.status

    def _verdict(self, state: ExperimentState, n: int, mean: float, sse: float, for_a: float) -> None:
        parameters = self.parameters
        a, b = self._superior(n, mean, sse, for_a)
        if a:
            state.holding = self._held(state, n)
            if not state.holding:
                kind = "certified" if self._certified(state) else "asymptotic"
                self._end(state, "winner", f"A is better ({kind}): {a}", n, mean, sse)
        elif b:
            if n >= parameters.minimum_batches:
                self._end(state, "harm", f"A is worse, B stays: {b}", n, mean, sse)
        else:
            hope = hopes(n, mean, sse, self.g, parameters.worth)
            verdict = hope.verdict(self._hopeless)
            if verdict == "no_difference":
                said = f"no difference of {parameters.worth:g} or more in either direction, B stays"
                self._end(
                    state, "no_difference", f"{said}: log e-values {hope.below:.2f} and {hope.above:.2f}", n, mean, sse
                )
            elif verdict == "futile":
                said = f"an effect of {parameters.worth:g} is not to be hoped for, B stays"
                self._end(
                    state, "futile", f"{said}: log e-value {hope.below:.2f} >= {self._hopeless:.2f}", n, mean, sse
                )

    def _superior(self, n: int, mean: float, sse: float, for_a: float) -> tuple[str, str]:
        """Evidence that A is better, and that A is worse, each as half a sentence; empty if it is not enough."""
        margin = self.parameters.margin
        if self.parameters.plan == "group_sequential":
            if n not in self._bounds:
                return "", ""
            bound, worse = self._bounds[n], self._bounds_worse[n]
            error = sqrt(sse / (n - 1) / n)
            z_a, z_b = (_z(shifted, error, n) for shifted in (mean - margin, -mean))
            return (
                f"z {z_a:.3f} >= {bound:.3f} at a planned look" if z_a >= bound else "",
                f"z {z_b:.3f} >= {worse:.3f} at a planned look" if z_b >= worse else "",
            )
        for_b = log_e(n, -mean, sse, self.g)
        return (
            f"log e-value {for_a:.2f} >= {self.threshold:.2f}" if for_a >= self.threshold else "",
            f"log e-value {for_b:.2f} >= {self.threshold_worse:.2f}" if for_b >= self.threshold_worse else "",
        )

    def _held(self, state: ExperimentState, n: int) -> str:
        """The reason why a winner is not named although the evidence is there; empty: none."""
        parameters = self.parameters
        if n < parameters.minimum_batches:
            return "minimum run time"
        if state.rejected > parameters.rejected * state.pairs:
            return "too many rejected pairs"
        if state.evidence.certificate.violated:
            return "bound violated"
        for metric, margin in parameters.guardrails.items():
            if self.not_inferior(state, metric, margin) < self.unsplit:
                return f"guardrail {metric}"
        recent = state.evidence.recent
        mean = sum(recent) / len(recent)
        error = sqrt(sum((each - mean) ** 2 for each in recent) / (len(recent) - 1) / len(recent))
        if mean + float(self._student_quantile(len(recent) - 1, 1.0 - parameters.alpha)) * error < parameters.margin:
            return "recent batches contradict"
        return ""

    def not_inferior(self, state: ExperimentState, metric: Metric, margin: float) -> float:
        """Log evidence, nats, that the challenger is not worse than the champion by `margin` or more.

        `margin` is in the unit of the scores in `metric`. The evidence serves the guardrails, which are
        metrics that can only block a winner. A guardrail lets a winner pass if the evidence is at least
        `log(1 / alpha)`.
        """
        n, mean, sse = self.evidence.moments(state.evidence, metric)
        return log_e(n, mean + margin, sse, self.g)

    def _certified(self, state: ExperimentState) -> bool:
        found = self.evidence.certified(state.evidence)
        return found is not None and found >= self.threshold

    def _expire(self, state: ExperimentState, n: int, mean: float, sse: float) -> None:
        low, high = interval(n, mean, sse, self.g, self.parameters.alpha)
        worth = self.parameters.worth
        if -worth < low and high < worth and batches.sound(self.evidence.primary(state.evidence)):
            said = f"no difference of {worth:g} or more in either direction at the planned end, B stays"
            self._end(state, "no_difference", said, n, mean, sse)
        else:
            why = f" because of: {state.holding}" if state.holding else ""
            self._end(state, "expired", f"no decision at the planned end{why}, B stays", n, mean, sse)

    def _end(self, state: ExperimentState, status: Status, said: str, n: int, mean: float, sse: float) -> None:
        low, high = interval(n, mean, sse, self.g, self.parameters.alpha)
        state.status = status
        level = 100.0 - 100.0 * self.parameters.alpha
        state.reason = (
            f"{said[0].upper()}{said[1:]}; {self.parameters.primary} of A less that of B is {mean:+.4f} a pair "
            f"[{low:+.4f}, {high:+.4f}] at {level:g} %, {n} batches, {state.scored:,} pairs."
        )


def _z(mean: float, error: float, n: int) -> float:
    if error == 0.0:
        return 0.0 if mean == 0.0 else float("inf") if mean > 0.0 else float("-inf")
    return group_sequential.z_of_t(mean / error, n - 1)
