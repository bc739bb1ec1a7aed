"""Pre-flight: how often the whole experiment, as it is configured, errs on the user's own data without a difference."""

from collections.abc import Callable, Iterable, Sequence
from math import sqrt
from typing import NamedTuple

import numpy as np
from msgspec import Struct
from msgspec.structs import replace
from numpy.typing import NDArray

from schemas.errors import ConfigurationError
from streams.experiments.dependence import autocorrelation_time
from streams.experiments.experiment import HARM, Experiment, ExperimentState
from streams.experiments.pairs import Pair
from streams.experiments.parameters import ExperimentParameters
from streams.experiments.resampling import stationary_draw

BATCHES_A_BLOCK = 10
"""Mean length of a block of the bootstrap, in batches: what depends on each other beyond a batch stays together."""


class Preflight(Struct, frozen=True):
    """Attributes:
    replications: experiments replayed.
    wins, harms: of these, ended for A; for B.
    allowed, allowed_harms: part that may be: alpha, what B may take of it; + 2 standard errors.
    passed: whether neither rate is above its own.
    decided: median pairs to a decision; infinite where most came to none.
    autocorrelation_time: of the primary score, pairs.
    sentence: all that for a person.
    """

    replications: int
    wins: int
    harms: int
    allowed: float
    allowed_harms: float
    passed: bool
    decided: float
    autocorrelation_time: float
    sentence: str


class Windows(NamedTuple):
    """What symbols that decide together had in each window of the clock.

    Attributes:
        counts: scored pairs of all symbols.
        sums: of their primary scores.
        span_ns: event time from the first window to the last.
    """

    counts: NDArray[np.float64]
    sums: NDArray[np.float64]
    span_ns: int

    @property
    def mean(self) -> float:
        """Score of a pair."""
        return float(self.sums.sum() / self.counts.sum())


def preflight(
    history: Sequence[Pair],
    parameters: ExperimentParameters,
    replications: int = 200,
    shift: float = 0.0,
    length: int | None = None,
    seed: int = 1,
    progress: Callable[[float], None] = lambda share: None,
) -> Preflight:
    """Replay the experiment on resamples of `history` whose primary score is centred at the margin.

    A resample is a stationary bootstrap of scored pairs. Guardrails are left out: they can only take wins away. So is
    futility: it could end an experiment before its error. Labels are never swapped, which would destroy the dependence
    that is to be met.

    Args:
        history: pairs of the two arms, or of two alike.
        parameters: of the experiment.
        replications: resamples.
        shift: added to each primary score: a planted difference, to see how often it is found.
        length: pairs of a resample; None: as many as in the history.
        seed: of the bootstrap.
        progress: told which part of it is done.

    Raises:
        ConfigurationError: the history is too short, or the primary metric has no score for a pair.

    References:
        Politis and Romano (1994), The stationary bootstrap; Kohavi, Tang and Xu (2020), Trustworthy Online Controlled
        Experiments, chapter 19: the A/A test.
    """
    if parameters.primary == "drawdown":
        raise ConfigurationError("pre-flight: expected a primary metric with a score for a pair, was 'drawdown'")
    needed = parameters.warmup + parameters.batch * parameters.minimum_batches
    if len(history) < needed:
        raise ConfigurationError(
            f"pre-flight: expected a history of at least {needed} pairs (warm-up and {parameters.minimum_batches} "
            f"batches of {parameters.batch}), was {len(history)}; fix: a longer history, or smaller batches"
        )
    size = length or len(history)
    experiment = _alone(parameters, size)
    pairs, primary = _scored(experiment, history)
    centred = primary + parameters.margin + shift - primary.mean()
    apart = np.diff([pair.ts_event for pair in pairs], prepend=pairs[0].ts_event)
    random = np.random.default_rng(seed)

    def replayed() -> ExperimentState:
        state = experiment.start()
        drawn = stationary_draw(random, len(pairs), BATCHES_A_BLOCK * parameters.batch, size)
        for at, ts_event in zip(drawn.tolist(), np.cumsum(apart[drawn]).tolist(), strict=True):
            pair = replace(pairs[at], ts_event=ts_event) if parameters.clock_ns else pairs[at]
            experiment.take(state, pair, [float(centred[at])])
            if state.status != "running":
                break
        return state

    return _found(replayed, parameters, replications, autocorrelation_time(centred), progress)


