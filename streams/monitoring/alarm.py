"""An alarm of the monitor: a finding about the live version that may call for a retrain."""

from msgspec import Struct

from schemas.windows import Trigger


class Alarm(Struct, frozen=True):
    """A finding about the live version that may call for a retrain.

    Attributes:
        trigger: kind of check that made the finding: `skill`, `threshold`, `drift` or `schedule`.
        detector: name of the statistic, for example `surprise`.
        statistic: value of the statistic.
        limit: limit that the statistic passed.
        since: estimated event time at which the change began, ns; 0: not known.
        since_outcomes: number of outcomes since that time whose price moved; 0: not known.
        sentence: the finding as a sentence for a person, with the numbers.
    """

    trigger: Trigger
    detector: str
    statistic: float
    limit: float
    since: int
    since_outcomes: int
    sentence: str
