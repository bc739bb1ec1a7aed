"""Records that hold the state of a model version: a fixed set of kinds of model, each stored as plain values.

No state is a Python pickle, because loading a pickle can run any code.
"""

from hashlib import sha256
from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from schemas.codec import encode
from schemas.limits import NAMING, Code, Count, Figure, Figures, Name, NameOrNone, Names, TickId

MOST_EXPERTS = 6
"""Models that one arm may have besides the signed logistic regression; a version brings one of them at most."""

LONGEST_EXPERT = 24
"""Characters of the name of such a model: it is kept with every prediction until its outcome."""

MOST_NODES = 6_000
"""Splits, and leaves, of all trees of one ensemble."""

MOST_TREES = 1_000
LARGEST_FILE = 393_216
"""Bytes of a state or of a file that one record carries; in JSON they take a third more."""

LARGEST_WORLD = 180 * 1024
"""Bytes of the state of a world that one record carries, beside the largest model."""


class SignedLogisticState(Struct, frozen=True, tag_field="kind", tag="signed_logistic"):
    """State of a logistic regression that is antisymmetric: if all features are negated, so are the log-odds.

    So the regression has no intercept, and its features are scaled by their root mean square, but not centred.
    """

    features: Annotated[Names, Meta(description="names of the features, in the order of the numbers below")]
    weights: Annotated[Figures, Meta(description="weight of each scaled feature, in log-odds")]
    mean_squares: Annotated[Figures, Meta(description="exponentially weighted mean square of each feature")]
    n_seen: Annotated[Count, Meta(description="labels learned from")] = 0


FeatureNames = Annotated[Names, Meta(description="names of the features, in the order in which the model takes them")]
NodeNumbers = Annotated[tuple[Annotated[int, Meta(ge=-MOST_NODES, le=MOST_NODES)], ...], Meta(max_length=MOST_NODES)]


class TreesState(Struct, frozen=True, tag_field="kind", tag="trees"):
    """Ensemble of binary decision trees: the log-odds of an upward move are `base` plus one leaf of each tree.

    The splits of all trees are numbered in one sequence, tree by tree, from the root of each.
    """

    features: FeatureNames
    roots: Annotated[
        NodeNumbers,
        Meta(description="root of each tree: number of its split, or `-1 - leaf` for a tree of a single leaf"),
    ]
    feature: Annotated[NodeNumbers, Meta(description="of each split: index of the feature that it compares")]
    threshold: Annotated[
        tuple[Annotated[float, Meta(ge=-1e300, le=1e300)], ...],
        Meta(max_length=MOST_NODES, description="of each split: a value up to this goes left"),
    ]
    left: Annotated[NodeNumbers, Meta(description="of each split: number of the next split, or `-1 - leaf`")]
    right: Annotated[NodeNumbers, Meta(description="of each split, for larger values: likewise")]
    leaves: Annotated[
        tuple[Figure, ...], Meta(max_length=MOST_NODES, description="of each leaf: what it adds, log-odds")
    ]
    base: Annotated[Figure, Meta(description="log-odds before the first tree")] = 0.0
    n_seen: Annotated[Count, Meta(description="labels that they were fitted to")] = 0


class RiverState(Struct, frozen=True, tag_field="kind", tag="river"):
    """State of a model from the library River. A table of `[market.models]` declares its class and parameters."""

    features: FeatureNames
    declared: Annotated[
        str,
        Meta(max_length=64, description="SHA-256 of class and parameters of the model, hex: another one refuses it"),
    ]
    state: Annotated[
        bytes, Meta(max_length=LARGEST_FILE, description="the model taken apart into plain values, as MessagePack")
    ]
    n_seen: Annotated[Count, Meta(description="labels learned from")] = 0
    full: Annotated[bool, Meta(description="it has reached its largest size and learns no more")] = False


class OnnxState(Struct, frozen=True, tag_field="kind", tag="onnx"):
    """A model in an ONNX file; it does not learn while it runs."""

    features: FeatureNames
    file: Annotated[
        bytes, Meta(max_length=LARGEST_FILE, description="the file, as exported by the tool that trained it")
    ]
    n_seen: Annotated[Count, Meta(description="labels that it was fitted to, where it is known")] = 0


class OwnState(Struct, frozen=True, tag_field="kind", tag="own"):
    """State of a model whose class a plug-in registers under a name."""

    features: FeatureNames
    of: Annotated[Name, Meta(description="name that the model is registered under")]
    state: Annotated[bytes, Meta(max_length=LARGEST_FILE, description="its state, as MessagePack")]
    n_seen: Annotated[Count, Meta(description="labels learned from")] = 0


ExpertName = Annotated[str, Meta(min_length=1, max_length=LONGEST_EXPERT, pattern=NAMING)]
ExpertState = TreesState | RiverState | OnnxState | OwnState


class ExpertModel(Struct, frozen=True):
    """A further model of a model version, besides its signed logistic regression.

    The probabilities that this model, the regression and the strategies predict are mixed into one.
    """

    name: Annotated[ExpertName, Meta(description="name of the expert: a table of `[market.models]`, or a new one")]
    model: Annotated[ExpertState, Meta(description="its numbers, of one of several kinds")]


class ModelState(Struct, frozen=True):
    """One model version: its name, the name of its parent version, and what its models have learned."""

    version: Annotated[Name, Meta(description="name of the version, unique per symbol")]
    model: Annotated[
        SignedLogisticState | None,
        Meta(description="the signed logistic regression; null: a copy of the one that is live"),
    ]
    parent: Annotated[NameOrNone, Meta(description="version that it was derived from, or empty")] = ""
    expert: Annotated[ExpertModel | UnsetType, Meta(description="a further model; absent: none")] = UNSET


class WarmedWorld(Struct, frozen=True):
    """State of an arm's world that was run over the last ticks of the symbol, so that the arm does not start cold.

    An arm is one of the variants of the pipeline that run side by side on a symbol. Its world is what it computes for
    itself if it differs from the symbol in features, regime, strategies or costs.
    """

    state: Annotated[
        bytes,
        Meta(max_length=LARGEST_WORLD, description="state of features, regime and learning strategies, as MessagePack"),
    ]
    made_with: Annotated[Code, Meta(description="SHA-256 of all parameters of the arm, hex: others refuse the state")]
    until: Annotated[TickId, Meta(description="id of the last tick that the state has seen")]
    ticks: Annotated[Count, Meta(description="ticks that it has seen, refused ones left out")]


def state_sha256(state: ModelState) -> str:
    """SHA-256, 64 hex digits, of the canonical JSON of a model state.

    Canonical means: fields in declared order, each double in the fewest digits that give the same double back.

    >>> state_sha256(ModelState("v1", SignedLogisticState(("a",), (0.5,), (1.0,), 10)))[:16]
    'c1e8bd02bd57a46f'
    """
    return sha256(encode(state)).hexdigest()
