"""Records of monitoring: scores of a model version and of simple baselines over a window of outcomes.

An outcome is a prediction together with the move that followed. A window may also report a breach, which is a reason
for a retrain.
"""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

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

WithheldBy = Literal["waiting", "passed", "labels", "cool_down", "budget"]
"""What keeps a retrain from starting, see `Breach.withheld_by`."""


class WindowFigures(Struct, frozen=True):
    """Scores of one model version or baseline over a window of outcomes.

    An outcome is a prediction together with the move that followed. Unless a field says otherwise, only outcomes in
    which the mid moved are counted.
    """

    name: Annotated[Name, Meta(description="name of the version, or of the baseline")]
    accuracy: Annotated[Figure, Meta(description="fraction of moves predicted right; a probability of 0.5 counts half")]
    accuracy_low: Annotated[Figure, Meta(description="lower end of the 95 % Wilson interval with `n_eff` trials")]
    accuracy_high: Annotated[Figure, Meta(description="upper end of that interval")]
    log_loss: Annotated[Figure, Meta(description="mean negative log of the probability of what happened, nats")]
    brier: Annotated[Figure, Meta(description="mean squared error of the probability, 0 to 1; 0.25 if always 0.5")]
    ece: Annotated[Figure, Meta(description="expected calibration error over 10 bins of confidence, 0 to 1")]
    information_coefficient: Annotated[
        Figure, Meta(description="correlation of signed confidence and return, over all outcomes, -1 to 1")
    ]
    net_bps: Annotated[
        Figure, Meta(description="mean net return of one unit on each predicted side, over all outcomes, bps")
    ]


class Breach(Struct, frozen=True):
    """A reason to retrain a symbol's live version.

    Either the version has become worse, or a schedule or a person asks for the retrain.
    """

    id: Annotated[JobId, Meta(description="unique and the same in every replay: the retrain is done once for it")]
    trigger: Annotated[Trigger, Meta(description="kind of check that found it")]
    detector: Annotated[NameOrNone, Meta(description="statistic of the trigger, for example `surprise`")]
    statistic: Annotated[Figure, Meta(description="value of the statistic")]
    limit: Annotated[Figure, Meta(description="limit that the statistic passed")]
    since: Annotated[EventTimeOrNone, Meta(description="event time from which the change is estimated to have lasted")]
    since_outcomes: Annotated[Count, Meta(description="outcomes that moved since then")]
    retrain: Annotated[bool, Meta(description="whether a retrain is to start; at most one for an id")]
    withheld: Annotated[Cause, Meta(description="why no retrain starts, or empty")]
    sentence: Annotated[Cause, Meta(description="for a person: what was found, with the numbers")]
    withheld_by: Annotated[
        WithheldBy | UnsetType,
        Meta(
            description="what withholds it: `waiting` for labels since the change; `passed`: by the time there were "
            "enough it was so no more; too few `labels` altogether; `cool_down` after a retrain; `budget` of a day "
            "spent; absent: nothing does"
        ),
    ] = UNSET


class DetectorFigures(Struct, frozen=True):
    """State of one change detector (CUSUM), which adds up the standardised means of blocks of outcomes."""

    name: Annotated[Name, Meta(description="`surprise`: log-loss over its expectation; `baseline`: over a baseline")]
    blocks: Annotated[Count, Meta(description="blocks of outcomes taken so far")]
    mean: Annotated[Figure, Meta(description="usual mean of a block, nats")]
    deviation: Annotated[Figure, Meta(description="usual standard deviation of a block, nats")]
    level: Annotated[Figure, Meta(description="largest cumulative sum divided by its limit; an alarm at 1 or more")]


class AccuracyWindow(Struct, frozen=True, kw_only=True):
    """Scores of one model version and of the baselines over one window of outcomes, and a breach if one was found.

    An outcome is a prediction together with the move that followed. A breach is a reason for a retrain.
    """

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
    moved: Annotated[Count, Meta(description="outcomes whose mid moved: scores are over these")]
    n_eff: Annotated[Count, Meta(description="effective sample size: most moved outcomes without overlap in time")]
    figures: Annotated[
        tuple[WindowFigures, ...],
        Meta(max_length=MOST_FIELDS, description="scores of the version, then of each baseline; empty if moved=0"),
    ]
    best_baseline: Annotated[NameOrNone, Meta(description="baseline with the lowest log-loss in the window, or empty")]
    skill: Annotated[Figure, Meta(description="1 - log-loss / log-loss of the best baseline; 0 if nothing moved")]
    skill_low: Annotated[Figure, Meta(description="lower end of its 95 % interval with `n_eff` trials")]
    skill_high: Annotated[Figure, Meta(description="upper end of that interval")]
    detectors: Annotated[
        tuple[DetectorFigures, ...], Meta(max_length=MOST_FIELDS, description="of the live version; empty for others")
    ] = ()
    breach: Annotated[Breach | None, Meta(description="the breach that the window found, or null")] = None
