"""Registry of the families of features (groups that are computed together), both built-in ones and plug-ins."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from schemas.errors import ConfigurationError
from schemas.limits import NAMING_SAID, is_name
from streams.engine.configured import expect_known
from streams.engine.registry import Registry
from streams.market.features.autocorrelation import Autocorrelation
from streams.market.features.book import BookFeatures
from streams.market.features.family import Family, Feature
from streams.market.features.flow import Flow
from streams.market.features.imbalance_changes import ImbalanceChanges
from streams.market.features.mid_age import MidAge
from streams.market.features.order_flows import OrderFlows
from streams.market.features.oscillators import Oscillators
from streams.market.features.parameters import OscillatorParameters, ReferenceParameters, VolatilityParameters
from streams.market.features.prices import Prices
from streams.market.features.rates import Rates
from streams.market.features.realised import RealisedVolatility
from streams.market.features.realised_volatilities import RealisedVolatilities
from streams.market.features.references import (
    EVERY,
    ReferenceFeatures,
    family_of,
    features_of_reference,
    reference_of,
)
from streams.market.features.returns import Returns
from streams.market.features.spread import Spread
from streams.market.features.trade_flows import TradeFlows
from streams.market.features.volatility import Volatility
from streams.market.features.windows import WindowLength, is_length, window_of

OVER_TIME = (
    "return_200ms",
    "return_1s",
    "return_5s",
    "queue_imbalance_change_100ms",
    "queue_imbalance_change_500ms",
    "order_flow_imbalance_200ms",
    "trade_flow_imbalance_200ms",
    "trade_flow_imbalance_5s",
)
"""Features over durations that are computed by default, for the trees of retrains."""


class FeatureParameters(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Parameters of the features, which are read from the table `[market.features]` of the configuration.

    Attributes:
        recorded: names of features that are computed and written into outcomes even if no component needs them. Models
            that look at all computed features, such as the trees of a retrain, see them as well.
        order_flow_window: number of quotes, or duration of event time such as `"2s"`, over which the order-flow
            imbalance is summed.
        trade_window: number of trades, or duration of event time, over which the trade flow and the average trade
            price are summed.
        oscillators: smoothing of RSI and MACD.
        volatility: smoothing of the volatilities and the autocorrelation.
        references: which other symbols the features may look at, and how.
        own: parameters of families (groups of features) that plug-ins registered: one table for each family, by the
            family's name.
    """

    recorded: tuple[str, ...] = OVER_TIME
    order_flow_window: WindowLength = 50
    trade_window: WindowLength = 50
    oscillators: OscillatorParameters = OscillatorParameters()
    volatility: VolatilityParameters = VolatilityParameters()
    references: ReferenceParameters = ReferenceParameters()
    own: dict[str, dict[str, Any]] = {}


FAMILIES: Registry[Family] = Registry(
    "market.features",
    "families",
    {
        "prices": (Prices, lambda parameters: Prices()),
        "oscillators": (Oscillators, lambda parameters: Oscillators(parameters.oscillators)),
        "book": (BookFeatures, lambda parameters: BookFeatures(window_of(parameters.order_flow_window))),
        "flow": (Flow, lambda parameters: Flow(window_of(parameters.trade_window))),
        "autocorrelation": (Autocorrelation, lambda parameters: Autocorrelation(parameters.volatility)),
        "volatility": (Volatility, lambda parameters: Volatility(parameters.volatility)),
        "realised": (RealisedVolatility, lambda parameters: RealisedVolatility(parameters.volatility)),
        "spread": (Spread, lambda parameters: Spread()),
        "mid_age": (MidAge, lambda parameters: MidAge()),
        "returns": (Returns, lambda parameters, windows: Returns(windows)),
        "imbalance_changes": (ImbalanceChanges, lambda parameters, windows: ImbalanceChanges(windows)),
        "order_flows": (OrderFlows, lambda parameters, windows: OrderFlows(windows)),
        "trade_flows": (TradeFlows, lambda parameters, windows: TradeFlows(windows)),
        "realised_volatilities": (RealisedVolatilities, lambda parameters, windows: RealisedVolatilities(windows)),
        "rates": (Rates, lambda parameters, windows: Rates(windows)),
    },
)


def _templates(family: str) -> tuple[Feature, ...]:
    """Features of a family with `{window}` in the place of a length; empty if the family's windows are not in names."""
    part = FAMILIES[family].part
    return part.features if hasattr(part, "windows") else ()


def _over(templates: Sequence[Feature], lengths: Sequence[str]) -> tuple[Feature, ...]:
    return tuple(
        replace(each, name=each.name.format(window=length), formula=each.formula.format(window=length))
        for length in lengths
        for each in templates
    )


def _length(name: str, family: str) -> str:
    """Length of the window that the name of a feature of `family` ends with; empty if the name is not of that form."""
    for each in _templates(family):
        before = each.name.removesuffix("{window}")
        length = name[len(before) :]
        if name.startswith(before) and is_length(length) and (FAMILIES[family].part.counted or not length.isdigit()):
            return length
    return ""


