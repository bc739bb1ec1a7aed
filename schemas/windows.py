"""How well a version predicted lately, beside baselines; and what, if anything, calls for a retrain."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from schemas.limits import (
    MOST_FIELDS,
    Cause,
    Count,
    EventTime,
    EventTimeOrNone,
    Figure,
    Id,
    JobId,
    Name,
    NameOrNone,
    Symbol,
)

Trigger = Literal["skill", "threshold", "drift", "schedule", "manual"]


class WindowFigures(Struct, frozen=True):
    """Scores of one forecaster over the outcomes of a window that moved, unless a field says otherwise."""

    name: Annotated[Name, Meta(description="the version, or a baseline")]
    accuracy: Annotated[Figure, Meta(description="part of the moves whose side it called; no opinion counts one half")]
    accuracy_low: Annotated[Figure, Meta(description="lower end of the 95 % Wilson interval with `n_eff` trials")]
    accuracy_high: Annotated[Figure, Meta(description="its upper end")]
    log_loss: Annotated[Figure, Meta(description="mean negative log of the probability of what happened, nats")]
    brier: Annotated[Figure, Meta(description="mean squared error of the probability, 0 to 1; 0.25 knows nothing")]
    ece: Annotated[Figure, Meta(description="expected calibration error over 10 bins of confidence, 0 to 0.5")]
    information_coefficient: Annotated[
        Figure, Meta(description="correlation of signed confidence and return, over all outcomes, -1 to 1")
    ]
    net_bps: Annotated[
        Figure, Meta(description="what one unit on each called side earned after cost, mean over all outcomes, bps")
    ]


class Breach(Struct, frozen=True):
    """Something calls for a retrain."""

    id: Annotated[JobId, Meta(description="unique and the same in every replay: the retrain is done once for it")]
    trigger: Annotated[Trigger, Meta(description="what noticed")]
    detector: Annotated[NameOrNone, Meta(description="which statistic of the trigger, for example `surprise`")]
    statistic: Annotated[Figure, Meta(description="value of the statistic")]
    limit: Annotated[Figure, Meta(description="value that it must not pass")]
    since: Annotated[EventTimeOrNone, Meta(description="event time from which the change is estimated to have lasted")]
    since_outcomes: Annotated[Count, Meta(description="outcomes that moved since then")]
    retrain: Annotated[bool, Meta(description="whether a retrain is to start; at most once for an id")]
    withheld: Annotated[Cause, Meta(description="why not, or empty")]
    sentence: Annotated[Cause, Meta(description="for a person: what was noticed, with the numbers")]


class DetectorFigures(Struct, frozen=True):
    """One cumulative sum as it stands."""

    name: Annotated[Name, Meta(description="`surprise`: worse than it expected of itself; `baseline`: worse than that")]
    blocks: Annotated[Count, Meta(description="blocks of outcomes taken")]
    mean: Annotated[Figure, Meta(description="usual mean of a block, nats")]
    deviation: Annotated[Figure, Meta(description="usual standard deviation of a block, nats")]
    level: Annotated[Figure, Meta(description="largest of its sums, as a part of its limit: an alarm at 1 or more")]


class AccuracyWindow(Struct, frozen=True):
    """One version on the outcomes of one window, with what the monitor thinks of it."""

    id: Annotated[Id, Meta(description="id of the outcome that closed the window, and an index")]
    symbol: Symbol
    ts_event: Annotated[EventTime, Meta(description="event time of the outcome that closed the window")]
    ts_from: Annotated[EventTime, Meta(description="event time of the first prediction in it")]
    ts_until: Annotated[EventTime, Meta(description="event time of the last prediction in it")]
    version: Annotated[Name, Meta(description="model version that predicted")]
    live: Annotated[bool, Meta(description="whether it was live when the window closed; others ran in shadow")]
    closed_by: Annotated[
        Literal["count", "time", "breach", "break"],
        Meta(description="what closed the window; `break`: the symbol's clock broke after its last outcome"),
    ]
    n: Annotated[Count, Meta(description="outcomes")]
    moved: Annotated[Count, Meta(description="of these, how many moved: scores are over them")]
    n_eff: Annotated[Count, Meta(description="of these, how many at most do not overlap in time")]
    figures: Annotated[
        tuple[WindowFigures, ...],
        Meta(max_length=MOST_FIELDS, description="the version, then each baseline; none if moved=0"),
    ]
    best_baseline: Annotated[NameOrNone, Meta(description="baseline with the lowest log-loss in the window, or empty")]
    skill: Annotated[Figure, Meta(description="1 - log-loss / log-loss of the best baseline; 0 if nothing moved")]
    skill_low: Annotated[Figure, Meta(description="lower end of its 95 % interval with `n_eff` trials")]
    skill_high: Annotated[Figure, Meta(description="its upper end")]
    detectors: Annotated[
        tuple[DetectorFigures, ...], Meta(max_length=MOST_FIELDS, description="of the live version; none for a shadow")
    ] = ()
    breach: Annotated[Breach | None, Meta(description="what calls for a retrain, or none")] = None
