"""Parts of your own, by name: what a plug-in calls once, at import, so that parameters can name the part.

A plug-in is a module that `[plugins] modules` of the configuration names; docs/extending.md has one of each kind.
"""

from streams.market.confidence import register as calibrator
from streams.market.costs import register as cost
from streams.market.features.registry import register as feature
from streams.market.regime import register as detector
from streams.market.sizing.rules import register as sizing_rule
from streams.market.strategies import register as strategy

__all__ = ["calibrator", "cost", "detector", "feature", "sizing_rule", "strategy"]
