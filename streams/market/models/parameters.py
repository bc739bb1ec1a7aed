"""Parameters of the online model."""

from typing import Annotated

from msgspec import Meta, Struct, field

from streams.engine.bounds import Count, Signed
from streams.market.features import SIGNED


class SignedLogisticParameters(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Parameters of the signed logistic regression.

    Attributes:
        features: names of its features, all of them signed.
        learning_rate: first step of the stochastic gradient, for features scaled to a mean square of 1.
        learning_rate_decay: label n is learned with `learning_rate / n ** learning_rate_decay`, times its uniqueness.
        prior: weights that it starts from, log-odds for each scaled feature; 0 for those that are not named.
        scale_memory: labels over which the mean square of each feature decays.
        learns: whether labels change it while it runs; if not, only a directive brings another model.
    """

    features: tuple[str, ...] = SIGNED
    learning_rate: Annotated[float, Meta(gt=0.0, le=1.0)] = 0.2
    learning_rate_decay: Annotated[float, Meta(ge=0.0, le=1.0)] = 0.25
    prior: dict[str, Signed] = field(default_factory=lambda: {"queue_imbalance": 1.2})
    scale_memory: Count = 5_000
    learns: bool = True
