"""Makes the command by which a finished retrain asks that its new model be run in shadow, that is, unpublished."""

from schemas.commands import StartVariant
from schemas.limits import LONGEST_CAUSE, MOST_METRICS, cut
from schemas.names import candidate_arm
from schemas.positions import start_id
from schemas.retraining import RetrainingResult, RetrainJob


def proposal(job: RetrainJob, result: RetrainingResult) -> StartVariant:
    """The command to start a retrained model in a new arm (pipeline) in shadow: it predicts, but is not published.

    The arm starts in the same state as in the test on held-out outcomes. The command's id is made from the job's, so
    that it is carried out once even if the job is done twice.

    Args:
        job: the retrain job.
        result: result of the job, which has a model.
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
