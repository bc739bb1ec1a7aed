"""A retrain: the job, and what it came to: a candidate, or why there is none."""

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
    """A retrain that was asked for; done once for its `job`, however often it is read."""

    id: Annotated[Id, Meta(description="`commands:partition:offset:index` of the command that asked for it")]
    symbol: Symbol
    ts_event: Annotated[EventTime, Meta(description="event time up to which outcomes are learned from: ns, UTC")]
    job: Annotated[JobId, Meta(description="id of the command, which is that of the breach if one called for it")]
    breach: Annotated[Breach, Meta(description="what calls for it")]
    automatic: Annotated[bool, Meta(description="whether the system asked for it; else a person did")] = False
    withheld: Annotated[Sentence, Meta(description="why it is not done, or empty")] = ""
    until: Annotated[
        TickId | UnsetType,
        Meta(description="id of the last outcome that a person who asked had seen; of a breach its own id names it"),
    ] = UNSET
    pool: Annotated[
        Digests | UnsetType,
        Meta(description="SHA-256 of the stored versions that are contenders, the latest last; absent: none"),
    ] = UNSET
    signature: Annotated[Signature | UnsetType, Meta(description="as that of a command; absent without a key")] = UNSET


class GateRow(Struct, frozen=True):
    """One condition that a candidate must meet."""

    name: Annotated[Name, Meta(description="of the gate")]
    estimate: Annotated[Figure, Meta(description="what was measured on the hold-out")]
    bound: Annotated[Figure, Meta(description="end of its one-sided interval that is compared; the estimate if none")]
    limit: Annotated[Figure, Meta(description="what it is compared with")]
    passed: Annotated[bool, Meta(description="whether the condition is met")]
    sentence: Annotated[Cause, Meta(description="for a person, with the numbers")]


class BackwardTransfer(Struct, frozen=True):
    """What the model of the candidate, without learning on, says of one regime before the change."""

    regime: Annotated[Name, Meta(description="name of the regime")]
    n: Annotated[Count, Meta(description="outcomes that moved")]
    candidate_log_loss: Annotated[Figure, Meta(description="of the candidate's model, nats")]
    current_log_loss: Annotated[Figure, Meta(description="of the version that was live then, as it predicted, nats")]
    in_sample: Annotated[bool, Meta(description="whether the candidate was trained on outcomes of that time")]


class RetrainingResult(Struct, frozen=True):
    """What one retrain came to; the same job on the same log gives the same bytes."""

    job_id: Annotated[JobId, Meta(description="id of the breach that it was started for; done once")]
    symbol: Symbol
    status: Annotated[
        Status,
        Meta(
            description="`candidate` if every gate was passed; `failed`: the training itself broke; `superseded`: a "
            "newer job of the symbol came before it was begun"
        ),
    ]
    sentence: Annotated[Sentence, Meta(description="for a person")]
    trigger: Annotated[Code, Meta(description="what called for it, or empty")] = ""
    candidate: Annotated[ModelState | None, Meta(description="the version, whether or not it passed; or none")] = None
    sha256: Annotated[Code, Meta(description="of the candidate's canonical state, hex, or empty")] = ""
    parent: Annotated[NameOrNone, Meta(description="version that was live")] = ""
    recipe: Annotated[Code, Meta(description="`all` or `since` the change, or `stored` for a version of the pool")] = ""
    contenders: Annotated[Count, Meta(description="recipes that were compared: the level of the gates is divided")] = 0
    trained_from: Annotated[EventTimeOrNone, Meta(description="event time of the first prediction trained on, ns")] = 0
    trained_until: Annotated[
        EventTimeOrNone, Meta(description="event time at which the last of their outcomes matured, ns")
    ] = 0
    n_trained: Annotated[Count, Meta(description="labels that the candidate was trained on")] = 0
    n_validated: Annotated[Count, Meta(description="outcomes of the hold-out that moved")] = 0
    purged: Annotated[Count, Meta(description="labels left out between training and hold-out")] = 0
    metrics: Annotated[FiguresByName, Meta(description="of candidate, current version, baselines on the hold-out")] = {}
    gates: Annotated[tuple[GateRow, ...], Meta(max_length=MOST_GATES, description="every gate, passed or not")] = ()
    backward_transfer: Annotated[
        tuple[BackwardTransfer, ...], Meta(max_length=MOST_FIELDS, description="one row for each earlier regime")
    ] = ()


class RetrainFinished(Struct, frozen=True):
    """A retrain came to its end: the full record of a candidate, written once."""

    id: Annotated[Id, Meta(description="of the job's record, and an index")]
    symbol: Symbol
    ts_event: Annotated[EventTime, Meta(description="of the job: ns since 1970, UTC")]
    result: Annotated[RetrainingResult, Meta(description="what it came to")]
    made_with: Annotated[
        dict[Name, Name], Meta(max_length=MOST_METRICS, description="versions of the code that trained, by package")
    ] = {}

    @property
    def key(self) -> bytes:
        """Key of the record: the topic keeps one of each job.

        >>> RetrainFinished("commands:0:7:0:0", "X", 1, RetrainingResult("b1", "X", "failed", "timed out")).key
        b'X|b1'
        """
        return f"{self.symbol}|{self.result.job_id}".encode()
