"""What an A/B experiment found out: its state as it moves, and its decisions, on one symbol or over several."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from schemas.ticks import EventTime, Symbol

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

Estimate = Annotated[float | None, Meta(description="none while too little is known to tell")]


class GuardrailStanding(Struct, frozen=True):
    """Whether the challenger is worse in a metric besides the primary one."""

    metric: Annotated[str, Meta(description="name of the metric")]
    margin: Annotated[float, Meta(description="by how much the challenger may be worse, units of the score")]
    effect: Annotated[float, Meta(description="mean score of the challenger over the champion")]
    low: Estimate
    high: Estimate
    log_e: Annotated[float, Meta(description="log evidence that the challenger is not worse by the margin")]
    kept: Annotated[bool, Meta(description="whether that is enough")]


class ExperimentMoved(Struct, frozen=True):
    """Where an experiment on one symbol stands: written when a batch closes and when its status changes.

    Scores are of pairs, challenger less champion on the same prediction; money in standard deviations of the warm-up.
    """

    id: Annotated[str, Meta(description="id of the outcome that moved it, a slash, the experiment")]
    symbol: Symbol
    ts_event: EventTime
    experiment: Annotated[str, Meta(description="its name, which is the challenger's arm")]
    plan: Annotated[str, Meta(description="digest of what was registered before the start, 16 hex digits")]
    challenger: Annotated[str, Meta(description="version of the challenger")]
    champion: Annotated[str, Meta(description="version of the champion")]
    status: Annotated[ExperimentStatus, Meta(description="where it stands")]
    reason: Annotated[str, Meta(description="of the last change, a sentence; empty before the first")]
    holding: Annotated[str, Meta(description="what keeps a winner from being named; empty for nothing")]
    primary: Annotated[str, Meta(description="metric that decides")]
    pairs: Annotated[int, Meta(description="taken, those of the warm-up and rejected ones included")]
    scored: Annotated[int, Meta(description="of these, scored")]
    rejected: Annotated[int, Meta(description="of these, not understood")]
    batches: Annotated[int, Meta(description="closed so far")]
    longest: Annotated[int, Meta(description="scored pairs after which it ends")]
    effect: Annotated[float, Meta(description="mean primary score")]
    low: Estimate
    high: Estimate
    log_e_better: Annotated[float, Meta(description="log evidence that the challenger is better by the margin")]
    log_e_worse: Annotated[float, Meta(description="log evidence that it is worse")]
    threshold: Annotated[float, Meta(description="log evidence for the challenger that decides; against it log 2 more")]
    p: Annotated[float, Meta(description="anytime-valid p-value for the challenger")]
    log_e_hopeless: Annotated[float, Meta(description="log evidence that no effect worth finding is there")]
    autocorrelation: Annotated[float, Meta(description="of neighbouring batches")]
    independent: Annotated[bool, Meta(description="whether that is within two standard errors of none")]
    sharpe_difference: Estimate
    sharpe_error: Estimate
    guardrails: Annotated[tuple[GuardrailStanding, ...], Meta(description="in their order")] = ()
    watched: Annotated[int, Meta(description="pairs since the winner was applied")] = 0
    alarm: Annotated[float, Meta(description="e-detector over its threshold; 1 rolls back")] = 0.0
    deviation: Annotated[float, Meta(description="standard deviation of the batch means of the primary score")] = 0.0


class ExperimentDecided(Struct, frozen=True):
    """An experiment came to an end, or its winner did: once each."""

    id: Annotated[str, Meta(description="id of the outcome that decided it, a slash, the experiment")]
    symbol: Symbol
    ts_event: EventTime
    experiment: Annotated[str, Meta(description="its name")]
    challenger: Annotated[str, Meta(description="version of the challenger")]
    champion: Annotated[str, Meta(description="version of the champion")]
    verdict: Annotated[ExperimentStatus, Meta(description="what was decided")]
    reason: Annotated[str, Meta(description="why, a sentence with its numbers")]
    applied: Annotated[bool, Meta(description="whether it is applied without a person; else it is recommended")]


class ExperimentPartial(Struct, frozen=True):
    """What one symbol adds to an experiment that is decided over several: all of it up to a time, not what is new.

    A later record replaces an earlier one of the same symbol, so repeats change nothing. Time is cut into windows of
    the experiment's clock: window `w` holds event times from `w * clock_ns` on, before `(w + 1) * clock_ns`.
    """

    id: Annotated[str, Meta(description="id of the outcome that showed that the window is over, with an index")]
    symbol: Symbol
    ts_event: EventTime
    experiment: Annotated[str, Meta(description="its name; the record's key")]
    plan: Annotated[str, Meta(description="digest of what was registered before the start, 16 hex digits")]
    challenger: Annotated[str, Meta(description="version of the challenger")]
    champion: Annotated[str, Meta(description="version of the champion")]
    window: Annotated[int, Meta(description="that holds the latest pairs of the sums")]
    passed: Annotated[int, Meta(description="window up to which nothing will be added any more")]
    pairs: Annotated[int, Meta(description="taken, those of the warm-up and rejected ones included")]
    scored: Annotated[int, Meta(description="of these, scored")]
    rejected: Annotated[int, Meta(description="of these, not understood")]
    only_a: Annotated[int, Meta(description="scored pairs in which only the challenger earned something")]
    only_b: Annotated[int, Meta(description="scored pairs in which only the champion did")]
    sums: Annotated[
        tuple[float, ...],
        Meta(description="of each score over the scored pairs, the primary one first; then of a, b, a^2, b^2, bps"),
    ]
    ended: Annotated[str, Meta(description="why the two arms are compared no more, a sentence; else empty")] = ""

    @property
    def key(self) -> bytes:
        """Key of the record."""
        return self.experiment.encode()


class PooledMoved(ExperimentMoved, frozen=True, tag_field="kind", tag="pooled_moved"):
    """Where an experiment over several symbols stands: written when a batch of all of them closes."""

    symbols: Annotated[tuple[str, ...], Meta(description="whose pairs are in it; `symbol` is `*`")] = ()

    @property
    def key(self) -> bytes:
        """Key of the record."""
        return self.experiment.encode()


class PooledDecided(ExperimentDecided, frozen=True, tag_field="kind", tag="pooled_decided"):
    """An experiment over several symbols came to an end: once."""

    symbols: Annotated[tuple[str, ...], Meta(description="that it is decided for; `symbol` is `*`")] = ()

    @property
    def key(self) -> bytes:
        """Key of the record."""
        return self.experiment.encode()
