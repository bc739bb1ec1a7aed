"""Partials: a symbol's sums for a pooled experiment, up to the end of each window of event time."""

from schemas.experiments import ExperimentPartial
from schemas.outcomes import OutcomeMatured
from streams.experiments.trial import Trial, TrialState


def ended_window(trial: Trial, state: TrialState, outcome: OutcomeMatured, record_id: str) -> ExperimentPartial | None:
    """Partial of the window that an outcome ends, if it does; to be called before the trial takes the outcome."""
    told = state.told
    if told is None or told.ended or told.window < 0:
        return None
    now = outcome.ts_event // trial.declaration.test.clock_ns
    return None if now <= told.window else _partial(trial, state, outcome, record_id, told.window, now - 1, "")


def follow(trial: Trial, state: TrialState, outcome: OutcomeMatured, record_id: str) -> ExperimentPartial | None:
    """Note the window of `outcome`, once the trial has taken it; the end of the comparison, if that is it."""
    told = state.told
    if told is None or told.ended:
        return None
    now = max(told.window, outcome.ts_event // trial.declaration.test.clock_ns)
    if state.test.status == "stopped":
        why = state.test.reason
    elif outcome.arms[0].model_version == state.challenger:
        why = f"{state.challenger} went live."
    else:
        if state.test.scored:
            told.window = now
        return None
    told.ended = True
    return _partial(trial, state, outcome, record_id, now, now, why)


def _partial(
    trial: Trial, state: TrialState, outcome: OutcomeMatured, record_id: str, window: int, passed: int, ended: str
) -> ExperimentPartial:
    test = state.test
    return ExperimentPartial(
        id=record_id,
        symbol=outcome.symbol,
        ts_event=outcome.ts_event,
        experiment=trial.name,
        plan=trial.experiment.digest,
        challenger=state.challenger,
        champion=state.champion,
        window=window,
        passed=passed,
        pairs=test.pairs,
        scored=test.scored,
        rejected=test.rejected,
        only_a=test.evidence.only_a,
        only_b=test.evidence.only_b,
        sums=tuple(trial.experiment.evidence.totals(test.evidence)),
        ended=ended,
    )
