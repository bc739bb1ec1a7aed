"""Evidence of an experiment: sums of the scores of all its metrics, over the same batches of pairs.

A pair is the results of challenger and champion on one prediction.
"""

from msgspec import Struct

from streams.experiments.engines import batches, drawdowns
from streams.experiments.engines.batches import Batches
from streams.experiments.engines.certificate import Certificate, CertificateState
from streams.experiments.engines.drawdowns import DrawdownState
from streams.experiments.engines.sharpe_difference import SharpeDifference, SharpeState
from streams.experiments.pairs import Pair
from streams.experiments.parameters import ExperimentParameters
from streams.experiments.scores import Metric

Moments = tuple[int, float, float]


class EvidenceState(Struct, array_like=True):
    """Sums of an experiment over its pairs so far.

    A pair is the results of challenger A and champion B on one prediction. Pairs are collected in an open batch. A
    complete batch is closed, and its mean is one observation.

    Attributes:
        count: pairs in the open batch.
        parts: sums of the scores in the open batch, in the order of `Evidence.scored`.
        metrics: moments of the means of the closed batches: one element for each metric of `Evidence.scored`, and a
            last one for the drawdown of B less that of A.
        sums: sums of a, b, a^2 and b^2 over the open batch, where a and b are the net returns of A and of B, bps.
        sharpe: moments for the difference of the Sharpe ratios, over the closed batches.
        a_drawdown, b_drawdown: drawdowns of A and of B in the open batch.
        certificate: state of the e-process of bounded scores, on the primary score.
        only_a, only_b: pairs in which only A, or only B, had a return above 0.
        recent: means of the primary score in the latest closed batches, oldest first.
        window: number of the window of event time that holds the last pair: event time // `clock_ns`, the length of a
            window; 0 without `clock_ns`.
        closed: pairs in closed batches.
        totals: sums over all closed batches: of each score, then of a, b, a^2 and b^2; empty if each symbol decides by
            itself, as the sums are not needed then.
    """

    count: int
    parts: list[float]
    metrics: list[Batches]
    sums: list[float]
    sharpe: SharpeState
    a_drawdown: DrawdownState
    b_drawdown: DrawdownState
    certificate: CertificateState
    only_a: int
    only_b: int
    recent: list[float]
    window: int = 0
    closed: int = 0
    totals: list[float] = []


