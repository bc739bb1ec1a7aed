"""Check that every name in the parameters of the market node is known; a misspelt name is refused, not ignored."""

from collections.abc import Iterable, Mapping
from typing import Any

from schemas.errors import ConfigurationError
from schemas.names import MODEL
from streams.engine.configured import expect_known
from streams.engine.registry import Registry
from streams.market.confidence import CALIBRATORS
from streams.market.costs import COSTS
from streams.market.features.references import reference_of
from streams.market.features.registry import FAMILIES, expect_features
from streams.market.models.own import MODELS
from streams.market.models.parameters import OwnModelParameters
from streams.market.parameters import MarketParameters
from streams.market.regime import DETECTORS, REGIMES
from streams.market.sizing import RULES
from streams.market.strategies import STRATEGIES


def expect_names(parameters: MarketParameters, where: str = "market") -> None:
    """Refuse parameters in which a strategy, feature, regime or other part has an unknown name.

    Names of plug-ins are known only after the plug-ins were imported.

    Args:
        parameters: parameters of one symbol, or of all symbols.
        where: name of the parameters' table in the configuration, for the error.

    >>> from streams.market.parameters import MixtureParameters
    >>> expect_names(MarketParameters(mixture=MixtureParameters(prior={"imbalnce": 8.0})))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    schemas.errors.UnknownName: [market.mixture.prior]: expected experts among ..., was imbalnce; fix: imbalance

    Raises:
        ConfigurationError: a name is unknown; the message gives its table and the known name that is most like it.
    """
    registries: list[tuple[Registry[Any], Iterable[str], Mapping[str, Any]]] = [
        (STRATEGIES, parameters.strategies.enabled, parameters.strategies.own),
        (FAMILIES, (), parameters.features.own),
        (DETECTORS, (parameters.regime.detector,), parameters.regime.own),
        (CALIBRATORS, (parameters.confidence.calibrator,), parameters.confidence.own),
        (COSTS, parameters.costs.enabled, parameters.costs.own),
        (RULES, parameters.sizing.enabled, parameters.sizing.own),
    ]
    for registry, names, own in registries:
        table = f"{where}{registry.table.removeprefix('market')}"
        registry.expect(names, table)
        registry.expect_own(own, table)
    for table, what, features in (
        ("features", "recorded features", parameters.features.recorded),
        ("model", "features", parameters.model.features),
        ("model.prior", "features", parameters.model.prior),
        *((f"models.{name}.features", "features", model.features) for name, model in parameters.models.items()),
    ):
        expect_features(features, f"{where}.{table}", what)
        if absent := {reference_of(each) for each in features} - {"", *parameters.features.references.of}:
            raise ConfigurationError(
                f"[{where}.{table}]: expected features of references among "
                f"{', '.join(parameters.features.references.of) or 'none'}, was one of {min(absent)}; fix: "
                f'[references] {min(absent)} = ["*"]'
            )
    named: list[tuple[str, str, Iterable[str], Iterable[str]]] = [
        ("mixture.prior", "experts", parameters.mixture.prior, (*STRATEGIES, MODEL, *parameters.models)),
        ("sizing.regime_caps", "regimes", parameters.sizing.regime_caps, [each.name for each in REGIMES]),
    ]
    for table, what, names, known in named:
        expect_known(names, known, f"{where}.{table}", what)
    for name, model in parameters.models.items():
        if isinstance(model, OwnModelParameters):
            MODELS.expect((model.of,), f"{where}.models.{name}.of")
