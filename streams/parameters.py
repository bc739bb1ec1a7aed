"""Everything that decides what the nodes compute: frozen, hashed into every decision, read from TOML."""

from collections.abc import Mapping
from hashlib import sha256
from math import isfinite
from typing import Annotated, Any

from msgspec import Meta, Struct, field, json, to_builtins

from schemas.errors import ConfigurationError
from schemas.limits import NAMING_SAID, is_name
from streams.account.parameters import AccountParameters
from streams.bounds import MOST, Count, CountOrNone, Duration
from streams.confidence import ConfidenceParameters
from streams.configured import configured
from streams.costs import CostParameters
from streams.experiments.declaration import Declaration
from streams.features import FeatureParameters
from streams.models.parameters import SignedLogisticParameters
from streams.monitoring.parameters import MonitorParameters
from streams.regime import RegimeParameters
from streams.retraining.parameters import TRIAL, RetrainParameters
from streams.sizing import SizingParameters
from streams.strategies import StrategyParameters
from streams.validation import ValidationParameters

MOST_EXPERIMENTS = 100
"""Declared ones: each has a state of its own within that of every symbol."""


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


ADDED_SINCE = {"admission": {name: getattr(AdmissionParameters(), name) for name in ("max_gap_ns", "silence_ns")}}
"""Parameters that earlier digests were made without, by table, with the defaults under which they change nothing."""


class Parameters(Struct, frozen=True):
    """Parameters of every node.

    Attributes:
        market: of the market node, for every symbol that has none of its own.
        symbols: of the market node, for those that do.
        account: of the account node, for all symbols.
        experiments: by name.
        monitor: of the monitor node, for every symbol.
        retraining: of the retraining jobs, for every symbol.
    """

    market: MarketParameters = MarketParameters()
    symbols: dict[str, MarketParameters] = {}
    account: AccountParameters = AccountParameters()
    experiments: dict[str, Declaration] = {}
    monitor: MonitorParameters = MonitorParameters()
    retraining: RetrainParameters = RetrainParameters()

    def for_symbol(self, symbol: str) -> MarketParameters:
        """Parameters that hold for `symbol`."""
        return self.symbols.get(symbol, self.market)


def load_parameters(table: Mapping[str, Any]) -> Parameters:
    """Parameters from a configuration file as a table.

    `[market]`, `[symbols.NAME.market]` on top of it, `[account]`, `[monitor]`, `[retraining]` and `[experiments.NAME]`.

    >>> parameters = load_parameters({
    ...     "market": {"costs": {"fee_bps": 2}},
    ...     "symbols": {"EURUSD": {"market": {"horizon_ns": 60_000_000_000}}},
    ... })
    >>> parameters.for_symbol("EURUSD").horizon_ns, parameters.for_symbol("EURUSD").costs.fee_bps
    (60000000000, 2.0)
    >>> load_parameters({"account": {"least": 1}})
    Traceback (most recent call last):
    ...
    schemas.errors.ConfigurationError: [account]: expected fields among least_change, closing_confidence, \
mark_every_ns, drawdown_step_bps, was also least; fix: least_change

    Raises:
        ConfigurationError: with the table and the field that makes no sense.
    """
    expect_numbers(table)
    everywhere = _table(table, "market", "[market]")
    symbols = {}
    for symbol, overrides in _table(table, "symbols", "[symbols]").items():
        where = f"[symbols.{symbol}]"
        if not isinstance(overrides, Mapping) or set(overrides) - {"market"}:
            raise ConfigurationError(
                f"{where}: expected nothing but a table `market`, was {overrides!r:.80}; fix: [symbols.{symbol}.market]"
            )
        own = _table(overrides, "market", where)
        symbols[symbol] = configured(merged(everywhere, own), MarketParameters, f"symbols.{symbol}.market")
    experiments = {
        name: configured(_table(declared, name, f"[experiments.{name}]"), Declaration, f"experiments.{name}")
        for declared in (_table(table, "experiments", "[experiments]"),)
        for name in declared
    }
    for name in experiments:
        if not is_name(name):
            raise ConfigurationError(f"[experiments.{name:.80}]: {NAMING_SAID}; fix: call it otherwise")
    if len(experiments) > MOST_EXPERIMENTS:
        raise ConfigurationError(
            f"[experiments]: expected at most {MOST_EXPERIMENTS} experiments, was {len(experiments)}; fix: take out "
            "those that are over"
        )
    retraining = dict(_table(table, "retraining", "[retraining]"))
    # What is given of the trial lies on top of what a trial is, not on top of what an experiment is.
    retraining["trial"] = merged(to_builtins(TRIAL), _table(retraining, "trial", "[retraining.trial]"))
    return Parameters(
        market=configured(everywhere, MarketParameters, "market"),
        symbols=symbols,
        account=configured(_table(table, "account", "[account]"), AccountParameters, "account"),
        experiments=experiments,
        monitor=configured(_table(table, "monitor", "[monitor]"), MonitorParameters, "monitor"),
        retraining=configured(retraining, RetrainParameters, "retraining"),
    )


def expect_numbers(table: Any, where: str = "") -> None:
    """Refuse `nan` and `inf`, which TOML has: also in tables whose fields only a component of the user knows.

    >>> expect_numbers({"market": {"strategies": {"own": {"fade": {"slope": float("nan")}}}}})
    Traceback (most recent call last):
    ...
    schemas.errors.ConfigurationError: market.strategies.own.fade.slope: expected a finite number, was nan

    Raises:
        ConfigurationError: with the path of the first of them.
    """
    if isinstance(table, float) and not isfinite(table):
        raise ConfigurationError(f"{where}: expected a finite number, was {table}")
    if isinstance(table, Mapping):
        for name, value in table.items():
            expect_numbers(value, f"{where}.{name}" if where else str(name))
    elif isinstance(table, list | tuple):
        for at, value in enumerate(table):
            expect_numbers(value, f"{where}[{at}]")


def _table(parent: Mapping[str, Any], name: str, where: str) -> Mapping[str, Any]:
    table = parent.get(name, {})
    if not isinstance(table, Mapping):
        raise ConfigurationError(f"{where}: expected a table, was {table!r}")
    return table


def merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Table `below` with the fields of `above` on top, sub-tables alike.

    >>> merged({"a": 1, "sub": {"b": 2, "c": 3}}, {"sub": {"b": 4}})
    {'a': 1, 'sub': {'b': 4, 'c': 3}}
    """
    whole = dict(below)
    for name, value in above.items():
        under = whole.get(name)
        whole[name] = merged(under, value) if isinstance(under, Mapping) and isinstance(value, Mapping) else value
    return whole
