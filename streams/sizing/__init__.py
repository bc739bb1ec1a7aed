"""How much to hold: nothing unless the edge pays for the round trip, else the smallest limit of the rules."""

from streams.sizing.explained import SizeExplained
from streams.sizing.parameters import SizingParameters
from streams.sizing.rules import COST, LARGEST, RULES, register
from streams.sizing.smallest_limit import Sizing

__all__ = ["COST", "LARGEST", "RULES", "SizeExplained", "Sizing", "SizingParameters", "register"]
