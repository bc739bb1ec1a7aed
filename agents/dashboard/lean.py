"""Records of the busy topics with only the fields that the page shows: the rest is skipped, not decoded."""

from msgspec import Struct


class LeanPrediction(Struct, frozen=True):
    """What is kept of a prediction; its fields are those of `schemas.predictions.Prediction`."""

    id: str
    symbol: str
    ts_event: int
    mid: float
    strategy: str
    direction: str
    probability: float
    confidence: float
    regime: str
    position_size: float
    model_version: str
    stand_aside: bool = False


class LeanArm(Struct, frozen=True):
    """What is kept of an arm of an outcome."""

    arm: str
    model_version: str
    probability: float
    gross_bps: float
    net_bps: float


class LeanOutcome(Struct, frozen=True):
    """What is kept of an outcome; its fields are those of `schemas.outcomes.OutcomeMatured`."""

    prediction_id: str
    symbol: str
    ts_event: int
    ts_prediction: int
    horizon_ns: int
    label: int
    arms: tuple[LeanArm, ...]
    experts: dict[str, float]
    baselines: dict[str, float] = {}
    weights: dict[str, float] = {}


class LeanMark(Struct, frozen=True):
    """What is kept of a paper account; its fields are those of `schemas.accounts.AccountMarked`."""

    symbol: str
    ts_event: int
    position: float
    gross_bps: float
    net_bps: float
    drawdown_bps: float
    trades: int
    wins: int
