"""Features of one symbol: numbers computed anew at every tick from the symbol's last quotes and trades.

A family is a group of features that are computed together from one state; each built-in family has a file of its own.
The features are computed once a tick and shared by all components that need them.
"""

from streams.market.features.moment import Moment
from streams.market.features.registry import FEATURES, SIGNED, UNSIGNED, FeatureParameters
from streams.market.features.vector import Features, FeatureState, Histories, View

__all__ = [
    "FEATURES",
    "SIGNED",
    "UNSIGNED",
    "FeatureParameters",
    "FeatureState",
    "Features",
    "Histories",
    "Moment",
    "View",
]
