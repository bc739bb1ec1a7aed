"""Parameters of the market node, which are read from the tables `[market...]` of the configuration."""

from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from typing import Annotated, Any, Self

from msgspec import Meta, Struct, field, json, to_builtins
from msgspec.structs import replace

from schemas.errors import ConfigurationError
from streams.engine.bounds import MOST, Count, CountOrNone, Duration
from streams.market.confidence import ConfidenceParameters
from streams.market.costs import CostParameters
from streams.market.features import FeatureParameters
from streams.market.features.parameters import MOST_REFERENCES, ReferenceParameters
from streams.market.features.references import default_features, reference_of
from streams.market.models.parameters import ExpertParameters, SignedLogisticParameters
from streams.market.regime import RegimeParameters
from streams.market.sizing import SizingParameters
from streams.market.strategies import StrategyParameters
from streams.market.tick_checks import ValidationParameters


class AdmissionParameters(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which ticks are refused for their time or price, and how long a silence may be.

    Attributes:
        late_tolerance_ns: how far the time of a tick may be before the latest time of the symbol, ns. Such
            a tick counts as if it had the latest time; a tick that is further back is refused.
        max_jump: largest change of the price from one tick to the next, as a fraction of the last mid; a
            tick with a larger change is refused.
        resync_after: number of successive ticks that contradict earlier ones but agree with one another, at
            which their time and price are accepted. All of these ticks but the last are refused.
        max_gap_ns: largest step in time from one tick to the next, ns; a tick after a larger step is
            refused. A step of up to 20 prediction horizons is always allowed. Once a larger step has been
            accepted, because enough ticks in a row agreed on it, steps of up to twice the largest distance
            between two successive ticks in this row are allowed, too.
        silence_ns: time without a tick, ns, after which predictions that wait for their outcome are
            dropped. A quote that is older than this is no longer used. If this is less than 20 prediction
            horizons, 20 horizons count instead.
    """

    late_tolerance_ns: Duration = 0
    max_jump: Annotated[float, Meta(gt=0.0, lt=1.0)] = 0.2
    resync_after: Annotated[int, Meta(ge=2, le=MOST)] = 20
    max_gap_ns: Annotated[int, Meta(ge=1, lt=2**62)] = 14 * 86_400_000_000_000
    silence_ns: Annotated[int, Meta(ge=1, lt=2**62)] = 600_000_000_000


class RecallParameters(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Parameters of recall: earlier copies of a model and a fast learner, one of which may replace the model.

    The fast learner is a second model with a higher learning rate. Model, copies and fast learner have weights, which
    tell how good their probabilities were. The weights change at each label (known outcome of a prediction); the
    label's uniqueness, 0 to 1, is smaller where labels overlap in time.

    Attributes:
        most: largest number of copies; with 0 there are neither copies nor a fast learner.
        every: number of labels after which the model is copied again.
        alike: least cosine between the weight vectors of two models that count as alike; a new copy replaces an old one
            that is alike.
        rate: exponent of each likelihood at a label of uniqueness 1; the larger, the faster the weights change. The
            default is above 1, which was better than 1 when it was measured.
        share: fraction of the weights that is spread evenly at each label, so that none becomes 0 (fixed share).
        taken_up: weight above which a copy or the fast learner replaces the model and goes on learning in its place.
        quick: learning rate of the fast learner, as a multiple of the model's; with 0 there is no fast learner.
        quick_rate: exponent of the likelihoods of fast learner and model, by which their weights change against each
            other; small, because the fast learner follows noise.
    """

    most: Annotated[int, Meta(ge=0, le=16)] = 6
    every: Count = 2_000
    alike: Annotated[float, Meta(ge=0.0, le=1.0)] = 0.97
    rate: Annotated[float, Meta(gt=0.0, le=20.0)] = 5.0
    share: Annotated[float, Meta(ge=0.0, lt=1.0)] = 0.001
    taken_up: Annotated[float, Meta(gt=0.5, lt=1.0)] = 0.8
    quick: Annotated[float, Meta(ge=0.0, le=100.0)] = 10.0
    quick_rate: Annotated[float, Meta(gt=0.0, le=20.0)] = 0.35


class MixtureParameters(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How fast the weights of the experts (rule strategies and model) change, and where they start.

    The weights change at each label (known outcome of a prediction). A label's uniqueness, 0 to 1, is smaller where
    labels overlap in time.

    Attributes:
        rate: exponent of each expert's likelihood at a label of uniqueness 1; the larger, the faster the weights
            change.
        share: fraction of the way back to their start that the weights go at a label of uniqueness 1, so that none
            becomes 0 (fixed share).
        prior: starting weight of an expert, by the expert's name. An expert that is not named has 1, an expert with 0
            is left out; all starting weights are then divided by their sum.
    """

    rate: Annotated[float, Meta(gt=0.0, le=1.0)] = 0.35
    share: Annotated[float, Meta(ge=0.0, lt=1.0)] = 0.005
    prior: dict[str, Annotated[float, Meta(ge=0.0, le=1e6)]] = field(
        default_factory=lambda: {"imbalance": 8.0, "momentum": 1.5}
    )


class CorrectionParameters(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Parameters of the residual correction, a regression that corrects the pooled log-odds of the experts.

    The experts are the rule strategies and the model.

    Attributes:
        variance: prior variance of each weight of the regression, for features scaled to a mean square of 1; 0 switches
            the correction off.
        trust: fraction of the correction that is applied before the first label (known outcome of a prediction); each
            label changes this fraction.
        share: how far the applied fraction returns towards `trust` at each label, as a fraction of its distance; less
            at a label that overlaps others in time.
    """

    variance: Annotated[float, Meta(ge=0.0, le=10.0)] = 0.4
    trust: Annotated[float, Meta(gt=0.0, lt=1.0)] = 0.1
    share: Annotated[float, Meta(ge=0.0, lt=1.0)] = 0.005


class MarketParameters(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Parameters of the market node for one symbol.

    Fields that are not listed here hold the parameters of one component each, which are described in their own classes.

    Attributes:
        horizon_ns: how far ahead predictions look, ns of event time.
        scored_per_horizon: largest number of predictions within one horizon that are scored and learned from. A larger
            number would add little, because outcomes of neighbouring ticks are mostly the same.
        warmup_ticks: number of ticks of a symbol before its first prediction is scored.
    """

    horizon_ns: Annotated[int, Meta(ge=1, lt=2**62)] = 500_000_000
    scored_per_horizon: Annotated[int, Meta(ge=1, le=1_000)] = 20
    warmup_ticks: CountOrNone = 100
    validation: ValidationParameters = ValidationParameters()
    admission: AdmissionParameters = AdmissionParameters()
    features: FeatureParameters = FeatureParameters()
    regime: RegimeParameters = RegimeParameters()
    strategies: StrategyParameters = StrategyParameters()
    model: SignedLogisticParameters = SignedLogisticParameters()
    models: dict[str, ExpertParameters] = {}
    recall: RecallParameters = RecallParameters()
    mixture: MixtureParameters = MixtureParameters()
    correction: CorrectionParameters = CorrectionParameters()
    confidence: ConfidenceParameters = ConfidenceParameters()
    costs: CostParameters = CostParameters()
    sizing: SizingParameters = SizingParameters()

    def digest(self) -> str:
        """Return the SHA-256 over all parameters, 64 hex digits; equal parameters give equal digests in every process.

        Parameters that were added in later releases are left out while they have their default value. So a digest stays
        the same after an upgrade.
        """
        fields = to_builtins(self)
        for table, added in ADDED_SINCE.items():
            fields[table] = {name: value for name, value in fields[table].items() if added.get(name) != value}
        if not self.models:
            del fields["models"]
        return sha256(json.encode(fields)).hexdigest()


ADDED_SINCE: dict[str, dict[str, Any]] = {
    "admission": {name: getattr(AdmissionParameters(), name) for name in ("max_gap_ns", "silence_ns")},
    "confidence": {"own": {}},
    "features": {"references": to_builtins(ReferenceParameters())},
    "costs": {"own": {}},
    "sizing": {"own": {}},
}
"""Parameters that digests leave out at these defaults, by table, as earlier releases did not have them."""


class BySymbol(Struct, frozen=True):
    """Parameters of the market node for every symbol.

    Attributes:
        market: parameters of all symbols that are not in `symbols`.
        symbols: parameters of the symbols that have their own, by symbol.
    """

    market: MarketParameters = MarketParameters()
    symbols: dict[str, MarketParameters] = {}

    def for_symbol(self, symbol: str) -> MarketParameters:
        """Return the parameters of `symbol`: its own if it has some, otherwise those of all other symbols."""
        found = self.symbols.get(symbol, self.market)
        return without_reference(found, symbol) if symbol in found.features.references.of else found

    def spelled_out(self) -> Self:
        """The same parameters, with those of each reference (symbol that others look at) in `symbols`, too."""
        own = {symbol: self.for_symbol(symbol) for symbol in (*self.symbols, *self.references)}
        return replace(self, symbols=own) if self.references else self

    @property
    def references(self) -> tuple[str, ...]:
        """Every symbol that the features of some other symbol may look at, each once."""
        every = (self.market, *self.symbols.values())
        return tuple(dict.fromkeys(symbol for each in every for symbol in each.features.references.of))

    def referring(self, references: Mapping[str, Sequence[str]]) -> Self:
        """These parameters, with references for some symbols or for all.

        A reference is a symbol whose last state the features of other symbols look at. Models with the default
        features then have the default features of each reference, too; others have those that they name.

        Args:
            references: by reference the symbols that look at it; `*` stands for every symbol.

        >>> spied = BySymbol().referring({"SPY": ["*"], "GLD": ["NEM"]})
        >>> [spied.for_symbol(each).features.references.of for each in ("IBM", "NEM", "SPY")]
        [('SPY',), ('SPY', 'GLD'), ()]
        >>> spied.for_symbol("IBM").model.features[-1]
        'SPY.queue_imbalance'
        """
        everywhere = [reference for reference, symbols in references.items() if EVERYWHERE in symbols]
        named = dict.fromkeys(symbol for symbols in references.values() for symbol in symbols if symbol != EVERYWHERE)
        own = {
            symbol: with_references(
                self.symbols.get(symbol, self.market),
                [each for each, symbols in references.items() if {symbol, EVERYWHERE} & {*symbols}],
            )
            for symbol in (*self.symbols, *named)
        }
        return replace(self, market=with_references(self.market, everywhere), symbols=own)


EVERYWHERE = "*"
"""Stands for every symbol in `[references]`."""


def with_references(parameters: MarketParameters, references: Sequence[str]) -> MarketParameters:
    """Return the parameters of a symbol that looks at further symbols, with their default features in its models.

    Models whose features are not the default ones stay as they are.

    Args:
        parameters: parameters of the symbol.
        references: the symbols to look at.
    """
    of = tuple(dict.fromkeys((*parameters.features.references.of, *references)))
    if not references:
        return parameters
    more = tuple(name for each in references for name in default_features(each))
    default = {SignedLogisticParameters().features, _seeing(parameters.features.references.of)}

    def seen(features: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*features, *more))) if features in default else features

    return _with_features(parameters, of, seen)


def without_reference(parameters: MarketParameters, symbol: str) -> MarketParameters:
    """Return the parameters of a symbol that looks at one symbol less: no symbol is its own reference.

    Args:
        parameters: parameters of the symbol.
        symbol: the symbol that is looked at no more; its features are left out of all models.
    """
    of = tuple(each for each in parameters.features.references.of if each != symbol)
    return _with_features(parameters, of, lambda names: tuple(name for name in names if reference_of(name) != symbol))


def _seeing(references: Sequence[str]) -> tuple[str, ...]:
    return (*SignedLogisticParameters().features, *(name for each in references for name in default_features(each)))


def _with_features(
    parameters: MarketParameters, of: tuple[str, ...], seen: Callable[[tuple[str, ...]], tuple[str, ...]]
) -> MarketParameters:
    if len(of) > MOST_REFERENCES:
        raise ConfigurationError(
            f"[references]: expected at most {MOST_REFERENCES} references of a symbol, was {len(of)}; fix: take out "
            "those that say least"
        )
    features = replace(
        parameters.features,
        references=replace(parameters.features.references, of=of),
        recorded=seen(parameters.features.recorded),
    )
    model = parameters.model
    prior = {name: weight for name, weight in model.prior.items() if seen((name,))}
    return replace(
        parameters,
        features=features,
        model=replace(model, features=seen(model.features), prior=prior),
        models={name: replace(each, features=seen(each.features)) for name, each in parameters.models.items()},
    )
