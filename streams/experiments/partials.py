"""Partials: sums that each symbol sends to an experiment over several symbols, at the end of windows of event time."""

from schemas.experiments import ExperimentPartial
from schemas.outcomes import OutcomeMatured
from streams.experiments.trial import Trial, TrialState


def ended_window(trial: Trial, state: TrialState, outcome: OutcomeMatured, record_id: str) -> ExperimentPartial | None:
    """The partial of the window of event time that `outcome` brings to an end; None if it brings none to an end.

    A partial is the sums of one symbol, sent to an experiment that several symbols decide together. Call this function
    before the trial takes the outcome.

    Args:
        trial: the experiment on this symbol.
        state: state of the trial.
        outcome: outcome that may be later than the window of the last scored outcome.
        record_id: id for the partial.
    """
    told = state.told
    if told is None or told.ended or told.window < 0:
        return None
    now = outcome.ts_event // trial.declaration.test.clock_ns
    return None if now <= told.window else _partial(trial, state, outcome, record_id, told.window, now - 1, "")


def follow(trial: Trial, state: TrialState, outcome: OutcomeMatured, record_id: str) -> ExperimentPartial | None:
    """Note in `state` the window of event time of an outcome; returns a last partial if the comparison has just ended.

    A partial is the sums of one symbol, sent to an experiment that several symbols decide together. The comparison on
    this symbol ends when the test was stopped or the challenger went live. Call this function after the trial has taken
    the outcome.

    Args:
        trial: the experiment on this symbol.
        state: state of the trial, in which the window is noted.
        outcome: outcome that the trial has just taken.
        record_id: id for the partial.

    Returns:
        The last partial; None if the comparison goes on, if it has ended before, or if each symbol decides by itself.
    """
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
