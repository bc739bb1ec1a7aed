"""Which features each component needs; features that no component needs are not computed."""

from schemas.names import MODEL
from streams.market.features.registry import chosen
from streams.market.parameters import MarketParameters
from streams.market.regime import detector
from streams.market.strategies import strategies

IMBALANCE = "queue_imbalance"
SPREAD = "spread"


def users_of_features(parameters: MarketParameters) -> dict[str, tuple[str, ...]]:
    """Return for each enabled component the names of the features that it needs, in the order in which it takes them.

    The keys are the names of the components: strategies, model, regime detector, cost, baselines, and `recorded` for
    features that no component needs but that are written into outcomes.

    >>> users = users_of_features(MarketParameters())
    >>> users["momentum"], users["cost"], len(users["signed_logistic"])
    (('return_50', 'ewma_volatility'), ('spread',), 12)
    """
    enabled = zip(parameters.strategies.enabled, strategies(parameters.strategies), strict=True)
    return {name: strategy.needs for name, strategy in enabled} | {
        MODEL: parameters.model.features,
        **{f"model {name}": model.features for name, model in parameters.models.items()},
        f"regime {parameters.regime.detector}": detector(parameters.regime).needs,
        "cost": (SPREAD,),
        "baselines": (IMBALANCE,),
        "recorded": parameters.features.recorded,
    }


def computed_features(parameters: MarketParameters) -> tuple[str, ...]:
    """Names of all features computed with these parameters, in the order of their values in a vector."""
    needed = [name for names in users_of_features(parameters).values() for name in names]
    return tuple(each.name for family in chosen(needed) for each in family.features)


def vector_of_models(parameters: MarketParameters) -> tuple[str, ...]:
    """Names of the features whose values are passed to models, in the order in which they are passed.

    The features of the signed logistic regression come first, then all other computed features.
    """
    first = parameters.model.features
    return (*first, *(name for name in computed_features(parameters) if name not in first))
