"""Records of A/B experiments on one symbol or on several.

An experiment compares a challenger with the champion (the live version) on the same predictions. The records are its
progress, its final decision, and, if several symbols decide together, the sums that each symbol contributes.
"""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from schemas.limits import (
    MOST_FIELDS,
    Code,
    Count,
    EventTime,
    EventTimeOrNone,
    Figure,
    Figures,
    Id,
    Name,
    Names,
    Sentence,
    Signature,
    Symbol,
    TickId,
)

ExperimentStatus = Literal[
    "planned",
    "warmup",
    "running",
    "winner",
    "harm",
    "no_difference",
    "futile",
    "expired",
    "stopped",
    "canary",
    "promoted",
    "confirmed",
    "rolled_back",
]

Estimate = Annotated[Figure | None, Meta(description="null while there are too few batches to estimate it")]


class GuardrailStanding(Struct, frozen=True):
    """State of one guardrail: a test that the challenger is not worse than the champion by more than a margin.

    The champion is the live version, the challenger the version that is tested. A guardrail concerns a metric other
    than the primary metric of the experiment. The challenger wins only if all guardrails hold.
    """

    metric: Annotated[Name, Meta(description="name of the metric")]
    margin: Annotated[Figure, Meta(description="by how much the challenger may be worse, in units of the score")]
    effect: Annotated[Figure, Meta(description="mean difference of the scores, challenger less champion")]
    low: Estimate
    high: Estimate
    log_e: Annotated[Figure, Meta(description="log evidence that the challenger is not worse by the margin")]
    kept: Annotated[bool, Meta(description="whether that evidence is enough")]


class ExperimentMoved(Struct, frozen=True, kw_only=True):
    """Progress of an experiment on one symbol, written when a batch of predictions is complete or the status changes.

    The experiment compares the challenger with the champion (the live version). A pair is the result of both on the
    same prediction. Its score is the challenger's metric less the champion's. A score in money is divided by the
    standard deviation of the scores in the warm-up, the first part of the experiment.
    """

    id: Annotated[Id, Meta(description="id of the outcome that changed it, a slash, the experiment")]
    symbol: Symbol
    ts_event: EventTime
    experiment: Annotated[Name, Meta(description="name of the experiment, which is that of the challenger's arm")]
    plan: Annotated[Code, Meta(description="digest of the plan that was registered before the start, 16 hex digits")]
    challenger: Annotated[Sentence, Meta(description="version of the challenger")]
    champion: Annotated[Sentence, Meta(description="version of the champion")]
    status: Annotated[ExperimentStatus, Meta(description="phase of the experiment, or its verdict")]
    reason: Annotated[Sentence, Meta(description="why the status last changed, a sentence; empty before that")]
    holding: Annotated[Sentence, Meta(description="what blocks a winner from being named; empty: nothing")]
    primary: Annotated[Name, Meta(description="primary metric, which decides")]
    pairs: Annotated[Count, Meta(description="pairs taken, those of the warm-up and rejected ones included")]
    scored: Annotated[Count, Meta(description="pairs that were scored")]
    rejected: Annotated[Count, Meta(description="pairs that could not be read")]
    batches: Annotated[Count, Meta(description="batches of pairs closed so far")]
    longest: Annotated[Count, Meta(description="scored pairs after which it ends")]
    effect: Annotated[Figure, Meta(description="mean primary score")]
    low: Estimate
    high: Estimate
    log_e_better: Annotated[Figure, Meta(description="log evidence that the challenger is better by the margin")]
    log_e_worse: Annotated[Figure, Meta(description="log evidence that the challenger is worse")]
    threshold: Annotated[Figure, Meta(description="log evidence at which the challenger wins; it loses at log 2 more")]
    p: Annotated[Figure, Meta(description="anytime-valid p-value for the challenger")]
    log_e_hopeless: Annotated[Figure, Meta(description="log evidence that no effect worth finding is there")]
    autocorrelation: Annotated[Figure, Meta(description="autocorrelation of neighbouring batches")]
    independent: Annotated[bool, Meta(description="whether the autocorrelation is within two standard errors of 0")]
    sharpe_difference: Estimate
    sharpe_error: Estimate
    guardrails: Annotated[
        tuple[GuardrailStanding, ...], Meta(max_length=MOST_FIELDS, description="guardrails in their declared order")
    ] = ()
    watched: Annotated[Count, Meta(description="pairs since the winner was applied")] = 0
    alarm: Annotated[Figure, Meta(description="e-detector divided by its threshold; 1 rolls back")] = 0.0
    deviation: Annotated[Figure, Meta(description="standard deviation of the batch means of the primary score")] = 0.0
    dropped: Annotated[
        Count | UnsetType,
        Meta(description="outcomes left out because the symbol's clock was set back and their time counted already"),
    ] = UNSET
    collects: Annotated[
        bool | UnsetType,
        Meta(description="whether it comes to no verdict by itself, since several symbols decide together; absent: no"),
    ] = UNSET
    gone: Annotated[
        bool | UnsetType,
        Meta(description="whether its challenger ran no more when it was stopped; absent: it did, or it goes on"),
    ] = UNSET


