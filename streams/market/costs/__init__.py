"""Costs of opening and closing a position, and the registry that finds a cost by its name."""

from typing import Annotated, Any

from msgspec import Meta, Struct

from streams.engine.registry import Registry
from streams.market.costs.fees import Fees
from streams.market.costs.half_spread import HalfSpread
from streams.market.costs.protocol import Cost
from streams.market.costs.slippage import Slippage


class CostParameters(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which costs are paid for a position, and how much.

    Attributes:
        enabled: names of the costs that are paid.
        fee_bps: fee of one execution, bps of its value; it is paid at opening and at closing.
        slippage_bps: loss from executions at worse than the best price, for opening and closing together, bps.
        own: parameters of costs that plug-ins registered, one table for each cost, by its name.
    """

    enabled: tuple[str, ...] = ("fees", "half_spread", "slippage")
    fee_bps: Annotated[float, Meta(ge=0.0, le=10_000.0)] = 0.5
    slippage_bps: Annotated[float, Meta(ge=0.0, le=10_000.0)] = 0.1
    own: dict[str, dict[str, Any]] = {}


COSTS: Registry[Cost] = Registry(
    "market.costs",
    "costs",
    {
        "fees": (Fees, lambda parameters: Fees(parameters.fee_bps)),
        "half_spread": (HalfSpread, lambda parameters: HalfSpread()),
        "slippage": (Slippage, lambda parameters: Slippage(parameters.slippage_bps)),
    },
)

register = COSTS.register
"""See `Registry.register`: `[market.costs] enabled` can name it then."""


class Costs:
    """Computes the cost of opening and closing a position: the sum of the enabled costs.

    >>> costs = Costs(CostParameters(fee_bps=0.5, slippage_bps=0.1))  # fee of one trade, slippage of both together
    >>> costs.round_trip_bps(spread_bps=0.4), costs.parts(spread_bps=0.4)
    (1.5, {'fees': 1.0, 'half_spread': 0.4, 'slippage': 0.1})

    Raises:
        ConfigurationError: the name of a cost is unknown or given twice.
    """

    def __init__(self, parameters: CostParameters) -> None:
        self._costs = COSTS.build_each(parameters.enabled, parameters)
        self._bps = [cost.bps for cost in self._costs.values()]

    def round_trip_bps(self, spread_bps: float) -> float:
        """Return the cost of opening and closing a position, bps of the mid.

        Args:
            spread_bps: the present spread, bps of the mid.
        """
        total = 0.0
        for bps in self._bps:
            total += bps(spread_bps)
        return total

    def parts(self, spread_bps: float) -> dict[str, float]:
        """Return each enabled cost of opening and closing a position by its name, bps of the mid.

        `spread_bps` is the spread in bps of the mid; the costs add up to `round_trip_bps`.
        """
        return {name: cost.bps(spread_bps) for name, cost in self._costs.items()}
