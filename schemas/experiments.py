"""What an A/B experiment found out: its state as it moves, and its decisions, on one symbol or over several."""

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

Estimate = Annotated[Figure | None, Meta(description="none while too little is known to tell")]


class GuardrailStanding(Struct, frozen=True):
    """Whether the challenger is worse in a metric besides the primary one."""

    metric: Annotated[Name, Meta(description="name of the metric")]
    margin: Annotated[Figure, Meta(description="by how much the challenger may be worse, units of the score")]
    effect: Annotated[Figure, Meta(description="mean score of the challenger over the champion")]
    low: Estimate
    high: Estimate
    log_e: Annotated[Figure, Meta(description="log evidence that the challenger is not worse by the margin")]
    kept: Annotated[bool, Meta(description="whether that is enough")]


class ExperimentMoved(Struct, frozen=True):
    """Where an experiment on one symbol stands: written when a batch closes and when its status changes.

    Scores are of pairs, challenger less champion on the same prediction; money in standard deviations of the warm-up.
    """

    id: Annotated[Id, Meta(description="id of the outcome that moved it, a slash, the experiment")]
    symbol: Symbol
    ts_event: EventTime
    experiment: Annotated[Name, Meta(description="its name, which is the challenger's arm")]
    plan: Annotated[Code, Meta(description="digest of what was registered before the start, 16 hex digits")]
    challenger: Annotated[Sentence, Meta(description="version of the challenger")]
    champion: Annotated[Sentence, Meta(description="version of the champion")]
    status: Annotated[ExperimentStatus, Meta(description="where it stands")]
    reason: Annotated[Sentence, Meta(description="of the last change, a sentence; empty before the first")]
    holding: Annotated[Sentence, Meta(description="what keeps a winner from being named; empty for nothing")]
    primary: Annotated[Name, Meta(description="metric that decides")]
    pairs: Annotated[Count, Meta(description="taken, those of the warm-up and rejected ones included")]
    scored: Annotated[Count, Meta(description="of these, scored")]
    rejected: Annotated[Count, Meta(description="of these, not understood")]
    batches: Annotated[Count, Meta(description="closed so far")]
    longest: Annotated[Count, Meta(description="scored pairs after which it ends")]
    effect: Annotated[Figure, Meta(description="mean primary score")]
    low: Estimate
    high: Estimate
    log_e_better: Annotated[Figure, Meta(description="log evidence that the challenger is better by the margin")]
    log_e_worse: Annotated[Figure, Meta(description="log evidence that it is worse")]
    threshold: Annotated[
        Figure, Meta(description="log evidence for the challenger that decides; against it log 2 more")
    ]
    p: Annotated[Figure, Meta(description="anytime-valid p-value for the challenger")]
    log_e_hopeless: Annotated[Figure, Meta(description="log evidence that no effect worth finding is there")]
    autocorrelation: Annotated[Figure, Meta(description="of neighbouring batches")]
    independent: Annotated[bool, Meta(description="whether that is within two standard errors of none")]
    sharpe_difference: Estimate
    sharpe_error: Estimate
    guardrails: Annotated[
        tuple[GuardrailStanding, ...], Meta(max_length=MOST_FIELDS, description="in their order")
    ] = ()
    watched: Annotated[Count, Meta(description="pairs since the winner was applied")] = 0
    alarm: Annotated[Figure, Meta(description="e-detector over its threshold; 1 rolls back")] = 0.0
    deviation: Annotated[Figure, Meta(description="standard deviation of the batch means of the primary score")] = 0.0
    dropped: Annotated[
        Count | UnsetType,
        Meta(description="outcomes left out since the symbol's clock was set back: their time was counted before"),
    ] = UNSET


class ExperimentDecided(Struct, frozen=True):
    """An experiment came to an end, or its winner did: once each."""

    id: Annotated[Id, Meta(description="id of the outcome that decided it, a slash, the experiment")]
    symbol: Symbol
    ts_event: EventTime
    experiment: Annotated[Name, Meta(description="its name")]
    challenger: Annotated[Sentence, Meta(description="version of the challenger")]
    champion: Annotated[Sentence, Meta(description="version of the champion")]
    verdict: Annotated[ExperimentStatus, Meta(description="what was decided")]
    reason: Annotated[Sentence, Meta(description="why, a sentence with its numbers")]
    applied: Annotated[bool, Meta(description="whether it is applied without a person; else it is recommended")]


class ExperimentPartial(Struct, frozen=True):
    """What one symbol adds to an experiment that is decided over several: all of it up to a time, not what is new.

    A later record replaces an earlier one of the same symbol, so repeats change nothing. Time is cut into windows of
    the experiment's clock: window `w` holds event times from `w * clock_ns` on, before `(w + 1) * clock_ns`.
    """

    id: Annotated[TickId, Meta(description="id of the outcome that showed that the window is over, with an index")]
    symbol: Symbol
    ts_event: EventTime
    experiment: Annotated[Name, Meta(description="its name; the record's key")]
    plan: Annotated[Code, Meta(description="digest of what was registered before the start, 16 hex digits")]
    challenger: Annotated[Name, Meta(description="version of the challenger")]
    champion: Annotated[Name, Meta(description="version of the champion")]
    window: Annotated[EventTimeOrNone, Meta(description="that holds the latest pairs of the sums")]
    passed: Annotated[EventTimeOrNone, Meta(description="window up to which nothing will be added any more")]
    pairs: Annotated[Count, Meta(description="taken, those of the warm-up and rejected ones included")]
    scored: Annotated[Count, Meta(description="of these, scored")]
    rejected: Annotated[Count, Meta(description="of these, not understood")]
    only_a: Annotated[Count, Meta(description="scored pairs in which only the challenger earned something")]
    only_b: Annotated[Count, Meta(description="scored pairs in which only the champion did")]
    sums: Annotated[
        Figures,
        Meta(description="of each score over the scored pairs, the primary one first; then of a, b, a^2, b^2, bps"),
    ]
    ended: Annotated[Sentence, Meta(description="why the two arms are compared no more, a sentence; else empty")] = ""
    signature: Annotated[Signature | UnsetType, Meta(description="as that of a command; absent without a key")] = UNSET

    @property
    def key(self) -> bytes:
        """Key of the record."""
        return self.experiment.encode()


class PooledMoved(ExperimentMoved, frozen=True, tag_field="kind", tag="pooled_moved"):
    """Where an experiment over several symbols stands: written when a batch of all of them closes."""

    symbols: Annotated[
        tuple[Symbol, ...], Meta(max_length=MOST_FIELDS, description="whose pairs are in it; `symbol` is `*`")
    ] = ()

    @property
    def key(self) -> bytes:
        """Key of the record."""
        return self.experiment.encode()


class PooledDecided(ExperimentDecided, frozen=True, tag_field="kind", tag="pooled_decided"):
    """An experiment over several symbols came to an end: once."""

    symbols: Annotated[
        tuple[Symbol, ...], Meta(max_length=MOST_FIELDS, description="that it is decided for; `symbol` is `*`")
    ] = ()

    @property
    def key(self) -> bytes:
        """Key of the record."""
        return self.experiment.encode()
