"""Parameters of the online model, which are read from the table `[market.model]` of the configuration."""

from typing import Annotated, Any

from msgspec import Meta, Struct, field

from schemas.limits import MOST_FIELDS
from streams.engine.bounds import Count, Signed
from streams.market.features import SIGNED


class SignedLogisticParameters(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Parameters of the online logistic regression that predicts the direction of the next price move.

    Each feature is divided by its root mean square before it enters the regression; the quotient is called the scaled
    feature. A label is the known outcome of a prediction, from which the model learns.

    Attributes:
        features: names of the input features; each must change its sign in a mirrored market, where rises are falls.
        learning_rate: step size of the stochastic gradient descent at the first label, for scaled features.
        learning_rate_decay: exponent by which the step size shrinks: at label number n it is
            `learning_rate / n ** learning_rate_decay`.
        prior: starting weight of a feature, by the feature's name, in log-odds per unit of the scaled feature; features
            not named start at 0.
        scale_memory: number of labels over which the running mean square of each feature is averaged.
        learns: whether labels change the weights; if False, the weights stay until the model is replaced.
    """

    features: tuple[str, ...] = SIGNED
    learning_rate: Annotated[float, Meta(gt=0.0, le=1.0)] = 0.2
    learning_rate_decay: Annotated[float, Meta(ge=0.0, le=1.0)] = 0.25
    prior: dict[str, Signed] = field(default_factory=lambda: {"queue_imbalance": 1.2})
    scale_memory: Count = 5_000
    learns: bool = True


FeatureNames = Annotated[tuple[str, ...], Meta(max_length=MOST_FIELDS)]
LargestState = Annotated[int, Meta(ge=1_000, le=1_048_576)]


class RiverParameters(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind", tag="river"):
    """Parameters of a model from the library River, which learns from every label (known outcome of a prediction).

    An argument that is itself a model, a transformer or an optimiser of River is a table with `model` and `parameters`
    of its own. A class that takes a `seed` and is given none gets the seed 1, so that two runs agree.

    Attributes:
        model: name of the class within River, for example `forest.ARFClassifier`.
        parameters: arguments of the class, by name.
        scaler: class of River that transforms the features first, with default arguments; empty: none.
        features: names of the model's features.
        learns: whether the model learns from labels while it runs.
        largest_bytes: stored size, bytes, above which the model stops learning. The size is measured at every 256th
            label, so it may exceed this limit, by half of the limit at most.
    """

    model: str
    parameters: dict[str, Any] = {}
    scaler: str = "preprocessing.StandardScaler"
    features: FeatureNames = SIGNED
    learns: bool = True
    largest_bytes: LargestState = 524_288


class TreesParameters(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind", tag="trees"):
    """Parameters of an ensemble of decision trees, which comes with a model version and does not learn while it runs.

    Attributes:
        features: names of the features that the trees compare.
    """

    features: FeatureNames = SIGNED


class OnnxParameters(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind", tag="onnx"):
    """Parameters of an ONNX model, which comes with a model version and does not learn while it runs.

    Attributes:
        features: name of the feature in each place of the model's input.
    """

    features: FeatureNames = SIGNED


class OwnModelParameters(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind", tag="own"):
    """Parameters of a model that a plug-in registers.

    Attributes:
        of: name that the model is registered under.
        parameters: the plug-in's own parameters of the model, by name.
        features: names of the model's features.
        largest_bytes: stored size, bytes, above which the model forgets what it has learned and starts anew. The size
            is measured at every 256th label (known outcome of a prediction).
    """

    of: str
    parameters: dict[str, Any] = {}
    features: FeatureNames = SIGNED
    largest_bytes: LargestState = 65_536


ExpertParameters = RiverParameters | TreesParameters | OnnxParameters | OwnModelParameters
"""Parameters of one table of `[market.models]`, told apart by their `kind`."""
