"""Whether every name in parameters is of something that there is: a misspelt one must not be without effect."""

from collections.abc import Iterable

from schemas.names import MODEL
from streams.engine.configured import expect_known
from streams.market.confidence import CALIBRATORS
from streams.market.costs import COSTS
from streams.market.features.registry import FAMILIES, FAMILIES_BUILT_IN
from streams.market.parameters import MarketParameters
from streams.market.regime import DETECTORS, DETECTORS_BUILT_IN, REGIMES
from streams.market.sizing import RULES
from streams.market.strategies import STRATEGIES, STRATEGIES_BUILT_IN


def expect_names(parameters: MarketParameters, where: str = "market") -> None:
    """Refuse parameters with a name of nothing; those of plug-ins are known once these are imported.

    Args:
        parameters: of one symbol, or of all.
        where: their table in the configuration.

    >>> from streams.market.parameters import MixtureParameters
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


def _added(register: Iterable[str], built_in: Iterable[str]) -> list[str]:
    return [name for name in register if name not in built_in]
