"""Features of one symbol: numbers computed from its last quotes and trades, anew at every tick.

A family is a group of features that are computed together from one state; each family has a file of its own. The
features are computed once a tick and shared by all components that need them.
"""

from streams.market.features.moment import Moment
from streams.market.features.registry import FEATURES, SIGNED, UNSIGNED, FeatureParameters
from streams.market.features.vector import Features, FeatureState, View

__all__ = ["FEATURES", "SIGNED", "UNSIGNED", "FeatureParameters", "FeatureState", "Features", "Moment", "View"]
