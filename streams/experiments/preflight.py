"""Pre-flight: replays a planned experiment on recorded data without a difference, and measures how often it errs."""

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from math import ceil, sqrt
from typing import NamedTuple

import numpy as np
from msgspec import Struct
from msgspec.structs import replace
from numpy.typing import NDArray

from schemas.errors import ConfigurationError
from streams.experiments.engines.batches import FEWEST
from streams.experiments.engines.dependence import autocorrelation_time
from streams.experiments.engines.resampling import stationary_draw
from streams.experiments.experiment import HARM, Experiment, ExperimentState
from streams.experiments.pairs import Pair
from streams.experiments.parameters import ExperimentParameters

BATCHES_A_BLOCK = 10
"""Mean length of a block of the bootstrap, batches, so that dependence beyond a batch is kept."""


class Preflight(Struct, frozen=True):
    """Result of a pre-flight: how often replays of the test came to a verdict although there was no difference.

    A pair is the results of challenger and champion on one prediction.

    Attributes:
        replications: number of replayed experiments.
        wins, harms: number of replays with the verdict `winner` (the challenger is better) and `harm` (it is worse).
        allowed: largest acceptable fraction of replays with either verdict: the nominal rate plus 2 standard errors.
        allowed_harms: largest acceptable fraction of replays with the verdict `harm`.
        passed: whether neither fraction exceeds its limit.
        clear: whether the test passed and, in addition, the fraction of both verdicts plus one standard error is within
            the nominal rate.
        decided: median pairs to a verdict; infinite if most replays came to none.
        longest: pairs after which a replay ends without a verdict.
        autocorrelation_time: number of neighbouring pairs that tell as much as one independent pair; 1 without
            correlation.
        sentence: the result as a sentence for a person.
    """

    replications: int
    wins: int
    harms: int
    allowed: float
    allowed_harms: float
    passed: bool
    clear: bool
    decided: float
    longest: int
    autocorrelation_time: float
    sentence: str


Batched = Iterable[tuple[int, float]]
"""Number of pairs and sum of their primary scores, for each batch."""


class Windows(NamedTuple):
    """Sums over all symbols of an experiment, one element for each window of event time.

    A pair is the results of challenger and champion on one prediction.

    Attributes:
        counts: scored pairs of all symbols in the window.
        sums: sum of the primary scores of these pairs.
        span_ns: event time from the start of the first window to the end of the last, ns.
    """

    counts: NDArray[np.float64]
    sums: NDArray[np.float64]
    span_ns: int

    @property
    def pairs(self) -> int:
        """Number of scored pairs (results of challenger and champion on one prediction) in all windows."""
        return int(self.counts.sum())

    @property
    def mean(self) -> float:
        """Mean primary score of a pair (results of challenger and champion on one prediction) over all windows."""
        return float(self.sums.sum() / self.counts.sum())


def preflight(
    history: Sequence[Pair],
    parameters: ExperimentParameters,
    replications: int = 200,
    shift: float = 0.0,
    seed: int = 1,
    progress: Callable[[float], None] = lambda share: None,
) -> Preflight:
    """Replay an experiment many times on resamples of `history`, shifted so that there is no difference to find.

    The mean score is shifted to the margin of the experiment, the boundary between winning and not winning. Each replay
    has `parameters.longest` pairs at most. A resample is a stationary bootstrap of scored pairs. Guardrails, the
    e-process of bounded scores and stopping for futility are left out, as they can only reduce false verdicts. The two
    versions are not swapped within pairs, since that would destroy the dependence between neighbours.

    Args:
        history: recorded pairs (results of two versions on one prediction). The two versions may be equal.
        parameters: plan of the experiment.
        replications: number of replays.
        shift: difference added to every primary score, to measure how often the test finds it; 0: none.
        seed: seed of the bootstrap.
        progress: called after each replay with the fraction that is done, 0 to 1.

    Raises:
        ConfigurationError: the history is too short, or the primary metric has no score for a single pair.

    References:
        Politis and Romano (1994), The stationary bootstrap; Kohavi, Tang and Xu (2020), Trustworthy Online Controlled
        Experiments, chapter 19: the A/A test.
    """
    if parameters.primary == "drawdown":
        raise ConfigurationError("pre-flight: expected a primary metric with a score for a pair, was 'drawdown'")
    experiment = _alone(parameters)
    pairs, primary = _scored(experiment, history)
    _check_length(len(pairs), parameters)
    centred = primary + parameters.margin + shift - primary.mean()
    apart = np.diff([pair.ts_event for pair in pairs], prepend=pairs[0].ts_event)
    random = np.random.default_rng(seed)

    def resample() -> Batched:
        drawn = stationary_draw(random, len(pairs), BATCHES_A_BLOCK * parameters.batch, parameters.longest)
        ends = [0, *ends_of_batches(np.cumsum(apart[drawn]), parameters)]
        scores = centred[drawn]
        for begin, end in pairwise(ends):
            yield end - begin, float(scores[begin:end].sum())

    return _found(experiment, resample, replications, autocorrelation_time(centred), progress)


