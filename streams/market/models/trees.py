"""Ensembles of decision trees as experts: each comes, already trained, with a model version."""

from collections.abc import Sequence
from typing import Any, ClassVar

from schemas.errors import ModelRefused
from schemas.models import LARGEST_FILE, MOST_TREES, ExpertState, TreesState
from streams.market.models.parameters import TreesParameters
from streams.market.models.protocol import LiveModel, Model
from streams.market.models.tree_ensemble import TreeEnsemble


class LiveTrees(LiveModel):
    """An ensemble of trees, ready to be evaluated. It never changes, so all variants of a pipeline may share it.

    Args:
        state: the record that holds the ensemble.
    """

    def __init__(self, state: TreesState) -> None:
        self._state = state
        self.trees = TreeEnsemble(
            list(state.roots),
            list(state.feature),
            list(state.threshold),
            list(state.left),
            list(state.right),
            list(state.leaves),
            state.base,
        )

    def stored(self) -> TreesState:
        """The record that holds the ensemble, see `LiveModel.stored`."""
        return self._state

    def __deepcopy__(self, memo: Any) -> "LiveTrees":
        """Return the same object, since it never changes."""
        return self


class TreesModel(Model):
    """An ensemble of decision trees that was trained elsewhere, mostly by a retrain; it does not learn while it runs.

    Args:
        parameters: names of the features.
        where: table of the configuration that declares the ensemble, for errors.

    >>> split = {"feature": (0,), "threshold": (0.5,), "left": (-1,), "right": (-2,)}
    >>> stump = TreesState(features=("a",), roots=(0,), leaves=(-1.0, 2.0), **split)
    >>> model = TreesModel(TreesParameters(features=("a",)))
    >>> round(model.opinion(model.load(stump), [1.0]), 4), model.opinion(model.start(), [1.0])
    (0.8808, 0.5)
    >>> model.load(TreesState(features=("a",), roots=(0,), leaves=(-1.0, 2.0), **(split | {"left": (0,)})))
    Traceback (most recent call last):
    ...
    schemas.errors.ModelRefused: trees: expected every split to lead to later splits or to a leaf, split 0 leads to 0
    """

    kind: ClassVar[str] = "trees"
    snapshot: ClassVar[type[Any]] = TreesState
    largest_bytes = LARGEST_FILE

    def __init__(self, parameters: TreesParameters, where: str = "market.models") -> None:
        self.features = parameters.features

    def start(self) -> LiveTrees:
        """An ensemble without trees, which gives the probability 0.5."""
        return LiveTrees(
            TreesState(features=self.features, roots=(), feature=(), threshold=(), left=(), right=(), leaves=())
        )

    def opinion(self, live: LiveTrees, features: Sequence[float]) -> float:
        """Probability of an upward move, see `Model.opinion`."""
        return live.trees.probability(list(features))

    def load(self, stored: ExpertState) -> LiveTrees:
        """The ensemble that a record holds, see `Model.load`."""
        if not isinstance(stored, TreesState):
            raise ModelRefused(f"expected a model of kind trees, was {type(stored).__struct_config__.tag}")
        if stored.features != self.features:
            raise ModelRefused(
                f"trees: expected the features {', '.join(self.features)}, was {', '.join(stored.features)[:200]}"
            )
        expect_trees(stored)
        return LiveTrees(stored)


def expect_trees(state: TreesState) -> None:
    """Raise an error if the numbers of a record do not describe an ensemble of trees.

    Raises:
        ModelRefused: a number is wrong; the message says which.
    """
    splits, leaves = len(state.feature), len(state.leaves)
    if len(state.roots) > MOST_TREES:
        raise ModelRefused(f"trees: expected at most {MOST_TREES:,} trees, was {len(state.roots):,}")
    if not splits == len(state.threshold) == len(state.left) == len(state.right):
        raise ModelRefused("trees: expected a feature, a threshold and two ways for every split, was another number")
    for root in state.roots:
        if not -leaves <= root < splits:
            raise ModelRefused(f"trees: expected roots among {splits:,} splits and {leaves:,} leaves, was {root}")
    for split, (feature, left, right) in enumerate(zip(state.feature, state.left, state.right, strict=True)):
        if not 0 <= feature < len(state.features):
            raise ModelRefused(
                f"trees: expected features 0 to {len(state.features) - 1}, was {feature} at split {split}"
            )
        for way in (left, right):
            # Ways lead on only, so no tree is a circle.
            if not (split < way < splits or -leaves <= way < 0):
                raise ModelRefused(
                    f"trees: expected every split to lead to later splits or to a leaf, split {split} leads to {way}"
                )
