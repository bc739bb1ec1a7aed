"""Everything that decides what the nodes compute: frozen, hashed into every decision, read from TOML."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Annotated, Any, TypeVar

from msgspec import Meta, Struct, ValidationError, convert, json, to_builtins

from schemas.errors import ConfigurationError
from streams.account.parameters import AccountParameters
from streams.admission import AdmissionParameters
from streams.confidence import ConfidenceParameters
from streams.correction import CorrectionParameters
from streams.costs import CostParameters
from streams.experiments.declaration import Declaration
from streams.features import FeatureParameters
from streams.mixture import MixtureParameters
from streams.models.signed_logistic import SignedLogisticParameters
from streams.monitoring.parameters import MonitorParameters
from streams.recall import RecallParameters
from streams.regime import RegimeParameters
from streams.retraining.parameters import TRIAL, RetrainParameters
from streams.sizing import SizingParameters
from streams.strategies import StrategyParameters
from streams.validation import ValidationParameters

Kind = TypeVar("Kind")


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
    warmup_ticks: Annotated[int, Meta(ge=0)] = 100
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
        return sha256(json.encode(self)).hexdigest()


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
    >>> load_parameters({"market": {"horizon": 1}})
    Traceback (most recent call last):
    ...
    schemas.errors.ConfigurationError: [market]: Object contains unknown field `horizon`

    Raises:
        ConfigurationError: with the table and the field that makes no sense.
    """
    everywhere = _table(table, "market", "[market]")
    symbols = {}
    for symbol, overrides in _table(table, "symbols", "[symbols]").items():
        where = f"[symbols.{symbol}]"
        if not isinstance(overrides, Mapping) or set(overrides) - {"market"}:
            raise ConfigurationError(f"{where}: expected nothing but a table `market`, was {overrides}")
        own = _table(overrides, "market", where)
        symbols[symbol] = _convert(merged(everywhere, own), MarketParameters, f"[symbols.{symbol}.market]")
    experiments = {
        name: _convert(_table(declared, name, f"[experiments.{name}]"), Declaration, f"[experiments.{name}]")
        for declared in (_table(table, "experiments", "[experiments]"),)
        for name in declared
    }
    retraining = dict(_table(table, "retraining", "[retraining]"))
    # What is given of the trial lies on top of what a trial is, not on top of what an experiment is.
    retraining["trial"] = merged(to_builtins(TRIAL), _table(retraining, "trial", "[retraining.trial]"))
    return Parameters(
        market=_convert(everywhere, MarketParameters, "[market]"),
        symbols=symbols,
        account=_convert(_table(table, "account", "[account]"), AccountParameters, "[account]"),
        experiments=experiments,
        monitor=_convert(_table(table, "monitor", "[monitor]"), MonitorParameters, "[monitor]"),
        retraining=_convert(retraining, RetrainParameters, "[retraining]"),
    )


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


def _convert(table: Mapping[str, Any], kind: type[Kind], where: str) -> Kind:
    try:
        return convert(table, kind)
    except ValidationError as error:
        raise ConfigurationError(f"{where}: {error}") from error
