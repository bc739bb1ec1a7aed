"""The cost that is used where the true cost is unknown."""

from typing import Final

PROHIBITIVE_BPS: Final = 1e6
"""A hundred times the position, bps of its value: nothing is held at it, so nothing is earned or paid."""
