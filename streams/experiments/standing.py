"""Where an experiment stands, in numbers for a page or a topic."""

from math import exp

from msgspec import Struct

from streams.experiments.engines import batches
from streams.experiments.engines.futility import hopes
from streams.experiments.engines.t_mixture import interval, log_e
from streams.experiments.experiment import Experiment, ExperimentState, Status
from streams.experiments.scores import Metric


class Guardrail(Struct, frozen=True):
    """Attributes:
    metric: of it.
    margin: by how much the challenger may be worse.
    effect: mean score of the challenger over the champion.
    low, high: confidence sequence of it.
    log_e: log evidence that the challenger is not worse by the margin.
    kept: whether that is enough.
    """

    metric: Metric
    margin: float
    effect: float
    low: float
    high: float
    log_e: float
    kept: bool


class Standing(Struct, frozen=True):
    """Attributes:
    status, reason, holding: as in the state.
    primary: metric that decides.
    pairs, scored, rejected, batches: so far.
    effect: mean score of the challenger over the champion, units of the score.
    low, high: confidence sequence of it: holds at all times at once; infinite while too little is known.
    log_e_a, log_e_b: log evidence that the challenger is better by the margin; that it is worse.
    threshold: log evidence at which is decided.
    p: anytime-valid p-value for the challenger.
    log_e_hopeless: log evidence that an effect worth finding is not there.
    autocorrelation: of neighbouring batches.
    independent: whether that is within two standard errors of none.
    log_e_certificate: of engine 2; none where there is no bound.
    bound_violated: whether the bound turned out to be none.
    sharpe_difference, sharpe_error: per pair, and its standard error.
    only_a, only_b: pairs in which only one earned something.
    guardrails: in their order.
    """

    status: Status
    reason: str
    holding: str
    primary: Metric
    pairs: int
    scored: int
    rejected: int
    batches: int
    effect: float
    low: float
    high: float
    log_e_a: float
    log_e_b: float
    threshold: float
    p: float
    log_e_hopeless: float
    autocorrelation: float
    independent: bool
    log_e_certificate: float | None
    bound_violated: bool
    sharpe_difference: float
    sharpe_error: float
    only_a: int
    only_b: int
    guardrails: tuple[Guardrail, ...]


def standing(experiment: Experiment, state: ExperimentState) -> Standing:
    """Where `state` stands."""
    parameters, evidence, g = experiment.parameters, experiment.evidence, experiment.g
    n, mean, sse = evidence.moments(state.evidence, parameters.primary)
    low, high = interval(n, mean, sse, g, parameters.alpha)
    difference, error = evidence.sharpe(state.evidence)
    primary = evidence.primary(state.evidence)
    return Standing(
        status=state.status,
        reason=state.reason,
        holding=state.holding,
        primary=parameters.primary,
        pairs=state.pairs,
        scored=state.scored,
        rejected=state.rejected,
        batches=n,
        effect=mean,
        low=low,
        high=high,
        log_e_a=log_e(n, mean - parameters.margin, sse, g),
        log_e_b=log_e(n, -mean, sse, g),
        threshold=experiment.threshold,
        p=min(1.0, parameters.challengers * exp(-state.best)),
        log_e_hopeless=hopes(n, mean, sse, g, parameters.worth).below,
        autocorrelation=batches.autocorrelation(primary),
        independent=batches.independent(primary),
        log_e_certificate=evidence.certified(state.evidence),
        bound_violated=state.evidence.certificate.violated,
        sharpe_difference=difference,
        sharpe_error=error,
        only_a=state.evidence.only_a,
        only_b=state.evidence.only_b,
        guardrails=tuple(
            _guardrail(experiment, state, metric, margin) for metric, margin in parameters.guardrails.items()
        ),
    )


def _guardrail(experiment: Experiment, state: ExperimentState, metric: Metric, margin: float) -> Guardrail:
    n, mean, sse = experiment.evidence.moments(state.evidence, metric)
    low, high = interval(n, mean, sse, experiment.g, experiment.parameters.alpha)
    found = experiment.not_inferior(state, metric, margin)
    return Guardrail(metric, margin, mean, low, high, found, found >= experiment.unsplit)
