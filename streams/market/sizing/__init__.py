"""Position sizing: the size of a position is the smallest limit of all sizing rules.

The position is 0 if the expected move does not exceed the cost of opening and closing the position.
"""

from streams.market.sizing.explained import SizeExplained
from streams.market.sizing.parameters import SizingParameters
from streams.market.sizing.rules import COST, LARGEST, RULES, register
from streams.market.sizing.smallest_limit import Sizing

__all__ = ["COST", "LARGEST", "RULES", "SizeExplained", "Sizing", "SizingParameters", "register"]
