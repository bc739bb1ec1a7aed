"""Makes the command with which a finished retrain asks that its model be run, without publishing its predictions."""

from schemas.commands import StartVariant
from schemas.limits import LONGEST_CAUSE, MOST_METRICS, cut
from schemas.names import candidate_arm
from schemas.positions import start_id
from schemas.retraining import RetrainingResult, RetrainJob
from streams.market.parameters import MarketParameters
from streams.retraining.beginning import overrides_of
from streams.retraining.parameters import RetrainParameters


def proposal(
    job: RetrainJob, result: RetrainingResult, market: MarketParameters, parameters: RetrainParameters
) -> StartVariant:
    """The command that starts a retrained model in a new arm, whose predictions are not published.

    An arm is one of the variants of the pipeline that run side by side on a symbol. The new arm starts in the same
    state as in the test on held-out outcomes. The command's id is made from the id of the job; so the command is
    carried out once even if the job is done twice.

    Args:
        job: the retrain job.
        result: result of the job, which has a model.
        market: parameters of the symbol.
        parameters: of the retrain.
    """
    brought = None if result.candidate is None else result.candidate.expert or None
    arm = candidate_arm(job.job, result.sha256)
    return StartVariant(
        id=start_id(job.job),
        symbol=job.symbol,
        ts_event=job.ts_event,
        arm=arm,
        cause=cut(f"retrain {job.job}: {result.sentence}", LONGEST_CAUSE),
        overrides=overrides_of(brought, market, parameters),
        model=result.candidate,
        experiment=arm,
        metrics=dict(list(result.metrics.items())[:MOST_METRICS]),
        automatic=job.automatic,
        sha256=result.sha256,
        judged_against=result.parent,
    )
