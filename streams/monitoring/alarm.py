"""An alarm of the monitor: a finding about the live version that may call for a retrain."""

from msgspec import Struct

from schemas.windows import Trigger


class Alarm(Struct, frozen=True):
    """A finding about the live version that may call for a retrain.

    Attributes:
        trigger: kind of check that found it: `skill`, `threshold`, `drift` or `schedule`.
        detector: name of the statistic, for example `surprise`.
        statistic: value of the statistic.
        limit: limit that the statistic passed.
        since: event time from which the change has lasted, by estimate, ns; 0: not known.
        since_outcomes: outcomes with a move since then; 0: not known.
        sentence: the finding as a sentence for a person, with the numbers.
    """

    trigger: Trigger
    detector: str
    statistic: float
    limit: float
    since: int
    since_outcomes: int
    sentence: str
