"""Whether every name in parameters is of something that there is: a misspelt one must not be without effect."""

from collections.abc import Iterable, Mapping
from typing import Any

from schemas.errors import ConfigurationError
from streams.confidence import CALIBRATORS
from streams.configured import configured, expect_known
from streams.costs import COSTS
from streams.features.registry import FAMILIES, FAMILIES_BUILT_IN
from streams.market.arms import MODEL
from streams.market.variants import ARM_LEVEL, Variants
from streams.parameters import MarketParameters, Parameters, merged
from streams.regime import DETECTORS, DETECTORS_BUILT_IN, REGIMES
from streams.sizing import RULES
from streams.strategies import STRATEGIES, STRATEGIES_BUILT_IN


def expect_names(parameters: MarketParameters, where: str = "market") -> None:
    """Refuse parameters with a name of nothing; those of plug-ins are known once these are imported.

    Args:
        parameters: of one symbol, or of all.
        where: their table in the configuration.

    >>> from streams.parameters import MixtureParameters
    >>> expect_names(MarketParameters(mixture=MixtureParameters(prior={"imbalnce": 8.0})))
    Traceback (most recent call last):
    ...
    schemas.errors.ConfigurationError: [market.mixture.prior]: expected experts among imbalance, momentum, \
mean_reversion, flat, signed_logistic, was imbalnce; fix: imbalance

    Raises:
        ConfigurationError: with the table, the name, and the one that was meant.
    """
    features = [each.name for family in FAMILIES.values() for each in family.features]
    named: list[tuple[str, str, Iterable[str], Iterable[str]]] = [
        ("strategies", "strategies", parameters.strategies.enabled, STRATEGIES),
        (
            "strategies.own",
            "strategies of plug-ins",
            parameters.strategies.own,
            _added(STRATEGIES, STRATEGIES_BUILT_IN),
        ),
        ("features", "recorded features", parameters.features.recorded, features),
        ("features.own", "families of plug-ins", parameters.features.own, _added(FAMILIES, FAMILIES_BUILT_IN)),
        ("regime", "a detector", (parameters.regime.detector,), DETECTORS),
        ("regime.own", "detectors of plug-ins", parameters.regime.own, _added(DETECTORS, DETECTORS_BUILT_IN)),
        ("model", "features", parameters.model.features, features),
        ("model.prior", "features", parameters.model.prior, features),
        ("mixture.prior", "experts", parameters.mixture.prior, (*STRATEGIES, MODEL)),
        ("confidence", "a calibrator", (parameters.confidence.calibrator,), CALIBRATORS),
        ("costs", "costs", parameters.costs.enabled, COSTS),
        ("sizing", "rules", parameters.sizing.enabled, RULES),
        ("sizing.regime_caps", "regimes", parameters.sizing.regime_caps, [each.name for each in REGIMES]),
    ]
    for table, what, names, known in named:
        expect_known(names, known, f"{where}.{table}", what)


def expect_arms(parameters: Parameters) -> None:
    """Refuse declared experiments whose arm could not be started on any of their symbols.

    >>> from streams.experiments.declaration import Declaration
    >>> expect_arms(Parameters(experiments={"bold": Declaration(arm={"sizng": {"kelly_fraction": 0.001}})}))
    Traceback (most recent call last):
    ...
    schemas.errors.ConfigurationError: [experiments.bold.arm]: expected tables among model, recall, mixture, \
correction, confidence, sizing, was sizng; fix: sizing

    Raises:
        ConfigurationError: with the experiment, and what was meant.
    """
    for name, declared in parameters.experiments.items():
        where = f"experiments.{name}.arm"
        if not declared.arm:
            continue
        expect_known(declared.arm, ARM_LEVEL, where, "tables")
        _expect_arm(parameters.market, declared.arm, where)
        for own in (parameters.symbols[each] for each in declared.symbols if each in parameters.symbols):
            _expect_arm(own, declared.arm, where)


def _expect_arm(own: MarketParameters, arm: Mapping[str, Any], where: str) -> None:
    variants = Variants(own)
    for table, fields in arm.items():
        configured(merged(variants.table(table), fields), type(getattr(own, table)), f"{where}.{table}")
    try:
        variants.overrides(arm)
    except ValueError as error:
        raise ConfigurationError(f"[{where}]: {error}; fix: see docs/experiments.md for what an arm may be") from error


def _added(register: Iterable[str], built_in: Iterable[str]) -> list[str]:
    return [name for name in register if name not in built_in]
