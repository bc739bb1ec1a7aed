"""Position sizing: 0 unless the edge exceeds the cost of the round trip, else the smallest limit of the rules."""

from streams.market.sizing.explained import SizeExplained
from streams.market.sizing.parameters import SizingParameters
from streams.market.sizing.rules import COST, LARGEST, RULES, register
from streams.market.sizing.smallest_limit import Sizing

__all__ = ["COST", "LARGEST", "RULES", "SizeExplained", "Sizing", "SizingParameters", "register"]
