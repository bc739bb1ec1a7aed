"""Parameters of the monitor: windows, triggers of retrains and their limits."""

from hashlib import sha256
from typing import Annotated, Literal

from msgspec import Meta, Struct, json

from streams.engine.bounds import MOST, Count, CountOrNone, Duration, NotNegative, Positive


class SkillTriggerParameters(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The default trigger: CUSUM of block means.

    Attributes:
        enabled: whether it calls for retrains; its sums are reported in any case.
        run: average run length, outcomes between two false alarms, were blocks independent and normal and their usual
            mean and deviation known; what was measured is several times longer, and from an alarm to a retrain it is
            longer still: docs/retraining.md.
        allowances: sizes of change that are looked for, half of each, in standard deviations of a block.
        warmup: blocks from which the usual mean and deviation of a version are estimated before any alarm.
        memory: blocks over which they decay.
        confirmations: blocks in a row that must be above the limit.
        margin: nats by which a version may be worse than the best baseline.
    """

    enabled: bool = True
    run: Annotated[float, Meta(ge=100.0, le=1e9)] = 8_000.0
    allowances: Annotated[tuple[Positive, ...], Meta(min_length=1, max_length=8)] = (
        0.2,
        0.4,
    )
    warmup: Annotated[int, Meta(ge=5, le=MOST)] = 20
    memory: Annotated[int, Meta(ge=10, le=MOST)] = 200
    confirmations: Count = 1
    margin: NotNegative = 0.005


class MonitorParameters(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Windows, triggers and what limits them. Counts are of outcomes that moved; times are event time.

    Attributes:
        window: outcomes after which a window closes.
        window_ns: time after which it closes too, ns; 0: never.
        block: outcomes that are averaged to one observation of the detectors: several times as many as overlap.
        skill: the default trigger.
        performance_threshold: a full window with a lower accuracy calls for a retrain, `threshold_windows` in a row;
            0: off. A sensible value depends on horizon and baselines, see docs/retraining.md.
        threshold_windows: windows in a row below the threshold.
        drift_detector: River's detector over block means: `adwin`, `page_hinkley`, or empty: off.
        check_interval_ns: time after a retrain at which the next is due in any case, ns; 0: never.
        min_samples_for_retrain: outcomes of the symbol before its first retrain.
        min_samples_since_change: outcomes since the estimated change before its retrain starts, as training and
            hold-out need them. The breach is reported at once.
        cool_down: outcomes between two retrains.
        retrains_per_day: most retrains within 24 hours: the budget.
    """

    window: Count = 1_000
    window_ns: Duration = 3_600_000_000_000
    block: Annotated[int, Meta(ge=2, le=MOST)] = 50
    skill: SkillTriggerParameters = SkillTriggerParameters()
    performance_threshold: Annotated[float, Meta(ge=0.0, le=1.0)] = 0.0
    threshold_windows: Count = 2
    drift_detector: Literal["", "adwin", "page_hinkley"] = ""
    check_interval_ns: Duration = 0
    min_samples_for_retrain: Count = 1_000
    min_samples_since_change: CountOrNone = 1_500
    cool_down: CountOrNone = 500
    retrains_per_day: Annotated[int, Meta(ge=0, le=1_000)] = 24

    def digest(self) -> str:
        """SHA-256 over all parameters, 64 hex digits: equal parameters, equal digest, in every process."""
        return sha256(json.encode(self)).hexdigest()
