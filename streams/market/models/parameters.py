"""How the online model learns."""

from typing import Annotated

from msgspec import Meta, Struct, field

from streams.engine.bounds import Count, Signed
from streams.market.features import SIGNED


class SignedLogisticParameters(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How the model learns.

    Attributes:
        features: names of the signed features that it looks at.
        learning_rate: first step of the stochastic gradient, for features scaled to a mean square of 1.
        learning_rate_decay: label n is learned with `learning_rate / n ** learning_rate_decay`, times its worth.
        prior: weights that it starts from, log-odds for each scaled feature; 0 for those that are not named.
        scale_memory: labels that the mean square of each feature looks back on.
        learns: whether labels change it while it runs; if not, only a directive brings another model.
    """

    features: tuple[str, ...] = SIGNED
    learning_rate: Annotated[float, Meta(gt=0.0, le=1.0)] = 0.2
    learning_rate_decay: Annotated[float, Meta(ge=0.0, le=1.0)] = 0.25
    prior: dict[str, Signed] = field(default_factory=lambda: {"queue_imbalance": 1.2})
    scale_memory: Count = 5_000
    learns: bool = True
