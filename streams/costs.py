"""What it costs to take a position and to leave it."""

from typing import Annotated

from msgspec import Meta, Struct


class CostParameters(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Terms of trading.

    Attributes:
        fee_bps: fee of one execution, bps of its value.
        slippage_bps: what both executions lose beyond the best price, bps together.
    """

    fee_bps: Annotated[float, Meta(ge=0.0)] = 0.5
    slippage_bps: Annotated[float, Meta(ge=0.0)] = 0.1


class Costs:
    """Two fees, half the spread on the way in and half on the way out, slippage.

    >>> Costs(CostParameters(fee_bps=0.5, slippage_bps=0.1)).round_trip_bps(spread_bps=0.4)
    1.5
    """

    def __init__(self, parameters: CostParameters) -> None:
        self._fixed = 2.0 * parameters.fee_bps + parameters.slippage_bps

    def round_trip_bps(self, spread_bps: float) -> float:
        """Cost of taking and leaving a position while the spread is this wide, bps of the mid."""
        return self._fixed + spread_bps
