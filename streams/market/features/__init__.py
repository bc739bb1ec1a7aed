"""Rolling features of one symbol, a file for each family, computed once a tick and shared by all that need them."""

from streams.market.features.moment import Moment
from streams.market.features.registry import FEATURES, SIGNED, UNSIGNED, FeatureParameters
from streams.market.features.vector import Features, FeatureState, View

__all__ = ["FEATURES", "SIGNED", "UNSIGNED", "FeatureParameters", "FeatureState", "Features", "Moment", "View"]
