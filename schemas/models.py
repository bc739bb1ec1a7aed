"""The state of a model version on the wire: explicit numbers of a closed set of kinds, never a pickle."""

from hashlib import sha256
from typing import Annotated

from msgspec import Meta, Struct

from schemas.codec import encode
from schemas.limits import Count, Figures, Name, NameOrNone, Names


class SignedLogisticState(Struct, frozen=True, tag_field="kind", tag="signed_logistic"):
    """Antisymmetric logistic regression: signed features, scaled but not centred, no intercept."""

    features: Annotated[Names, Meta(description="names of the features, in the order of the numbers below")]
    weights: Annotated[Figures, Meta(description="weight of each scaled feature, in log-odds")]
    mean_squares: Annotated[Figures, Meta(description="exponentially weighted mean square of each feature")]
    n_seen: Annotated[Count, Meta(description="labels learned from")] = 0


class ModelState(Struct, frozen=True):
    """One model version: its name, its parent and the numbers of its state."""

    version: Annotated[Name, Meta(description="name of the version, unique per symbol")]
    model: SignedLogisticState
    parent: Annotated[NameOrNone, Meta(description="version that it was derived from, or empty")] = ""


def state_sha256(state: ModelState) -> str:
    """SHA-256 of the canonical state: its JSON, fields in declared order, shortest digits of each double.

    >>> state_sha256(ModelState("v1", SignedLogisticState(("a",), (0.5,), (1.0,), 10)))[:16]
    'c1e8bd02bd57a46f'
    """
    return sha256(encode(state)).hexdigest()
