"""Why a retrain is called for."""

from msgspec import Struct

from schemas.windows import Trigger


class Alarm(Struct, frozen=True):
    """Why a retrain is called for: the fields are those of `Breach`; `since_outcomes` 0: not known."""

    trigger: Trigger
    detector: str
    statistic: float
    limit: float
    since: int
    since_outcomes: int
    sentence: str