class Chosen(NamedTuple):
    """A family of features (group computed together) that is to be computed.

    Attributes:
        family: name of the family.
        features: its features, in the order in which the family returns their values.
        lengths: lengths of the windows that it is made for, numbers of events first, then durations, the shortest of
            each first; empty if its features have no windows in their names.
        reference: symbol that the features look at; empty for features of the symbol itself.
    """

    family: str
    features: tuple[Feature, ...]
    lengths: tuple[str, ...]
    reference: str = ""

    def build(self, parameters: FeatureParameters) -> Any:
        """Return a new instance of the family: a `Family`, or `ReferenceFeatures` of the reference."""
        if self.reference:
            return ReferenceFeatures(self.reference, parameters.references)
        registered = FAMILIES[self.family]
        if self.lengths:
            return registered.build(parameters, [window_of(each) for each in self.lengths])
        return registered.build(parameters)


def features_of(family: str) -> tuple[Feature, ...]:
    """Return the features of a family (group computed together), in the order in which the family returns their values.

    Of a family that can compute its features over any window, the result has those over the usual windows.

    >>> [each.name for each in features_of("spread")], features_of("SPY.*")[-1].name
    (['spread'], 'SPY.age')
    >>> [each.name for each in features_of("returns")][:2]
    ['return_50ms', 'return_100ms']
    """
    if family not in FAMILIES and family.endswith(EVERY):
        return features_of_reference(family.removesuffix(EVERY))
    part = FAMILIES[family].part
    return _over(_templates(family), part.windows) if _templates(family) else part.features


def every_feature() -> list[Feature]:
    """Return the descriptions of all features, built-in ones and those of plug-ins, in the order of registration.

    A vector of features holds the values of the computed features in the same order. Features over windows other than
    the usual ones are not in the list, but `is_feature` knows them.
    """
    return [each for family in FAMILIES for each in features_of(family)]


BUILT_IN = tuple(each for family in FAMILIES if not _templates(family) for each in features_of(family))
FEATURES = tuple(feature.name for feature in BUILT_IN)
"""Names of the built-in features without a window of event time in their names, in the order of their values."""

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
    if any(map(is_feature, names)):
        raise ConfigurationError(f"[market.features]: expected new names of features, {said}")
    if not all(map(is_name, names)):
        raise ConfigurationError(f"[market.features]: {NAMING_SAID}, {said}")
    FAMILIES.register(name, family)


def is_feature(name: str) -> bool:
    """Whether there is a feature of this name, be it over a window that no list has.

    >>> [is_feature(name) for name in ("spread", "return_750ms", "return_750")]
    [True, True, True]
    >>> [is_feature(name) for name in ("return_0s", "return_", "sprad", "quote_rate_50")]
    [False, False, False, False]
    """
    own = any(name == each.name for each in every_feature()) or any(_length(name, family) for family in FAMILIES)
    return own or bool(reference_of(name))


def expect_features(names: Iterable[str], where: str, what: str = "features") -> None:
    """Raise an error at the first name that is not one of a feature.

    Args:
        names: names that a configuration uses.
        where: table of the configuration that uses them, for the error.
        what: what the names stand for, in the plural, for the error.

    Raises:
        ConfigurationError: a name is unknown; the message says the first such name and the most similar known name.
    """
    expect_known((name for name in names if not is_feature(name)), [each.name for each in every_feature()], where, what)


def chosen(names: Sequence[str]) -> list[Chosen]:
    """Return the families (groups computed together) that compute the given features, in the order of registration.

    Behind them come those of references (other symbols whose last state features look at), in the order of the names.

    >>> [(each.family, each.lengths) for each in chosen(["SPY.age", "return_2s", "spread", "return_1", "return_5ms"])]
    [('prices', ()), ('spread', ()), ('returns', ('5ms', '2s')), ('SPY.*', ())]

    Raises:
        ConfigurationError: no registered family computes one of the features.
    """
    expect_features(names, "market.features")
    listed = {each.name for family in FAMILIES if not _templates(family) for each in features_of(family)}
    found = []
    for family in FAMILIES:
        if templates := _templates(family):
            asked = {_length(name, family) for name in names if name not in listed} - {""}
            ordered = tuple(sorted(asked, key=lambda each: (not window_of(each).counted, window_of(each).span, each)))
            if ordered:
                found.append(Chosen(family, _over(templates, ordered), ordered))
        elif any(each.name in names for each in features_of(family)):
            found.append(Chosen(family, features_of(family), ()))
    computed = {each.name for one in found for each in one.features}
    others = sorted({reference_of(name) for name in names if name not in computed} - {""})
    return [*found, *(Chosen(family_of(each), features_of_reference(each), (), each) for each in others)]


def families_of(names: Sequence[str]) -> list[str]:
    """Return the names of the families (groups computed together) that compute the given features.

    The families are in the order of registration, each once. Behind them come those of references (other symbols whose
    last state features look at), in the order of their names.

    >>> families_of(["SPY.age", "spread", "return_1"])
    ['prices', 'spread', 'SPY.*']

    Raises:
        ConfigurationError: no registered family computes one of the features.
    """
    return [each.family for each in chosen(names)]


def feature(name: str) -> Feature:
    """Return the description of the feature with this name.

    >>> feature("spread").unit, feature("return_3s").formula
    ('bps', 'mid / mid 3s ago - 1')

    Raises:
        ConfigurationError: there is no feature of this name.
    """
    return next(each for family in chosen([name]) for each in family.features if each.name == name)
