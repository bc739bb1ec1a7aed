"""The command that a finished retrain sends: to run its candidate in shadow."""

from schemas.commands import StartVariant
from schemas.limits import LONGEST_CAUSE, MOST_METRICS, cut
from schemas.names import candidate_arm
from schemas.positions import start_id
from schemas.retraining import RetrainingResult, RetrainJob


def proposal(job: RetrainJob, result: RetrainingResult) -> StartVariant:
    """The command that starts a candidate in shadow as a new arm, as it ran on the hold-out.

    Its id follows from the job, so it is carried out once, however often a job is done.
    """
    arm = candidate_arm(job.job, result.sha256)
    return StartVariant(
        id=start_id(job.job),
        symbol=job.symbol,
        ts_event=job.ts_event,
        arm=arm,
        cause=cut(f"retrain {job.job}: {result.sentence}", LONGEST_CAUSE),
        model=result.candidate,
        experiment=arm,
        metrics=dict(list(result.metrics.items())[:MOST_METRICS]),
        automatic=job.automatic,
        sha256=result.sha256,
        judged_against=result.parent,
    )