def pooled_preflight(
    windows: Windows,
    parameters: ExperimentParameters,
    replications: int = 200,
    seed: int = 1,
    progress: Callable[[float], None] = lambda share: None,
) -> Preflight:
    """Replay an experiment over several symbols many times on resamples of `windows`, without a difference to find.

    Unlike `preflight`, it resamples whole windows of event time with all predictions of all symbols, so that the
    dependence between symbols is kept. Otherwise it works in the same way.

    Args:
        windows: sums over all symbols for each window.
        parameters: plan of the experiment.
        replications: number of replays.
        seed: seed of the bootstrap.
        progress: called after each replay with the fraction that is done, 0 to 1.

    Raises:
        ConfigurationError: the history is too short.
    """
    per_window = float(windows.counts.mean())
    experiment = _alone(parameters)
    _check_length(windows.pairs, parameters)
    centred = windows.sums + (parameters.margin - windows.mean) * windows.counts
    block = max(1.0, BATCHES_A_BLOCK * parameters.batch / per_window)
    random = np.random.default_rng(seed)

    def resample() -> Batched:
        drawn = stationary_draw(random, len(centred), block, ceil(parameters.longest / per_window))
        count, total = 0, 0.0
        for more, part in zip(windows.counts[drawn].tolist(), centred[drawn].tolist(), strict=True):
            count += int(more)
            total += part
            if count >= parameters.batch:
                yield count, total
                count, total = 0, 0.0

    return _found(experiment, resample, replications, per_window * autocorrelation_time(centred), progress)


def smallest_that_holds(
    replay: Callable[[ExperimentParameters], Preflight], parameters: ExperimentParameters, batch: int, pairs: int
) -> int | None:
    """Smallest batch size tried for which the pre-flight is `clear`.

    None if the history is too short to find one.

    The sizes tried are `batch`, then half as much again, and so on. A pre-flight that is `clear` shows
    that the error rates hold. One that has only `passed` is not enough: it merely fails to show that
    they are exceeded.

    Args:
        replay: runs the pre-flight with given parameters.
        parameters: plan of the experiment.
        batch: first size to try, scored predictions in a batch.
        pairs: number of scored predictions in the history.
    """
    while pairs >= batch * FEWEST:
        if replay(with_batch(parameters, batch)).clear:
            return batch
        batch = larger(batch)
    return None


def with_batch(parameters: ExperimentParameters, batch: int) -> ExperimentParameters:
    """The parameters with another batch size, and with a larger `longest` if batches of that size need it."""
    return replace(parameters, batch=batch, longest=max(parameters.longest, batch * parameters.fewest_batches))


