"""An alarm of the monitor: the finding from which a breach is made."""

from msgspec import Struct

from schemas.windows import Trigger


class Alarm(Struct, frozen=True):
    """A finding that may call for a retrain, with the fields of `Breach`; `since_outcomes` 0: not known."""

    trigger: Trigger
    detector: str
    statistic: float
    limit: float
    since: int
    since_outcomes: int
    sentence: str
