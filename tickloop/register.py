"""Functions by which a plug-in registers its own features, strategies, calibrators and other components.

There is one function for each kind of component: feature, strategy, regime detector (`detector`), calibrator, sizing
rule, cost and model. A plug-in is a module that is named in `[plugins] modules` of the configuration. It calls these
functions once, when it is imported. After that, parameters can refer to the registered components by name.
docs/extending.md has an example of each kind, docs/models.md one of a model.
"""

from streams.market.confidence import register as calibrator
from streams.market.costs import register as cost
from streams.market.features.registry import register as feature
from streams.market.models.own import register as model
from streams.market.regime import register as detector
from streams.market.sizing.rules import register as sizing_rule
from streams.market.strategies import register as strategy

__all__ = ["calibrator", "cost", "detector", "feature", "model", "sizing_rule", "strategy"]
