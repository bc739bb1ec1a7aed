"""Summary of an experiment's state, for a record, a page or an A/B test."""

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
    """Summary of an experiment: status, effect, and evidence for and against the challenger.

    Records of an experiment's progress (`schemas.experiments.ExperimentMoved`) have the same fields. A pair is the
    results of challenger and champion on one prediction.

    Attributes:
        plan: digest of the experiment's parameters.
        status: phase of the test, or how it ended.
        reason: sentence on why it ended; empty before that.
        holding: what keeps a winner from being named although the evidence is there; empty: nothing.
        primary: metric that decides.
        pairs, scored, rejected: pairs taken so far, those that were scored, and those with numbers out of range.
        batches: closed batches so far.
        longest: scored pairs after which the test ends without a decision.
        effect: mean score; above 0: the challenger is better.
        low, high: ends of a confidence sequence of the effect (an interval that holds at all times at once); None while
            too little is known.
        log_e_better: log evidence that the challenger is better by more than the margin, nats.
        log_e_worse: log evidence that the challenger is worse, nats.
        threshold: log evidence at which the challenger wins, nats.
        p: p-value for "the challenger is not better", valid at any time.
        log_e_hopeless: log evidence that the effect is smaller than the smallest that is worth finding, nats.
        autocorrelation: autocorrelation of neighbouring batch means.
        independent: whether `autocorrelation` lies within two standard errors of 0.
        sharpe_difference, sharpe_error: Sharpe ratio per pair of the challenger less that of the champion, and the
            standard error; None while too little is known.
        guardrails: figures of each guardrail (a second metric that may only block a winner), in the order declared.
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
    """Summarise the state of an experiment: its status, effect, and evidence for and against the challenger."""
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
    """Make a record of an experiment's progress: the summary of its state (`Standing`), and the fields in `about`.

    Args:
        kind: type of the record, for one symbol or for several.
        experiment: the experiment.
        state: state of the experiment.
        about: further fields of the record: id, symbol, time, names of both versions. A field of the summary that is
            also given here is replaced.
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
