"""Parameters of the market node: how ticks become predictions; those of its parts lie beside the parts."""

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
    """How much disorder to bear.

    Attributes:
        late_tolerance_ns: a tick that is late by up to this much is taken as of the symbol's clock.
        max_jump: a price that is further than this fraction from the last mid is refused.
        resync_after: so many refused ticks in a row that agree with one another are right, and the past was wrong.
        max_gap_ns: a tick that is further ahead of the last one is refused, unless that is within 20 horizons.
        silence_ns: after so long without a tick, or 20 horizons if that is longer, what waits for its outcome is not
            scored; a quote that is older stands for nothing.
    """

    late_tolerance_ns: Duration = 0
    max_jump: Annotated[float, Meta(gt=0.0, lt=1.0)] = 0.2
    resync_after: Annotated[int, Meta(ge=2, le=MOST)] = 20
    max_gap_ns: Annotated[int, Meta(ge=1, lt=2**62)] = 14 * 86_400_000_000_000
    silence_ns: Annotated[int, Meta(ge=1, lt=2**62)] = 600_000_000_000


class RecallParameters(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What stands ready beside a model: copies of what it was, and one that learns quicker.

    Attributes:
        most: copies that are kept; 0: nothing stands beside it.
        every: labels after which the model is copied.
        alike: cosine of two vectors of weights from which on they count as the same: the new copy replaces that one.
        rate: power of each likelihood, besides the worth of its label: labels that overlap were measured to say more.
        share: part of the belief that is spread evenly at each label, so that no copy is ever beyond recall.
        taken_up: belief from which on one of them takes the place of the model, which goes on learning from there.
        quick: how many times as fast as the model the quick one learns; 0: there is none.
        quick_rate: power of its likelihood over the model's, besides the worth of the label: it gets little credit for
            what may be luck.
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
    """How quickly belief moves, and where it starts.

    Attributes:
        rate: power of each likelihood, besides the worth of its label.
        share: part of the belief that goes back to the prior at a label of worth 1, so that no expert is ever beyond
            recall.
        prior: belief in experts before the first label, relative to 1 for those that are not named; 0 leaves one out.
    """

    rate: Annotated[float, Meta(gt=0.0, le=1.0)] = 0.35
    share: Annotated[float, Meta(ge=0.0, lt=1.0)] = 0.005
    prior: dict[str, Annotated[float, Meta(ge=0.0, le=1e6)]] = field(
        default_factory=lambda: {"imbalance": 8.0, "momentum": 1.5}
    )


class CorrectionParameters(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How far the experts are corrected.

    Attributes:
        variance: prior variance of each weight, for features scaled to a mean square of 1; 0 switches it off.
        trust: part of the correction that is applied at first.
        share: part of the trust that goes back to that at a label of worth 1.
    """

    variance: Annotated[float, Meta(ge=0.0, le=10.0)] = 0.4
    trust: Annotated[float, Meta(gt=0.0, lt=1.0)] = 0.1
    share: Annotated[float, Meta(ge=0.0, lt=1.0)] = 0.005


class MarketParameters(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Parameters of the market node for one symbol; each operator's own stand beside it.

    Attributes:
        horizon_ns: how far ahead predictions look, ns of event time.
        scored_per_horizon: most predictions within one horizon that are kept to be scored and learned from: labels of
            neighbouring ticks overlap and say nearly the same.
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
"""Parameters that earlier digests were made without, by table, with the defaults under which they change nothing."""


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
