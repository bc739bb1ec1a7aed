"""Parameters of the monitor: its windows, what calls for a retrain, and what limits retrains."""

from hashlib import sha256
from typing import Annotated, Literal

from msgspec import Meta, Struct, json

from streams.engine.bounds import MOST, Count, CountOrNone, Duration, NotNegative, Positive


class SkillTriggerParameters(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Table `[monitor.skill]`: the default check for a loss of skill, by CUSUM over block means of log-loss.

    A block is a number of outcomes that are averaged to one observation.

    Attributes:
        enabled: whether the check calls for retrains; its sums are reported in any case.
        run: outcomes between two false alarms on average (average run length), if blocks were independent and normal,
            and their usual mean and deviation known. Measured run lengths are several times longer, and longer still
            between retrains: docs/retraining.md.
        allowances: sizes of change that are looked for, each divided by 2, in standard deviations of a block mean.
        warmup: blocks from which the usual mean and deviation of a version are estimated before any alarm.
        memory: blocks over which the usual mean and deviation decay.
        confirmations: blocks in a row that must be above the limit for an alarm.
        margin: by how much a version may be worse than the best baseline, nats an outcome.
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
    """Table `[monitor]`: windows of outcomes, what calls for a retrain, and what limits retrains.

    All counts are of outcomes whose price moved; all times are event time.

    Attributes:
        window: outcomes after which a window closes.
        window_ns: time after which a window closes with fewer outcomes, ns; 0: never.
        block: outcomes that are averaged to one observation of the detectors. It should be several times the number of
            outcomes that overlap in time.
        skill: the default check, for a loss of skill.
        performance_threshold: accuracy, 0 to 1; full windows below it call for a retrain; 0: this check is off. A
            sensible value depends on horizon and baselines, see docs/retraining.md.
        threshold_windows: windows in a row that must be below the threshold.
        drift_detector: River's detector over block means, `adwin` or `page_hinkley`; empty: none.
        check_interval_ns: time since the last retrain after which the next is due in any case, ns; 0: never.
        min_samples_for_retrain: outcomes of the symbol before its first retrain.
        min_samples_since_change: outcomes since the estimated change that are needed to train a model and to test it.
            The retrain waits for them, but the finding is reported at once.
        cool_down: least number of outcomes between two retrains.
        retrains_per_day: most retrains within 24 hours.
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
        """SHA-256 over all parameters, 64 hex digits: the same in every process for equal parameters."""
        return sha256(json.encode(self)).hexdigest()