class ExperimentDecided(Struct, frozen=True, kw_only=True):
    """Decision of an experiment, or of the monitoring that follows the promotion of its winner.

    Each of these two decisions is written only once.
    """

    id: Annotated[Id, Meta(description="id of the outcome that decided it, a slash, the experiment")]
    symbol: Symbol
    ts_event: EventTime
    experiment: Annotated[Name, Meta(description="name of the experiment")]
    challenger: Annotated[Sentence, Meta(description="version of the challenger")]
    champion: Annotated[Sentence, Meta(description="version of the champion")]
    verdict: Annotated[ExperimentStatus, Meta(description="what was decided")]
    reason: Annotated[Sentence, Meta(description="why, a sentence with its numbers")]
    applied: Annotated[
        bool, Meta(description="whether it is carried out without a person; else it is a recommendation")
    ]


class ExperimentPartial(Struct, frozen=True):
    """Sums over the pairs of one symbol so far, for an experiment that several symbols decide together.

    A pair is the result of challenger and champion (the live version) on the same prediction. Each record replaces the
    symbol's earlier one, so reading a record twice changes nothing. Event time is cut into windows of `clock_ns`
    nanoseconds: window `w` holds the times from `w * clock_ns` up to, but not including, `(w + 1) * clock_ns`.
    """

    id: Annotated[TickId, Meta(description="id of the outcome that showed that the window is over, with an index")]
    symbol: Symbol
    ts_event: EventTime
    experiment: Annotated[Name, Meta(description="name of the experiment; the record's key")]
    plan: Annotated[Code, Meta(description="digest of the plan that was registered before the start, 16 hex digits")]
    challenger: Annotated[Name, Meta(description="version of the challenger")]
    champion: Annotated[Name, Meta(description="version of the champion")]
    window: Annotated[EventTimeOrNone, Meta(description="window of the latest pair in the sums")]
    passed: Annotated[EventTimeOrNone, Meta(description="last window that no more pairs will be added to")]
    pairs: Annotated[Count, Meta(description="pairs taken, those of the warm-up and rejected ones included")]
    scored: Annotated[Count, Meta(description="pairs that were scored")]
    rejected: Annotated[Count, Meta(description="pairs that could not be read")]
    only_a: Annotated[Count, Meta(description="scored pairs in which only the challenger earned something")]
    only_b: Annotated[Count, Meta(description="scored pairs in which only the champion did")]
    sums: Annotated[
        Figures,
        Meta(
            description="sums over the scored pairs: of each score, the primary one first; then of a, b, a^2, b^2, bps"
        ),
    ]
    ended: Annotated[Sentence, Meta(description="why the comparison of the arms ended, a sentence; else empty")] = ""
    signature: Annotated[Signature | UnsetType, Meta(description="signature as of a command; absent without key")] = (
        UNSET
    )

    @property
    def key(self) -> bytes:
        """Kafka key of the record: the name of the experiment."""
        return self.experiment.encode()


class PooledMoved(ExperimentMoved, frozen=True, kw_only=True, tag_field="kind", tag="pooled_moved"):
    """Progress of an experiment that several symbols decide together, written when a batch is complete.

    A batch holds pairs of all these symbols. A pair is the result of challenger and champion on the same prediction.
    """

    symbols: Annotated[
        tuple[Symbol, ...], Meta(max_length=MOST_FIELDS, description="symbols of the pairs; `symbol` is `*`")
    ] = ()
    challengers: Annotated[
        Names | UnsetType,
        Meta(description="versions of the challenger, where not all symbols have the same; absent: `challenger` is it"),
    ] = UNSET

    @property
    def key(self) -> bytes:
        """Kafka key of the record: the name of the experiment."""
        return self.experiment.encode()


class PooledDecided(ExperimentDecided, frozen=True, kw_only=True, tag_field="kind", tag="pooled_decided"):
    """Decision of an experiment that several symbols decide together, written once."""

    symbols: Annotated[
        tuple[Symbol, ...], Meta(max_length=MOST_FIELDS, description="symbols that the verdict is for; `symbol` is `*`")
    ] = ()

    @property
    def key(self) -> bytes:
        """Kafka key of the record: the name of the experiment."""
        return self.experiment.encode()
