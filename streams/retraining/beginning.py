"""What the arm of a candidate (a retrained model) begins with: its models, and the parameters that it overrides."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from schemas.models import ExpertModel, OnnxState, TreesState
from streams.market.models.signed_logistic import SignedLogistic
from streams.market.parameters import MarketParameters
from streams.retraining.parameters import RetrainParameters

TREES = "trees"
"""Name of fitted trees among the experts of an arm, and of the recipe that fits them."""


class Beginning(Struct, frozen=True):
    """Models that an arm begins with; neither is changed by the arm.

    Attributes:
        model: the logistic regression that every arm has.
        expert: a further model; None: none.
    """

    model: SignedLogistic
    expert: ExpertModel | None = None


def overrides_of(
    expert: ExpertModel | None, market: MarketParameters, parameters: RetrainParameters
) -> Mapping[str, Mapping[str, Any]]:
    """Parameters that the arm of a candidate overrides: the starting weight of its further model in the mixture.

    Trees get the weight `prior` of `RetrainParameters.trees`, a taught model that of `RetrainParameters.models`.
    They had the same weight when the candidate was compared with the live version on held-out outcomes. A
    candidate without such a model overrides nothing.

    Args:
        expert: further model of the candidate; None: none.
        market: parameters of the symbol. If they give a starting weight to the expert, nothing is
            overridden.
        parameters: parameters of the retrain.

    >>> stump = ExpertModel("trees", TreesState(("spread",), (), (), (), (), (), ()))
    >>> overrides_of(stump, MarketParameters(), RetrainParameters())
    {'mixture': {'prior': {'trees': 16.0}}}
    >>> overrides_of(None, MarketParameters(), RetrainParameters())
    {}
    """
    if expert is None or isinstance(expert.model, OnnxState) or expert.name in market.mixture.prior:
        return {}
    fit = parameters.trees if isinstance(expert.model, TreesState) else parameters.models
    return {"mixture": {"prior": {expert.name: fit.prior}}}
