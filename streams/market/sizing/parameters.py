"""Parameters of position sizing, which are read from the table `[market.sizing]` of the configuration."""

from typing import Annotated, Any

from msgspec import Meta, Struct, field

from streams.engine.bounds import MOST, Count, Positive


class SizingParameters(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which sizing rules limit the position, and their parameters.

    Attributes:
        enabled: names of the rules. If several have the smallest limit, the first one is recorded as the deciding rule.
        kelly_fraction: fraction of the Kelly (growth-optimal) position, for the rule `kelly`.
        max_position: largest position, fraction of capital, whichever rules are enabled.
        memory: number of scored predictions over which the average size of moves is taken.
        confidence_floor: smallest probability of the predicted side that allows a position.
        volatility_target_bps: largest standard deviation of the position's return over an hour, bps of capital.
        regime_caps: largest position in a regime, fraction of capital, by the regime's name; regimes not named have no
            cap.
        drawdown_bps: drawdown at which no position is allowed, bps of capital.
        drawdown_memory: number of scored predictions over which a drawdown decays.
        own: parameters of rules that plug-ins registered, one table for each rule, by its name.
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
