"""Pre-flight: how often the whole experiment, as it is configured, errs on the user's own data without a difference."""

from collections.abc import Callable, Sequence
from math import sqrt

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from schemas.errors import ConfigurationError
from streams.experiments.dependence import autocorrelation_time
from streams.experiments.experiment import Experiment
from streams.experiments.pairs import Pair
from streams.experiments.parameters import ExperimentParameters
from streams.experiments.resampling import stationary_draw

BATCHES_A_BLOCK = 10
"""Mean length of a block of the bootstrap, in batches: what depends on each other beyond a batch stays together."""


class Preflight(Struct, frozen=True):
    """Attributes:
    replications: experiments replayed.
    wins, harms: of these, ended for A; for B.
    allowed: part of them that may be wrong in each direction: alpha + 2 standard errors.
    passed: whether neither rate is above it.
    decided: median pairs to a decision; infinite where most came to none.
    autocorrelation_time: of the primary score, pairs.
    sentence: all that for a person.
    """

    replications: int
    wins: int
    harms: int
    allowed: float
    passed: bool
    decided: float
    autocorrelation_time: float
    sentence: str


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
    experiment = Experiment(replace(parameters, guardrails={}, beta=0.0, longest=max(size, parameters.longest)))
    pairs, primary = _scored(experiment, history)
    primary += parameters.margin + shift - primary.mean()
    random = np.random.default_rng(seed)
    wins = harms = 0
    decided = []
    for replication in range(replications):
        state = experiment.start()
        for at in stationary_draw(random, len(pairs), BATCHES_A_BLOCK * parameters.batch, size).tolist():
            experiment.take(state, pairs[at], [float(primary[at])])
            if state.status != "running":
                break
        wins += state.status == "winner"
        harms += state.status == "harm"
        decided.append(state.scored if state.status in ("winner", "harm") else np.inf)
        progress((replication + 1) / replications)
    alpha = parameters.alpha / parameters.challengers
    allowed = alpha + 2.0 * sqrt(alpha * (1.0 - alpha) / replications)
    passed = max(wins, harms) <= allowed * replications
    verdict = "the error rates hold on this data" if passed else "the error rates do NOT hold on this data"
    return Preflight(
        replications,
        wins,
        harms,
        allowed,
        passed,
        float(np.median(decided)),
        autocorrelation_time(primary),
        f"{wins} of {replications} replays without a difference were won by A and {harms} by B; "
        f"{allowed:.1%} of each may be: {verdict}.",
    )


def _scored(experiment: Experiment, history: Sequence[Pair]) -> tuple[list[Pair], "np.typing.NDArray[np.float64]"]:
    state, pairs, primary = experiment.scores.start(), [], []
    for pair in history:
        if pair.sound():
            scores = experiment.scores.update(state, pair)
            if scores is not None:
                pairs.append(pair)
                primary.append(scores[0])
    return pairs, np.array(primary)
