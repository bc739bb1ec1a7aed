"""State of a model version as a record: plain numbers of a model whose kind is known, never a pickle."""

from hashlib import sha256
from typing import Annotated

from msgspec import Meta, Struct

from schemas.codec import encode
from schemas.limits import Count, Figures, Name, NameOrNone, Names


class SignedLogisticState(Struct, frozen=True, tag_field="kind", tag="signed_logistic"):
    """State of a logistic regression that is antisymmetric: if all features are negated, so are the log-odds.

    So the regression has no intercept, and its features are scaled by their root mean square, but not centred.
    """

    features: Annotated[Names, Meta(description="names of the features, in the order of the numbers below")]
    weights: Annotated[Figures, Meta(description="weight of each scaled feature, in log-odds")]
    mean_squares: Annotated[Figures, Meta(description="exponentially weighted mean square of each feature")]
    n_seen: Annotated[Count, Meta(description="labels learned from")] = 0


class ModelState(Struct, frozen=True):
    """One model version: its name, the version it was derived from, and the numbers of its state."""

    version: Annotated[Name, Meta(description="name of the version, unique per symbol")]
    model: SignedLogisticState
    parent: Annotated[NameOrNone, Meta(description="version that it was derived from, or empty")] = ""


def state_sha256(state: ModelState) -> str:
    """SHA-256 (64 hex digits) of a model state's canonical JSON.

    Canonical means: fields in declared order, each double in the fewest digits that give the same double back.

    >>> state_sha256(ModelState("v1", SignedLogisticState(("a",), (0.5,), (1.0,), 10)))[:16]
    'c1e8bd02bd57a46f'
    """
    return sha256(encode(state)).hexdigest()
