"""Parameters of position sizing."""

from typing import Annotated, Any

from msgspec import Meta, Struct, field

from streams.engine.bounds import MOST, Count, Positive


class SizingParameters(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Rules of position sizing and their parameters.

    Attributes:
        enabled: names of the rules; of equal limits the first rule is named as the deciding one.
        kelly_fraction: part of the growth-optimal position that is taken.
        max_position: largest position, fraction of capital.
        memory: matured predictions that the size of moves looks back on.
        confidence_floor: no position below this confidence.
        volatility_target_bps: largest deviation of a position's return over an hour, bps of capital.
        regime_caps: largest position in each regime that has a cap.
        drawdown_bps: drawdown at which nothing is held, bps of capital.
        drawdown_memory: matured predictions over which a drawdown is forgotten.
        own: parameters of rules of the user, a table for each.
    """

    enabled: tuple[str, ...] = (
        "stand_aside",
        "confidence_floor",
        "kelly",
        "volatility_target",
        "regime_cap",
        "drawdown_cap",
    )
    kelly_fraction: Annotated[float, Meta(ge=0.0, le=1.0)] = 0.0001
    max_position: Annotated[float, Meta(ge=0.0, le=1e6)] = 1.0
    memory: Count = 1_000
    confidence_floor: Annotated[float, Meta(ge=0.5, le=1.0)] = 0.55
    volatility_target_bps: Positive = 50.0
    regime_caps: dict[str, Annotated[float, Meta(ge=0.0, le=1e6)]] = field(
        default_factory=lambda: {"volatile-range": 0.5, "volatile-trend": 0.5}
    )
    drawdown_bps: Positive = 100.0
    drawdown_memory: Annotated[int, Meta(ge=2, le=MOST)] = 20_000
    own: dict[str, dict[str, Any]] = {}