def smallest_that_holds(
    history: Sequence[Pair],
    parameters: ExperimentParameters,
    batch: int,
    replications: int = 200,
    progress: Callable[[float], None] = lambda share: None,
) -> int | None:
    """Smallest of `batch`, half as much again, and so on, with which `preflight` passes on this history.

    Returns:
        None where it passes with none of which the history holds the least number that a winner takes.
    """
    while len(history) >= parameters.warmup + batch * parameters.minimum_batches:
        longest = max(parameters.longest, batch * parameters.minimum_batches * parameters.looks)
        tried = replace(parameters, batch=batch, longest=longest)
        if preflight(history, tried, replications, progress=progress).passed:
            return batch
        batch = larger(batch)
    return None


def larger(batch: int) -> int:
    """Batch to try after one that does not hold: half as much again."""
    return batch + max(1, batch // 2)


def pooled_preflight(
    windows: Windows,
    parameters: ExperimentParameters,
    replications: int = 200,
    seed: int = 1,
    progress: Callable[[float], None] = lambda share: None,
) -> Preflight:
    """`preflight` for symbols that decide together: a resample is one of whole windows, all symbols in them.

    Raises:
        ConfigurationError: the history is too short.
    """
    per_window = windows.counts.mean()
    needed = parameters.batch * parameters.minimum_batches
    if windows.counts.sum() < needed:
        raise ConfigurationError(
            f"pre-flight: expected a history of at least {needed} pairs of all symbols ({parameters.minimum_batches} "
            f"batches of {parameters.batch}), was {windows.counts.sum():.0f}; fix: a longer history, or smaller batches"
        )
    experiment = _alone(parameters, int(windows.counts.sum()))
    centred = windows.sums + (parameters.margin - windows.mean) * windows.counts
    block = max(1.0, BATCHES_A_BLOCK * parameters.batch / per_window)
    random = np.random.default_rng(seed)

    def replayed() -> ExperimentState:
        state, count, total = experiment.start(), 0, 0.0
        for number, at in enumerate(stationary_draw(random, len(centred), block).tolist()):
            count += int(windows.counts[at])
            total += float(centred[at])
            if count >= parameters.batch:
                experiment.take_batch(state, number, (count, count, 0, 0, 0), [total, 0.0, 0.0, 0.0, 0.0])
                count, total = 0, 0.0
                if state.status != "running":
                    break
        return state

    return _found(replayed, parameters, replications, per_window * autocorrelation_time(centred), progress)


def windows_of(histories: Iterable[Sequence[Pair]], parameters: ExperimentParameters) -> Windows:
    """Sums of the primary score over the windows of the clock, from where every symbol has scores to where one ends.

    Raises:
        ConfigurationError: there is no such time.
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


def _alone(parameters: ExperimentParameters, size: int) -> Experiment:
    """The experiment without what could only take wins away, or end it before its error."""
    return Experiment(replace(parameters, guardrails={}, beta=0.0, longest=max(size, parameters.longest)))


def _found(
    replayed: Callable[[], ExperimentState],
    parameters: ExperimentParameters,
    replications: int,
    time: float,
    progress: Callable[[float], None],
) -> Preflight:
    wins = harms = 0
    decided = []
    for replication in range(replications):
        state = replayed()
        wins += state.status == "winner"
        harms += state.status == "harm"
        decided.append(state.scored if state.status in ("winner", "harm") else np.inf)
        progress((replication + 1) / replications)
    alpha = parameters.alpha / parameters.challengers
    allowed, allowed_harms = _allowed(alpha, replications), _allowed(HARM * alpha, replications)
    passed = wins <= allowed * replications and harms <= allowed_harms * replications
    verdict = "the error rates hold on this data" if passed else "the error rates do NOT hold on this data"
    return Preflight(
        replications,
        wins,
        harms,
        allowed,
        allowed_harms,
        passed,
        float(np.median(decided)),
        time,
        f"{wins} of {replications} replays without a difference were won by A and {harms} by B; "
        f"{allowed:.1%} and {allowed_harms:.1%} may be: {verdict}.",
    )


def _allowed(alpha: float, replications: int) -> float:
    return alpha + 2.0 * sqrt(alpha * (1.0 - alpha) / replications)


def _scored(experiment: Experiment, history: Sequence[Pair]) -> tuple[list[Pair], NDArray[np.float64]]:
    state, pairs, primary = experiment.scores.start(), [], []
    for pair in history:
        if pair.sound():
            scores = experiment.scores.update(state, pair)
            if scores is not None:
                pairs.append(pair)
                primary.append(scores[0])
    return pairs, np.array(primary)
