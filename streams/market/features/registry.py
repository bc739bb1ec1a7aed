"""Every family of features by name: the built-in ones, and those of the user."""

from collections.abc import Callable, Sequence
from typing import Any

from msgspec import Struct

from schemas.errors import ConfigurationError
from schemas.limits import NAMING_SAID, is_name
from streams.engine.bounds import Kept
from streams.engine.configured import configured
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
    """What the features look back on.

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


class RegisteredFamily(Struct, frozen=True):
    """A family that parameters can name the features of."""

    features: tuple[Feature, ...]
    build: Callable[[FeatureParameters], Family]


FAMILIES: dict[str, RegisteredFamily] = {
    "prices": RegisteredFamily(Prices.features, lambda parameters: Prices()),
    "oscillators": RegisteredFamily(Oscillators.features, lambda parameters: Oscillators(parameters.oscillators)),
    "book": RegisteredFamily(BookFeatures.features, lambda parameters: BookFeatures(parameters.order_flow_window)),
    "flow": RegisteredFamily(Flow.features, lambda parameters: Flow(parameters.trade_window)),
    "autocorrelation": RegisteredFamily(
        Autocorrelation.features, lambda parameters: Autocorrelation(parameters.volatility)
    ),
    "volatility": RegisteredFamily(Volatility.features, lambda parameters: Volatility(parameters.volatility)),
    "realised": RegisteredFamily(
        RealisedVolatility.features, lambda parameters: RealisedVolatility(parameters.volatility)
    ),
    "spread": RegisteredFamily(Spread.features, lambda parameters: Spread()),
}

FAMILIES_BUILT_IN = tuple(FAMILIES)
"""Names of those that no plug-in brings."""

BUILT_IN = tuple(feature for family in FAMILIES.values() for feature in family.features)
FEATURES = tuple(feature.name for feature in BUILT_IN)
"""Names of the built-in features; the vector of a symbol has those that something needs, in this order."""

SIGNED = tuple(feature.name for feature in BUILT_IN if feature.signed)
UNSIGNED = tuple(feature.name for feature in BUILT_IN if not feature.signed)


def register(name: str, family: Callable[..., Family]) -> None:
    """Make the features of a class known to parameters.

    Args:
        name: of the family, unique.
        family: its class, with `features` and `state` as in `Family`. One with an attribute `Parameters`, a
            `msgspec.Struct`, is given them, filled from `[market.features.own.<name>]`.

    Raises:
        ConfigurationError: the name, or that of a feature, is taken or is none.
    """
    features: tuple[Feature, ...] = family.features  # type: ignore[attr-defined]
    taken = {feature.name for known in FAMILIES.values() for feature in known.features}
    if name in FAMILIES or any(feature.name in taken for feature in features):
        raise ConfigurationError(f"features: expected new names, was family {name!r} of {_names(features)}")
    if not all(map(is_name, (name, *(feature.name for feature in features)))):
        raise ConfigurationError(f"features: {NAMING_SAID}, was family {name!r} of {_names(features)}")
    FAMILIES[name] = RegisteredFamily(
        features, lambda parameters: built(family, name, parameters.own.get(name, {}), "features")
    )


def built(component: Callable[..., Any], name: str, table: dict[str, Any], kind: str) -> Any:
    """A component of the user, from its class and its table in the configuration."""
    expected = getattr(component, "Parameters", None)
    if expected is None:
        if table:
            raise ConfigurationError(f"[market.{kind}.own.{name}]: expected no parameters, was {table}")
        return component()
    return component(configured(table, expected, f"market.{kind}.own.{name}"))


def families_of(names: Sequence[str]) -> list[str]:
    """Families, in the order of the register, that compute these features.

    >>> families_of(["spread", "return_1"])
    ['prices', 'spread']

    Raises:
        ConfigurationError: nothing computes one of them.
    """
    known = {feature.name for family in FAMILIES.values() for feature in family.features}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ConfigurationError(
            f"features: nothing computes {', '.join(unknown)}; fix: one of {', '.join(sorted(known))}, or name the "
            "module that registers it in [plugins] modules"
        )
    return [name for name, family in FAMILIES.items() if any(feature.name in names for feature in family.features)]


def feature(name: str) -> Feature:
    """What a feature is.

    >>> feature("spread").unit
    'bps'
    """
    families_of([name])
    return next(each for family in FAMILIES.values() for each in family.features if each.name == name)


def _names(features: Sequence[Feature]) -> str:
    return ", ".join(feature.name for feature in features)
