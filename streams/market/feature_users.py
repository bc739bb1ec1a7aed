"""Features that each component needs; only features that some component needs are computed."""

from schemas.names import MODEL
from streams.market.parameters import MarketParameters
from streams.market.regime import detector
from streams.market.strategies import strategies

IMBALANCE = "queue_imbalance"
SPREAD = "spread"


def users_of_features(parameters: MarketParameters) -> dict[str, tuple[str, ...]]:
    """Components that these parameters enable, and the features that each needs, in its order.

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
