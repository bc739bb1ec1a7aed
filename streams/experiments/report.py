"""Where an experiment stands, as a record."""

from math import isfinite
from typing import NamedTuple, TypeVar

from msgspec import UNSET, UnsetType

from schemas.experiments import ExperimentMoved, ExperimentStatus, GuardrailStanding
from streams.experiments.experiment import Experiment, ExperimentState
from streams.experiments.standing import standing

Moved = TypeVar("Moved", bound=ExperimentMoved)


class About(NamedTuple):
    """What a record is about: its first fields."""

    id: str
    symbol: str
    ts_event: int
    experiment: str
    challenger: str
    champion: str
    status: ExperimentStatus
    reason: str


def told(
    kind: type[Moved],
    about: About,
    experiment: Experiment,
    state: ExperimentState,
    watched: int = 0,
    alarm: float = 0.0,
    deviation: float = 0.0,
    dropped: int | UnsetType = UNSET,
) -> Moved:
    """The record of `state`: of one symbol, or of several."""
    found = standing(experiment, state)
    return kind(
        id=about.id,
        symbol=about.symbol,
        ts_event=about.ts_event,
        experiment=about.experiment,
        plan=experiment.digest,
        challenger=about.challenger,
        champion=about.champion,
        status=about.status,
        reason=about.reason,
        holding=found.holding,
        primary=found.primary,
        pairs=found.pairs,
        scored=found.scored,
        rejected=found.rejected,
        batches=found.batches,
        longest=experiment.parameters.longest,
        effect=found.effect,
        low=_known(found.low),
        high=_known(found.high),
        log_e_better=found.log_e_a,
        log_e_worse=found.log_e_b,
        threshold=found.threshold,
        p=found.p,
        log_e_hopeless=found.log_e_hopeless,
        autocorrelation=found.autocorrelation,
        independent=found.independent,
        sharpe_difference=_known(found.sharpe_difference),
        sharpe_error=_known(found.sharpe_error),
        guardrails=tuple(
            GuardrailStanding(
                each.metric, each.margin, each.effect, _known(each.low), _known(each.high), each.log_e, each.kept
            )
            for each in found.guardrails
        ),
        watched=watched,
        alarm=alarm,
        deviation=deviation,
        dropped=dropped,
    )


def _known(estimate: float) -> float | None:
    return estimate if isfinite(estimate) else None
