"""Registry of the families of features (groups that are computed together), both built-in ones and plug-ins."""

from collections.abc import Callable, Sequence
from typing import Any

from msgspec import Struct

from schemas.errors import ConfigurationError
from schemas.limits import NAMING_SAID, is_name
from streams.engine.bounds import Kept
from streams.engine.configured import expect_known
from streams.engine.registry import Registry
from streams.market.features.autocorrelation import Autocorrelation
from streams.market.features.book import BookFeatures
from streams.market.features.family import Family, Feature
from streams.market.features.flow import Flow
from streams.market.features.oscillators import Oscillators
from streams.market.features.parameters import OscillatorParameters, VolatilityParameters
from streams.market.features.prices import Prices
from streams.market.features.realised import RealisedVolatility
from streams.market.features.spread import Spread
from streams.market.features.volatility import Volatility


class FeatureParameters(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Parameters of the features, which are read from the table `[market.features]` of the configuration.

    Attributes:
        recorded: names of features that are computed and written into outcomes even if no component needs them.
        order_flow_window: number of quotes over which the order-flow imbalance is summed.
        trade_window: number of trades over which the trade flow and the average trade price are summed.
        oscillators: smoothing of RSI and MACD.
        volatility: smoothing of the volatilities and the autocorrelation.
        own: parameters of families (groups of features) that plug-ins registered: one table for each family, by the
            family's name.
    """

    recorded: tuple[str, ...] = ()
    order_flow_window: Kept = 50
    trade_window: Kept = 50
    oscillators: OscillatorParameters = OscillatorParameters()
    volatility: VolatilityParameters = VolatilityParameters()
    own: dict[str, dict[str, Any]] = {}


FAMILIES: Registry[Family] = Registry(
    "market.features",
    "families",
    {
        "prices": (Prices, lambda parameters: Prices()),
        "oscillators": (Oscillators, lambda parameters: Oscillators(parameters.oscillators)),
        "book": (BookFeatures, lambda parameters: BookFeatures(parameters.order_flow_window)),
        "flow": (Flow, lambda parameters: Flow(parameters.trade_window)),
        "autocorrelation": (Autocorrelation, lambda parameters: Autocorrelation(parameters.volatility)),
        "volatility": (Volatility, lambda parameters: Volatility(parameters.volatility)),
        "realised": (RealisedVolatility, lambda parameters: RealisedVolatility(parameters.volatility)),
        "spread": (Spread, lambda parameters: Spread()),
    },
)


def features_of(family: str) -> tuple[Feature, ...]:
    """Return the features of a family (group computed together), in the order in which the family returns their values.

    >>> [each.name for each in features_of("spread")]
    ['spread']
    """
    features: tuple[Feature, ...] = FAMILIES[family].part.features
    return features


def every_feature() -> list[Feature]:
    """Return the descriptions of all features, built-in ones and those of plug-ins, in the order of registration.

    A vector of features holds the values of the computed features in the same order.
    """
    return [each for family in FAMILIES for each in features_of(family)]


BUILT_IN = tuple(every_feature())
FEATURES = tuple(feature.name for feature in BUILT_IN)
"""Names of the built-in features; the vector of a symbol has those that a component needs, in this order."""

SIGNED = tuple(feature.name for feature in BUILT_IN if feature.signed)
UNSIGNED = tuple(feature.name for feature in BUILT_IN if not feature.signed)


def register(name: str, family: Callable[..., Family]) -> None:
    """Register a family (group) of features that a plug-in brings, so that the configuration can name its features.

    If the class `family` has an attribute `Parameters` (a subclass of `msgspec.Struct`), an instance of it is read from
    the table `[market.features.own.<name>]` and passed to `family`.

    Args:
        name: name of the family, unique among families.
        family: class of the family, which follows the protocol `Family`.

    Raises:
        ConfigurationError: the name of the family or of one of its features is taken already or is not a valid name.
    """
    features: tuple[Feature, ...] = family.features  # type: ignore[attr-defined]
    names = [feature.name for feature in features]
    said = f"was family {name!r} of {', '.join(names)}; fix: choose others"
    if {each.name for each in every_feature()} & set(names):
        raise ConfigurationError(f"[market.features]: expected new names of features, {said}")
    if not all(map(is_name, names)):
        raise ConfigurationError(f"[market.features]: {NAMING_SAID}, {said}")
    FAMILIES.register(name, family)


def families_of(names: Sequence[str]) -> list[str]:
    """Return the names of the families (groups computed together) that compute the given features.

    The families are in the order of registration, each once.

    >>> families_of(["spread", "return_1"])
    ['prices', 'spread']

    Raises:
        ConfigurationError: no registered family computes one of the features.
    """
    expect_known(names, [each.name for each in every_feature()], "market.features", "features")
    return [family for family in FAMILIES if any(feature.name in names for feature in features_of(family))]


def feature(name: str) -> Feature:
    """Return the description of the feature with this name.

    >>> feature("spread").unit
    'bps'

    Raises:
        ConfigurationError: there is no feature of this name.
    """
    families_of([name])
    return next(each for each in every_feature() if each.name == name)
