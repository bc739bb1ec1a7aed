"""Parameters of the market node; those of its components lie beside the components."""

from hashlib import sha256
from typing import Annotated, Any

from msgspec import Meta, Struct, field, json, to_builtins

from streams.engine.bounds import MOST, Count, CountOrNone, Duration
from streams.market.confidence import ConfidenceParameters
from streams.market.costs import CostParameters
from streams.market.features import FeatureParameters
from streams.market.models.parameters import SignedLogisticParameters
from streams.market.regime import RegimeParameters
from streams.market.sizing import SizingParameters
from streams.market.strategies import StrategyParameters
from streams.market.tick_checks import ValidationParameters


class AdmissionParameters(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which ticks out of order, far ahead or far off in price are taken, and when a silence is too long.

    Attributes:
        late_tolerance_ns: a tick that is late by up to this much is taken as of the symbol's clock.
        max_jump: a price that is further than this fraction from the last mid is refused.
        resync_after: refused ticks in a row that agree with one another after which they are accepted.
        max_gap_ns: a tick that is further ahead of the last one is refused, unless that is within 20 horizons.
        silence_ns: time without a tick (at least 20 horizons) after which waiting predictions are not scored; an older
            quote is not used.
    """

    late_tolerance_ns: Duration = 0
    max_jump: Annotated[float, Meta(gt=0.0, lt=1.0)] = 0.2
    resync_after: Annotated[int, Meta(ge=2, le=MOST)] = 20
    max_gap_ns: Annotated[int, Meta(ge=1, lt=2**62)] = 14 * 86_400_000_000_000
    silence_ns: Annotated[int, Meta(ge=1, lt=2**62)] = 600_000_000_000


class RecallParameters(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Stored copies of a model and a fast learner beside it, one of which may take its place.

    Attributes:
        most: largest number of copies; 0: neither copies nor a fast learner.
        every: labels after which the model is copied.
        alike: cosine of two vectors of weights from which on they count as equal: a new copy replaces such a one.
        rate: exponent of each likelihood, times the uniqueness of the label; above 1, as was measured to be better.
        share: fraction of the weights that is spread evenly at each label (fixed share), so that none becomes 0.
        taken_up: weight from which on a copy or the fast learner takes the model's place and goes on learning there.
        quick: factor on the learning rate of the fast learner; 0: there is none.
        quick_rate: exponent of the fast learner's likelihood over the model's, times the uniqueness of the label;
            small, since it follows noise.
    """

    most: Annotated[int, Meta(ge=0, le=16)] = 6
    every: Count = 2_000
    alike: Annotated[float, Meta(ge=0.0, le=1.0)] = 0.97
    rate: Annotated[float, Meta(gt=0.0, le=20.0)] = 5.0
    share: Annotated[float, Meta(ge=0.0, lt=1.0)] = 0.001
    taken_up: Annotated[float, Meta(gt=0.5, lt=1.0)] = 0.8
    quick: Annotated[float, Meta(ge=0.0, le=100.0)] = 10.0
    quick_rate: Annotated[float, Meta(gt=0.0, le=20.0)] = 0.5


class MixtureParameters(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How quickly the weights of the experts change, and their prior.

    Attributes:
        rate: exponent of each likelihood, times the uniqueness of the label.
        share: fraction of the weights that goes back to the prior at a label of uniqueness 1 (fixed share), so that no
            weight becomes 0.
        prior: weights before the first label, relative to 1 for experts that are not named; 0 leaves one out.
    """

    rate: Annotated[float, Meta(gt=0.0, le=1.0)] = 0.35
    share: Annotated[float, Meta(ge=0.0, lt=1.0)] = 0.005
    prior: dict[str, Annotated[float, Meta(ge=0.0, le=1e6)]] = field(
        default_factory=lambda: {"imbalance": 8.0, "momentum": 1.5}
    )


class CorrectionParameters(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Parameters of the residual correction.

    Attributes:
        variance: prior variance of each weight, for features scaled to a mean square of 1; 0 switches it off.
        trust: fraction of the correction that is applied at first.
        share: fraction of `trust` that goes back to its start at a label of uniqueness 1 (fixed share).
    """

    variance: Annotated[float, Meta(ge=0.0, le=10.0)] = 0.4
    trust: Annotated[float, Meta(gt=0.0, lt=1.0)] = 0.1
    share: Annotated[float, Meta(ge=0.0, lt=1.0)] = 0.005


class MarketParameters(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Parameters of the market node for one symbol; those of each component are documented beside it.

    Attributes:
        horizon_ns: how far ahead predictions look, ns of event time.
        scored_per_horizon: most predictions within one horizon that are scored and learned from; labels of neighbouring
            ticks overlap and hold little new.
        warmup_ticks: ticks of a symbol before its predictions are scored.
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
    recall: RecallParameters = RecallParameters()
    mixture: MixtureParameters = MixtureParameters()
    correction: CorrectionParameters = CorrectionParameters()
    confidence: ConfidenceParameters = ConfidenceParameters()
    costs: CostParameters = CostParameters()
    sizing: SizingParameters = SizingParameters()

    def digest(self) -> str:
        """SHA-256 over all parameters, 64 hex digits: equal parameters, equal digest, in every process."""
        fields = to_builtins(self)
        for table, added in ADDED_SINCE.items():
            fields[table] = {name: value for name, value in fields[table].items() if added.get(name) != value}
        return sha256(json.encode(fields)).hexdigest()


ADDED_SINCE: dict[str, dict[str, Any]] = {
    "admission": {name: getattr(AdmissionParameters(), name) for name in ("max_gap_ns", "silence_ns")},
    "confidence": {"own": {}},
    "costs": {"own": {}},
    "sizing": {"own": {}},
}
"""Parameters that digests leave out at these defaults, by table, as earlier releases did not have them."""


class BySymbol(Struct, frozen=True):
    """Parameters of the market node for every symbol.

    Attributes:
        market: for every symbol that has none of its own.
        symbols: for those that do.
    """

    market: MarketParameters = MarketParameters()
    symbols: dict[str, MarketParameters] = {}

    def for_symbol(self, symbol: str) -> MarketParameters:
        """Parameters that hold for `symbol`."""
        return self.symbols.get(symbol, self.market)