def larger(batch: int) -> int:
    """Next batch size to try: half as much again, and at least 1 more."""
    return batch + max(1, batch // 2)


def windows_of(histories: Iterable[Sequence[Pair]], parameters: ExperimentParameters) -> Windows:
    """Count and sum of the primary scores of all symbols in each window of event time, `parameters.clock_ns` long.

    The windows go from the latest of the symbols' first windows to the earliest of their last ones. A window in which
    no symbol has a scored pair is left out.

    Args:
        histories: pairs (results of two versions on one prediction), one sequence for each symbol.
        parameters: plan of the experiment.

    Raises:
        ConfigurationError: a symbol has no scored pair, or the symbols overlap in time by fewer than two windows.
    """
    experiment = Experiment(replace(parameters, guardrails={}))
    found: list[dict[int, tuple[int, float]]] = []
    for history in histories:
        of: dict[int, tuple[int, float]] = {}
        for pair, score in zip(*_scored(experiment, history), strict=True):
            count, total = of.get(window := pair.ts_event // parameters.clock_ns, (0, 0.0))
            of[window] = (count + 1, total + float(score))
        found.append(of)
    first, last = max(min(of, default=0) for of in found), min(max(of, default=0) for of in found)
    if not all(found) or first >= last:
        raise ConfigurationError("expected symbols with scored pairs at the same time, to be pooled; fix: other ticks")
    every = [
        [of[window] for of in found if window in of]
        for window in sorted({window for of in found for window in of if first <= window <= last})
    ]
    return Windows(
        np.array([sum(count for count, _ in each) for each in every], dtype=float),
        np.array([sum(total for _, total in each) for each in every]),
        (last - first + 1) * parameters.clock_ns,
    )


def _alone(parameters: ExperimentParameters) -> Experiment:
    """The experiment without guardrails, certificate and futility, which only reduce false verdicts."""
    return Experiment(replace(parameters, guardrails={}, beta=0.0, bound=0.0))


def _check_length(pairs: int, parameters: ExperimentParameters) -> None:
    if pairs < (needed := parameters.batch * FEWEST):
        raise ConfigurationError(
            f"pre-flight: expected a history of at least {needed:,} scored pairs ({FEWEST} batches of "
            f"{parameters.batch}), was {pairs:,}; fix: a longer history, or smaller batches"
        )


def ends_of_batches(times: NDArray[np.int64], parameters: ExperimentParameters) -> list[int]:
    """Indices at which batches of pairs end: each is the index after the last pair of a batch.

    A pair is the results of challenger and champion on one prediction. Without `clock_ns` a batch has `batch`
    pairs. With `clock_ns`, event time is divided into windows of that length, ns. A batch then takes whole
    windows: it ends with the window in which it comes to have `batch` pairs or more.

    Args:
        times: event times of the pairs, ns, ascending.
        parameters: plan of the experiment.
    """
    batch = parameters.batch
    if not parameters.clock_ns:
        return list(range(batch, len(times) + 1, batch))
    ends, begun = [], 0
    for at in (np.flatnonzero(np.diff(times // parameters.clock_ns)) + 1).tolist():
        if at - begun >= batch:
            ends.append(at)
            begun = at
    return ends


def _found(
    experiment: Experiment,
    resample: Callable[[], Batched],
    replications: int,
    time: float,
    progress: Callable[[float], None],
) -> Preflight:
    parameters = experiment.parameters
    wins = harms = 0
    decided = []
    for replication in range(replications):
        state = _replayed(experiment, resample())
        wins += state.status == "winner"
        harms += state.status == "harm"
        decided.append(state.scored if state.status in ("winner", "harm") else np.inf)
        progress((replication + 1) / replications)
    alpha = parameters.alpha / parameters.challengers
    allowed, allowed_harms = (_upper(rate, replications, 2.0) for rate in (alpha, HARM * alpha))
    passed = wins + harms <= allowed * replications and harms <= allowed_harms * replications
    verdict = "the error rates hold on this data" if passed else "the error rates do NOT hold on this data"
    return Preflight(
        replications,
        wins,
        harms,
        allowed,
        allowed_harms,
        passed,
        passed and _upper((wins + harms) / replications, replications, 1.0) <= alpha,
        float(np.median(decided)),
        parameters.longest,
        time,
        f"{wins} of {replications} replays of {parameters.longest:,} pairs without a difference were won by A and "
        f"{harms} by B; {allowed:.1%} together and {allowed_harms:.1%} by B may be: {verdict}.",
    )


def _replayed(experiment: Experiment, batches: Batched) -> ExperimentState:
    """Run an experiment on the number of pairs and the sum of primary scores of each batch."""
    state = experiment.start()
    for number, (count, total) in enumerate(batches):
        experiment.take_batch(state, number, (count, count, 0, 0, 0), [total, 0.0, 0.0, 0.0, 0.0])
        if state.status != "running":
            break
    return state


def _upper(rate: float, replications: int, errors: float) -> float:
    """A rate plus some of its standard errors."""
    return rate + errors * sqrt(rate * (1.0 - rate) / replications)


def _scored(experiment: Experiment, history: Sequence[Pair]) -> tuple[list[Pair], NDArray[np.float64]]:
    state, pairs, primary = experiment.scores.start(), [], []
    for pair in history:
        if pair.sound():
            scores = experiment.scores.update(state, pair)
            if scores is not None:
                pairs.append(pair)
                primary.append(scores[0])
    return pairs, np.array(primary)
