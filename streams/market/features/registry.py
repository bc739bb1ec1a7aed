"""Every family of features by name: the built-in ones, and those of the user."""

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
    """Parameters of the features.

    Attributes:
        recorded: features that are computed and written into outcomes though no component needs them.
        order_flow_window: quotes that the order-flow imbalance is summed over.
        trade_window: trades that trade flow and average price are summed over.
        oscillators: smoothing of RSI and MACD.
        volatility: smoothing of the volatilities and the autocorrelation.
        own: parameters of families of the user, a table for each.
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
    """The features of a family, in the order in which it computes them.

    >>> [each.name for each in features_of("spread")]
    ['spread']
    """
    features: tuple[Feature, ...] = FAMILIES[family].part.features
    return features


def every_feature() -> list[Feature]:
    """The features of all families, in the order of the vector."""
    return [each for family in FAMILIES for each in features_of(family)]


BUILT_IN = tuple(every_feature())
FEATURES = tuple(feature.name for feature in BUILT_IN)
"""Names of the built-in features; the vector of a symbol has those that a component needs, in this order."""

SIGNED = tuple(feature.name for feature in BUILT_IN if feature.signed)
UNSIGNED = tuple(feature.name for feature in BUILT_IN if not feature.signed)


def register(name: str, family: Callable[..., Family]) -> None:
    """Make the features of a class known to parameters; see `Registry.register`.

    Args:
        name: of the family, unique.
        family: its class, with `features` and `state` as in `Family`.

    Raises:
        ConfigurationError: the name, or that of a feature, is taken or is none.
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
    """Families, in the order of the register, that compute these features.

    >>> families_of(["spread", "return_1"])
    ['prices', 'spread']

    Raises:
        ConfigurationError: nothing computes one of them.
    """
    expect_known(names, [each.name for each in every_feature()], "market.features", "features")
    return [family for family in FAMILIES if any(feature.name in names for feature in features_of(family))]


def feature(name: str) -> Feature:
    """Description of a feature by its name.

    >>> feature("spread").unit
    'bps'
    """
    families_of([name])
    return next(each for each in every_feature() if each.name == name)
