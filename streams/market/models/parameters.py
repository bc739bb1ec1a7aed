"""Parameters of the online model, which are read from the table `[market.model]` of the configuration."""

from typing import Annotated

from msgspec import Meta, Struct, field

from streams.engine.bounds import Count, Signed
from streams.market.features import SIGNED


class SignedLogisticParameters(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Parameters of the online logistic regression that predicts the direction of the next price move.

    Each feature is divided by its root mean square before it enters the regression; it is then called scaled. A label
    is the known outcome of a prediction, from which the model learns.

    Attributes:
        features: names of the input features; each must change its sign in a mirrored market, where rises are falls.
        learning_rate: step of the stochastic gradient descent at the first label, per unit of scaled feature.
        learning_rate_decay: exponent; the step at label number n is `learning_rate / n ** learning_rate_decay`.
        prior: starting weight of a feature by its name, in log-odds per unit of the scaled feature; 0 if not named.
        scale_memory: number of labels over which the running mean square of each feature is averaged.
        learns: whether labels change the weights; if False, the weights stay until the model is replaced.
    """

    features: tuple[str, ...] = SIGNED
    learning_rate: Annotated[float, Meta(gt=0.0, le=1.0)] = 0.2
    learning_rate_decay: Annotated[float, Meta(ge=0.0, le=1.0)] = 0.25
    prior: dict[str, Signed] = field(default_factory=lambda: {"queue_imbalance": 1.2})
    scale_memory: Count = 5_000
    learns: bool = True