class Evidence:
    """Operator that adds the scores of one pair to an `EvidenceState`, in constant time.

    A pair is the results of challenger and champion on one prediction.

    Args:
        parameters: plan of the experiment.

    Attributes:
        scored: metrics that have a score for every pair, in the order in which `update` expects the scores.
    """

    def __init__(self, parameters: ExperimentParameters) -> None:
        wanted = dict.fromkeys((parameters.primary, *parameters.guardrails))
        self.scored: tuple[Metric, ...] = tuple(name for name in wanted if name not in ("drawdown", "sharpe"))
        self._primary = parameters.primary
        self._batch = parameters.batch
        self._clock = parameters.clock_ns
        self._pooled = parameters.scope == "pooled"
        self._recent = parameters.recent
        self._sharpe = SharpeDifference()
        self._certificate = None
        if parameters.bound:
            self._certificate = Certificate(
                parameters.bound, parameters.expected, parameters.alpha / parameters.challengers, parameters.margin
            )

    def start(self) -> EvidenceState:
        """State before the first scored pair (results of challenger and champion on one prediction)."""
        count = len(self.scored)
        metrics = [Batches() for _ in range(count + 1)]
        return EvidenceState(
            0,
            [0.0] * count,
            metrics,
            [0.0] * 4,
            self._sharpe.start(),
            DrawdownState(),
            DrawdownState(),
            CertificateState(),
            0,
            0,
            [],
            totals=[0.0] * (count + 4) if self._pooled else [],
        )

    def strikes(self, state: EvidenceState, ts_event: int) -> bool:
        """Close the open batch if its window of event time has ended before `ts_event` and the batch has enough pairs.

        Only for experiments with `clock_ns`. A pair is the results of challenger and champion on one prediction;
        `ts_event` is the event time of the next pair, ns. Returns whether the batch was closed.
        """
        window = ts_event // self._clock
        if window <= state.window:
            return False
        state.window = window
        if state.count < self._batch:
            return False
        self._close(state)
        return True

    def update(self, state: EvidenceState, pair: Pair, scores: list[float]) -> bool:
        """Add a pair and its scores to the open batch; returns whether this closed the batch.

        A pair is the results of challenger and champion on one prediction. With `clock_ns` the return value is always
        False, since batches are then closed by event time, in `strikes`.
        """
        a, b = pair.a_bps, pair.b_bps
        parts, sums = state.parts, state.sums
        for at, score in enumerate(scores):
            parts[at] += score
        sums[0] += a
        sums[1] += b
        sums[2] += a * a
        sums[3] += b * b
        if a != 0.0:
            drawdowns.update(state.a_drawdown, a)
        if b != 0.0:
            drawdowns.update(state.b_drawdown, b)
        if a > 0.0:
            if not b > 0.0:
                state.only_a += 1
        elif b > 0.0:
            state.only_b += 1
        if self._certificate is not None:
            self._certificate.update(state.certificate, scores[0])
        state.count += 1
        if self._clock or state.count < self._batch:
            return False
        self._close(state)
        return True

    def totals(self, state: EvidenceState) -> list[float]:
        """Sums over all pairs so far, including those of the open batch: of each score, then of a, b, a^2 and b^2.

        Only for experiments over several symbols. A pair is the results of challenger and champion on one prediction; a
        and b are their net returns, bps.
        """
        return [closed + part for closed, part in zip(state.totals, (*state.parts, *state.sums), strict=True)]

    def take_batch(self, state: EvidenceState, count: int, totals: list[float], only_a: int, only_b: int) -> None:
        """Add a batch whose pairs were summed elsewhere, and close the batch.

        A pair is the results of challenger and champion on one prediction; a and b are their net returns, bps.

        Args:
            state: state to which the batch is added.
            count: scored pairs in the batch.
            totals: sums over the batch: of each score, then of a, b, a^2 and b^2.
            only_a, only_b: pairs of the batch in which only a, or only b, was above 0.
        """
        state.count = count
        state.parts, state.sums = totals[:-4], totals[-4:]
        state.only_a += only_a
        state.only_b += only_b
        self._close(state)

    def _close(self, state: EvidenceState) -> None:
        # By the clock the number of pairs is itself an outcome: a sum over it has no expectation of 0 where each score
        # has, so sums are over what batches had on average before, which was known beforehand.
        size: float = state.count
        if self._clock and state.closed:
            size = state.closed / state.metrics[0].n
        state.closed += state.count
        if self._pooled:
            state.totals = self.totals(state)
        means = [part / size for part in state.parts]
        means.append(drawdowns.restart(state.b_drawdown) - drawdowns.restart(state.a_drawdown))
        for each, mean in zip(state.metrics, means, strict=True):
            batches.close(each, mean)
        self._sharpe.close(state.sharpe, [total / size for total in state.sums])
        state.recent = [*state.recent[1 - self._recent :], means[self._index(self._primary)]]
        state.count, state.parts, state.sums = 0, [0.0] * len(state.parts), [0.0] * 4

    def moments(self, state: EvidenceState, metric: Metric) -> Moments:
        """Moments of the batch means of the scores in `metric`: (n, mean, sse).

        n is the number of closed batches, mean the mean of their means, and sse the sum of squared
        deviations of the batch means from this mean.
        """
        if metric == "sharpe":
            return self._sharpe.moments(state.sharpe)
        found = state.metrics[self._index(metric)]
        return found.n, found.mean, found.sse

    def primary(self, state: EvidenceState) -> Batches:
        """Moments of the batch means of the primary metric, by which the dependence of batches is checked."""
        return state.metrics[self._index(self._primary)]

    def sharpe(self, state: EvidenceState) -> tuple[float, float]:
        """Sharpe ratio of the challenger less that of the champion, and the standard error of this difference.

        The ratios are those of the return on one prediction, not of a year. The error is infinite while too little is
        known.
        """
        return self._sharpe.estimate(state.sharpe)

    def certified(self, state: EvidenceState) -> float | None:
        """Log evidence, nats, that the challenger is better, by the e-process of bounded scores.

        None if the plan has no bound of the scores (`bound` 0).
        """
        return None if self._certificate is None else self._certificate.log_e(state.certificate)

    def _index(self, metric: Metric) -> int:
        return len(self.scored) if metric == "drawdown" else self.scored.index(metric)
