"""Registry of the sizing rules by name."""

from streams.engine.registry import Registry
from streams.market.sizing.confidence_floor import ConfidenceFloor
from streams.market.sizing.drawdown_cap import DrawdownCap
from streams.market.sizing.kelly import Kelly
from streams.market.sizing.parameters import SizingParameters
from streams.market.sizing.protocol import Rule
from streams.market.sizing.regime_cap import RegimeCap
from streams.market.sizing.stand_aside import StandAside
from streams.market.sizing.volatility_target import VolatilityTarget

COST, LARGEST = "cost", "max_position"
"""Names of the two rules that cannot be switched off."""

RULES: Registry[Rule] = Registry(
    "market.sizing",
    "rules",
    {
        "stand_aside": (StandAside, lambda parameters, horizon_ns: StandAside()),
        "confidence_floor": (
            ConfidenceFloor,
            lambda parameters, horizon_ns: ConfidenceFloor(parameters.confidence_floor),
        ),
        "kelly": (Kelly, lambda parameters, horizon_ns: Kelly(parameters.kelly_fraction)),
        "volatility_target": (
            VolatilityTarget,
            lambda parameters, horizon_ns: VolatilityTarget(parameters.volatility_target_bps, horizon_ns),
        ),
        "regime_cap": (RegimeCap, lambda parameters, horizon_ns: RegimeCap(parameters.regime_caps)),
        "drawdown_cap": (DrawdownCap, lambda parameters, horizon_ns: drawdown_cap(parameters)),
    },
    reserved=(COST, LARGEST),
)
"""Every rule by name; they are built from the parameters and the horizon, ns."""

register = RULES.register
"""See `Registry.register`: `[market.sizing] enabled` can name it then."""


def drawdown_cap(parameters: SizingParameters) -> DrawdownCap:
    """Build the rule `drawdown_cap`, which also computes how the drawdown changes.

    The rule is built even if it is not enabled, because the drawdown is recorded in any case.
    """
    return DrawdownCap(parameters.drawdown_bps, parameters.max_position, parameters.drawdown_memory)
