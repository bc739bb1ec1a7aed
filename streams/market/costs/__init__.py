"""What it costs to take a position and to leave it: a file for each cost, and the register that names them."""

from collections.abc import Callable
from typing import Annotated

from msgspec import Meta, Struct

from schemas.errors import ConfigurationError
from streams.market.costs.fees import Fees
from streams.market.costs.half_spread import HalfSpread
from streams.market.costs.protocol import Cost
from streams.market.costs.slippage import Slippage


class CostParameters(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Terms of trading.

    Attributes:
        enabled: names of the costs that are paid.
        fee_bps: fee of one execution, bps of its value.
        slippage_bps: what both executions lose beyond the best price, bps together.
    """

    enabled: tuple[str, ...] = ("fees", "half_spread", "slippage")
    fee_bps: Annotated[float, Meta(ge=0.0, le=10_000.0)] = 0.5
    slippage_bps: Annotated[float, Meta(ge=0.0, le=10_000.0)] = 0.1


COSTS: dict[str, Callable[[CostParameters], Cost]] = {
    "fees": lambda parameters: Fees(parameters.fee_bps),
    "half_spread": lambda parameters: HalfSpread(),
    "slippage": lambda parameters: Slippage(parameters.slippage_bps),
}

COSTS_BUILT_IN = tuple(COSTS)
"""Names of those that no plug-in brings."""


def register(name: str, build: Callable[[CostParameters], Cost]) -> None:
    """Make a cost known to parameters.

    Raises:
        ConfigurationError: the name is taken.
    """
    if name in COSTS:
        raise ConfigurationError(f"costs: expected a new name, was {name!r}; fix: choose another")
    COSTS[name] = build


class Costs:
    """The sum of the enabled costs.

    >>> costs = Costs(CostParameters(fee_bps=0.5, slippage_bps=0.1))
    >>> costs.round_trip_bps(spread_bps=0.4), costs.parts(spread_bps=0.4)
    (1.5, {'fees': 1.0, 'half_spread': 0.4, 'slippage': 0.1})

    Raises:
        ConfigurationError: a name is unknown or given twice.
    """

    def __init__(self, parameters: CostParameters) -> None:
        enabled = parameters.enabled
        if len(set(enabled)) < len(enabled) or not all(name in COSTS for name in enabled):
            raise ConfigurationError(
                f"[market.costs]: expected each of {', '.join(COSTS)} at most once, was {', '.join(enabled)}"
            )
        self._costs = {name: COSTS[name](parameters) for name in enabled}
        self._bps = [cost.bps for cost in self._costs.values()]

    def round_trip_bps(self, spread_bps: float) -> float:
        """Cost of taking and leaving a position while the spread is this wide, bps of the mid."""
        total = 0.0
        for bps in self._bps:
            total += bps(spread_bps)
        return total

    def parts(self, spread_bps: float) -> dict[str, float]:
        """The same, cost by cost."""
        return {name: cost.bps(spread_bps) for name, cost in self._costs.items()}
