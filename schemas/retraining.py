"""Records of a retrain: the job, and its result, which is a new model version or the reason why there is none."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from schemas.limits import (
    MOST_FIELDS,
    MOST_GATES,
    MOST_METRICS,
    Cause,
    Code,
    Count,
    Digests,
    EventTime,
    EventTimeOrNone,
    Figure,
    FiguresByName,
    Id,
    JobId,
    Name,
    NameOrNone,
    Sentence,
    Signature,
    Symbol,
    TickId,
)
from schemas.models import ModelState
from schemas.windows import Breach

Status = Literal["candidate", "rejected", "too_few_samples", "failed", "superseded", "not_needed"]


class RetrainJob(Struct, frozen=True):
    """One retrain that is to be done; or one that is not done, for the reason in `withheld`.

    A job is done only once, however often its record is read; `job` identifies it.
    """

    id: Annotated[Id, Meta(description="`commands:partition:offset:index` of the command that asked for it")]
    symbol: Symbol
    ts_event: Annotated[EventTime, Meta(description="event time up to which outcomes are trained on: ns, UTC")]
    job: Annotated[JobId, Meta(description="id of the job: that of the command, and of the breach if there is one")]
    breach: Annotated[Breach, Meta(description="why the retrain is needed")]
    automatic: Annotated[bool, Meta(description="whether a node asked for it; else a person did")] = False
    withheld: Annotated[Sentence, Meta(description="why the retrain is withheld, or empty")] = ""
    until: Annotated[
        TickId | UnsetType,
        Meta(description="id of the last outcome to train on, if a person asked; a breach names it in its own id"),
    ] = UNSET
    pool: Annotated[
        Digests | UnsetType,
        Meta(description="SHA-256 of each stored version that competes with the new model, latest last; absent: none"),
    ] = UNSET
    signature: Annotated[Signature | UnsetType, Meta(description="signature as of a command; absent without key")] = (
        UNSET
    )


class GateRow(Struct, frozen=True):
    """One condition that a retrained model must meet on held-out outcomes before it may run, with the result."""

    name: Annotated[Name, Meta(description="name of the gate")]
    estimate: Annotated[Figure, Meta(description="value measured on the hold-out")]
    bound: Annotated[Figure, Meta(description="end of its one-sided interval that is compared; the estimate if none")]
    limit: Annotated[Figure, Meta(description="limit that the bound is compared with")]
    passed: Annotated[bool, Meta(description="whether the condition is met")]
    sentence: Annotated[Cause, Meta(description="for a person, with the numbers")]


class BackwardTransfer(Struct, frozen=True):
    """Log-loss of a retrained model on outcomes of one market regime from before the market changed.

    It tells whether the model still predicts the earlier market well. "Before" means before the change that
    led to the retrain. The model does not learn from these outcomes while its log-loss is computed.
    """

    regime: Annotated[Name, Meta(description="name of the regime")]
    n: Annotated[Count, Meta(description="outcomes that moved")]
    candidate_log_loss: Annotated[Figure, Meta(description="log-loss of the candidate's model, nats")]
    current_log_loss: Annotated[Figure, Meta(description="log-loss of the predictions of the version live then, nats")]
    in_sample: Annotated[bool, Meta(description="whether the candidate was trained on outcomes of that time")]


class RetrainingResult(Struct, frozen=True):
    """Result of one retrain job; the same job on the same log gives the same bytes."""

    job_id: Annotated[JobId, Meta(description="id of the job")]
    symbol: Symbol
    status: Annotated[
        Status,
        Meta(
            description="`candidate` if every gate was passed; `failed`: the training itself broke; `superseded`: a "
            "newer job of the symbol came before it was begun"
        ),
    ]
    sentence: Annotated[Sentence, Meta(description="for a person")]
    trigger: Annotated[Code, Meta(description="trigger of the breach, or empty")] = ""
    candidate: Annotated[ModelState | None, Meta(description="the version, whether or not it passed the gates")] = None
    sha256: Annotated[Code, Meta(description="SHA-256 of the candidate's canonical state, hex, or empty")] = ""
    parent: Annotated[NameOrNone, Meta(description="version that was live")] = ""
    recipe: Annotated[
        Code,
        Meta(
            description="trained on `all` outcomes or `since` the change; `trees`: with trees beside; `stored`: "
            "earlier; else the name of a model of `[market.models]` that was taught anew, beside"
        ),
    ] = ""
    contenders: Annotated[Count, Meta(description="models compared: the level of the gates is divided by it")] = 0
    trained_from: Annotated[EventTimeOrNone, Meta(description="event time of the first prediction trained on, ns")] = 0
    trained_until: Annotated[
        EventTimeOrNone, Meta(description="event time at which the last of their outcomes matured, ns")
    ] = 0
    n_trained: Annotated[Count, Meta(description="labels that the candidate was trained on")] = 0
    n_validated: Annotated[Count, Meta(description="outcomes of the hold-out that moved")] = 0
    purged: Annotated[Count, Meta(description="labels left out between training and hold-out")] = 0
    metrics: Annotated[FiguresByName, Meta(description="hold-out scores of candidate, current version, baselines")] = {}
    gates: Annotated[tuple[GateRow, ...], Meta(max_length=MOST_GATES, description="every gate, passed or not")] = ()
    backward_transfer: Annotated[
        tuple[BackwardTransfer, ...], Meta(max_length=MOST_FIELDS, description="one row for each earlier regime")
    ] = ()


class RetrainFinished(Struct, frozen=True):
    """End of a retrain job, with its result; there is one such record for each job."""

    id: Annotated[Id, Meta(description="id of the job's record, and an index")]
    symbol: Symbol
    ts_event: Annotated[EventTime, Meta(description="event time of the job: ns since 1970, UTC")]
    result: Annotated[RetrainingResult, Meta(description="result of the retrain")]
    made_with: Annotated[
        dict[Name, Name], Meta(max_length=MOST_METRICS, description="versions of the code that trained, by package")
    ] = {}

    @property
    def key(self) -> bytes:
        """Kafka key of the record: symbol and job id. So the compacted topic keeps one record of each job.

        >>> RetrainFinished("commands:0:7:0:0", "X", 1, RetrainingResult("b1", "X", "failed", "timed out")).key
        b'X|b1'
        """
        return f"{self.symbol}|{self.result.job_id}".encode()
