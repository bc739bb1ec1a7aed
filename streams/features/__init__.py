"""Rolling features of one symbol, a file for each family, computed once a tick and shared by all that need them."""

from streams.features.moment import Moment
from streams.features.registry import FEATURES, SIGNED, UNSIGNED, FeatureParameters
from streams.features.vector import Features, FeatureState, View

__all__ = ["FEATURES", "SIGNED", "UNSIGNED", "FeatureParameters", "FeatureState", "Features", "Moment", "View"]
