"""The number that stands for an unknown cost: a cost so high that no position is taken."""

from typing import Final

PROHIBITIVE_BPS: Final = 1e6
"""A hundred times the position, bps of its value: nothing is held at it, so nothing is earned or paid."""
