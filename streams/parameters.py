"""Parameters of all nodes in one container, read from the tables of a TOML file.

A digest of the parameters is stored with every state, so that the state is not used with other parameters.
"""

from collections.abc import Mapping
from typing import Any

from msgspec import field, to_builtins

from schemas.errors import ConfigurationError
from schemas.limits import NAMING_SAID, is_name, is_symbol
from streams.account.parameters import AccountParameters
from streams.engine.configured import configured, expect_numbers, merged
from streams.experiments.declaration import Declaration
from streams.market.parameters import BySymbol, MarketParameters
from streams.monitoring.parameters import MonitorParameters
from streams.retraining.parameters import TRIAL, RetrainParameters

MOST_EXPERIMENTS = 100
"""Most declared experiments: each has a state within that of every symbol."""


class Parameters(BySymbol, frozen=True):
    """Parameters of every node.

    Attributes:
        market: parameters of the market node, for every symbol that is not in `symbols`.
        symbols: parameters of the market node for single symbols, by symbol.
        account: parameters of the paper account, for all symbols.
        experiments: declared experiments, by name.
        monitor: parameters of the monitor node, for all symbols.
        retraining: parameters of retraining jobs, for all symbols.
    """

    account: AccountParameters = AccountParameters()
    experiments: dict[str, Declaration] = field(default_factory=dict)
    monitor: MonitorParameters = MonitorParameters()
    retraining: RetrainParameters = RetrainParameters()


def load_parameters(table: Mapping[str, Any]) -> Parameters:
    """Parameters from the parsed TOML table of a configuration file.

    The tables are `[market]`, `[references]`, `[account]`, `[monitor]`, `[retraining]`, `[experiments.NAME]` and
    `[symbols.NAME.market]`. The last one overrides fields of `[market]` for one symbol. What is missing has its
    default.

    >>> parameters = load_parameters({
    ...     "market": {"costs": {"fee_bps": 2}},
    ...     "symbols": {"EURUSD": {"market": {"horizon_ns": 60_000_000_000}}},
    ... })
    >>> parameters.for_symbol("EURUSD").horizon_ns, parameters.for_symbol("EURUSD").costs.fee_bps
    (60000000000, 2.0)
    >>> load_parameters({"account": {"least": 1}})  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    schemas.errors.ConfigurationError: [account]: expected fields among ... was also least; fix: least_change

    Raises:
        ConfigurationError: a table or a field is not valid; the message names it.
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
    # Given fields of the trial are merged over the defaults of a trial, not over those of an experiment.
    retraining["trial"] = merged(to_builtins(TRIAL), _table(retraining, "trial", "[retraining.trial]"))
    whole = Parameters(
        market=configured(everywhere, MarketParameters, "market"),
        symbols=symbols,
        account=configured(_table(table, "account", "[account]"), AccountParameters, "account"),
        experiments=experiments,
        monitor=configured(_table(table, "monitor", "[monitor]"), MonitorParameters, "monitor"),
        retraining=configured(retraining, RetrainParameters, "retraining"),
    )
    return whole.referring(_references(_table(table, "references", "[references]"))).spelled_out()


def _references(table: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Symbols that look at each reference, from the table `[references]`.

    >>> _references({"SPY": ["*"], "GLD": "NEM"})
    Traceback (most recent call last):
    ...
    schemas.errors.ConfigurationError: [references] GLD: expected a list of symbols, or ["*"] for all, was 'NEM'
    """
    found = {}
    for reference, symbols in table.items():
        if not is_symbol(reference) or "|" in reference:
            raise ConfigurationError(
                f"[references]: expected symbols of 1 to 32 printable ASCII characters without space and `|`, was "
                f"{reference!r:.80}"
            )
        if not isinstance(symbols, list) or not all(isinstance(each, str) and is_symbol(each) for each in symbols):
            raise ConfigurationError(
                f'[references] {reference}: expected a list of symbols, or ["*"] for all, was {symbols!r:.80}'
            )
        found[reference] = tuple(symbols)
    return found


def _table(parent: Mapping[str, Any], name: str, where: str) -> Mapping[str, Any]:
    table = parent.get(name, {})
    if not isinstance(table, Mapping):
        raise ConfigurationError(f"{where}: expected a table, was {table!r}")
    return table
