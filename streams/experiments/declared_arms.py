"""Check that the challengers of declared experiments can be started on their symbols."""

from collections.abc import Mapping
from typing import Any

from schemas.errors import ConfigurationError
from streams.engine.configured import configured, expect_known, merged
from streams.experiments.declaration import Declaration
from streams.market.arm_parameters import TABLES, ArmParameters
from streams.market.parameters import BySymbol, MarketParameters


def expect_arms(parameters: BySymbol, experiments: Mapping[str, Declaration]) -> None:
    """Check that the challenger of every declared experiment can be started on each symbol of its experiment.

    >>> expect_arms(BySymbol(), {"bold": Declaration(arm={"sizng": {"kelly_fraction": 0.001}})})
    Traceback (most recent call last):
    ...
    schemas.errors.UnknownName: [experiments.bold.arm]: expected tables among model, models, recall, mixture, \
correction, confidence, sizing, features, regime, strategies, costs, was sizng; fix: sizing

    Args:
        parameters: parameters of the live pipeline, in general and for single symbols.
        experiments: declared experiments by name.

    Raises:
        ConfigurationError: parameters of a challenger are unknown or invalid; the error names the experiment and the
            likely correction.
    """
    for name, declared in experiments.items():
        where = f"experiments.{name}.arm"
        if not declared.arm:
            continue
        expect_known(declared.arm, TABLES, where, "tables")
        _expect_arm(parameters.market, declared.arm, where)
        for own in (parameters.symbols[each] for each in declared.symbols if each in parameters.symbols):
            _expect_arm(own, declared.arm, where)


def _expect_arm(own: MarketParameters, arm: Mapping[str, Any], where: str) -> None:
    variants = ArmParameters(own)
    for table, fields in arm.items():
        configured(merged(variants.table(table), fields), TABLES[table], f"{where}.{table}")
    try:
        variants.overrides(arm)
    except ValueError as error:
        said = ConfigurationError(str(error), f"[{where}]")
        if not said.fix:
            said = ConfigurationError(f"{error}; fix: see docs/experiments.md for what an arm may be", f"[{where}]")
        raise said from error
