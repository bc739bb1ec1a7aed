"""Where an experiment stands: computed from its state once, for a record, a page or an A/B test."""

from collections.abc import Callable
from math import exp, isfinite
from typing import Any, TypeVar

from msgspec import UNSET, Struct
from msgspec.structs import asdict

from schemas.experiments import GuardrailStanding
from streams.experiments.engines import batches
from streams.experiments.engines.e_process_of_batch_means import interval, log_e
from streams.experiments.engines.futility import hopes
from streams.experiments.experiment import Experiment, ExperimentState, Status
from streams.experiments.scores import Metric

Moved = TypeVar("Moved")


class Standing(Struct, frozen=True):
    """What the state of a test says; each field is the one of `schemas.experiments.ExperimentMoved` of its name.

    Attributes:
        plan: digest of what was registered.
        status, reason, holding: as in the state.
        primary: metric that decides.
        pairs, scored, rejected, batches: so far.
        longest: scored pairs after which it ends.
        effect: mean score of the challenger over the champion, units of the score.
        low, high: confidence sequence of it: holds at all times at once; none while too little is known.
        log_e_better, log_e_worse: log evidence that the challenger is better by the margin; that it is worse.
        threshold: log evidence at which is decided.
        p: anytime-valid p-value for the challenger.
        log_e_hopeless: log evidence that an effect worth finding is not there.
        autocorrelation: of neighbouring batches.
        independent: whether that is within two standard errors of none.
        sharpe_difference, sharpe_error: per pair, and its standard error; none while too little is known.
        guardrails: in their order.
    """

    plan: str
    status: Status
    reason: str
    holding: str
    primary: Metric
    pairs: int
    scored: int
    rejected: int
    batches: int
    longest: int
    effect: float
    low: float | None
    high: float | None
    log_e_better: float
    log_e_worse: float
    threshold: float
    p: float
    log_e_hopeless: float
    autocorrelation: float
    independent: bool
    sharpe_difference: float | None
    sharpe_error: float | None
    guardrails: tuple[GuardrailStanding, ...]


def standing(experiment: Experiment, state: ExperimentState) -> Standing:
    """Where `state` stands."""
    parameters, evidence, g = experiment.parameters, experiment.evidence, experiment.g
    n, mean, sse = evidence.moments(state.evidence, parameters.primary)
    low, high = interval(n, mean, sse, g, parameters.alpha)
    difference, error = evidence.sharpe(state.evidence)
    primary = evidence.primary(state.evidence)
    return Standing(
        plan=experiment.digest,
        status=state.status,
        reason=state.reason,
        holding=state.holding,
        primary=parameters.primary,
        pairs=state.pairs,
        scored=state.scored,
        rejected=state.rejected,
        batches=n,
        longest=parameters.longest,
        effect=mean,
        low=_known(low),
        high=_known(high),
        log_e_better=log_e(n, mean - parameters.margin, sse, g),
        log_e_worse=log_e(n, -mean, sse, g),
        threshold=experiment.threshold,
        p=min(1.0, parameters.challengers * exp(-state.best)),
        log_e_hopeless=hopes(n, mean, sse, g, parameters.worth).below,
        autocorrelation=batches.autocorrelation(primary),
        independent=batches.independent(primary),
        sharpe_difference=_known(difference),
        sharpe_error=_known(error),
        guardrails=tuple(
            _guardrail(experiment, state, metric, margin) for metric, margin in parameters.guardrails.items()
        ),
    )


def moved(kind: Callable[..., Moved], experiment: Experiment, state: ExperimentState, /, **about: Any) -> Moved:
    """The record of where `state` stands.

    Args:
        kind: of the record: of one symbol, or of several.
        experiment: whose state it is.
        state: of its test.
        about: what the state does not say: id, symbol, time, names of both arms; a field of `Standing` that is given
            here, too, stands in the place of what the state says.
    """
    collects = UNSET if experiment.decides else True
    return kind(**(asdict(standing(experiment, state)) | {"collects": collects} | about))


def _guardrail(experiment: Experiment, state: ExperimentState, metric: Metric, margin: float) -> GuardrailStanding:
    n, mean, sse = experiment.evidence.moments(state.evidence, metric)
    low, high = interval(n, mean, sse, experiment.g, experiment.parameters.alpha)
    found = experiment.not_inferior(state, metric, margin)
    return GuardrailStanding(
        metric=metric,
        margin=margin,
        effect=mean,
        low=_known(low),
        high=_known(high),
        log_e=found,
        kept=found >= experiment.unsplit,
    )


def _known(estimate: float) -> float | None:
    return estimate if isfinite(estimate) else None
