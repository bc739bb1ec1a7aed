"""What stands in for a cost that nobody can tell."""

from typing import Final

PROHIBITIVE_BPS: Final = 1e6
"""A hundred times the position, bps of its value: nothing is held at it, so nothing is earned or paid."""
