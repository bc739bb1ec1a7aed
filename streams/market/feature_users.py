"""Which features each component needs; features that no component needs are not computed."""

from schemas.names import MODEL
from streams.market.parameters import MarketParameters
from streams.market.regime import detector
from streams.market.strategies import strategies

IMBALANCE = "queue_imbalance"
SPREAD = "spread"


def users_of_features(parameters: MarketParameters) -> dict[str, tuple[str, ...]]:
    """Return the names of the features that each enabled component needs, in the order in which it takes them.

    The keys are the components: strategies, model, regime detector, cost, baselines, and `recorded` for features that
    are only recorded.

    >>> users = users_of_features(MarketParameters())
    >>> users["momentum"], users["cost"], len(users["signed_logistic"])
    (('return_50', 'ewma_volatility'), ('spread',), 12)
    """
    enabled = zip(parameters.strategies.enabled, strategies(parameters.strategies), strict=True)
    return {name: strategy.needs for name, strategy in enabled} | {
        MODEL: parameters.model.features,
        f"regime {parameters.regime.detector}": detector(parameters.regime).needs,
        "cost": (SPREAD,),
        "baselines": (IMBALANCE,),
        "recorded": parameters.features.recorded,
    }
