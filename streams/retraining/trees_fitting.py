"""Fits ensembles of decision trees to the labels of a symbol with LightGBM, which only the training process imports.

The trees leave LightGBM as plain lists of numbers; workers evaluate those by a loop of their own.
"""

from collections.abc import Iterator, Mapping, Sequence
from math import inf, nextafter
from typing import Any, Final

import numpy as np

from schemas.errors import EnvironmentProblem
from schemas.models import TreesState
from streams.market.features.registry import feature
from streams.retraining.labels import Labelled
from streams.retraining.parameters import TreesFitParameters

PLAIN = 0b10
"""Bits of a split's `decision_type` that may be set: where missing values go. There are none; categories have a bit."""


ZERO: Final = 1.0000000180025095e-35
"""Up to this size LightGBM takes a value for 0, the single-precision number 1e-35."""


def fit_trees(
    labels: Sequence[Labelled], features: Sequence[str], vector: Sequence[str], parameters: TreesFitParameters
) -> TreesState:
    """Return an ensemble of trees that was fitted to the given labels; the same labels give the same numbers.

    Every label is learned twice: as it is, and mirrored, that is, with signed features negated and the opposite
    outcome. So the trees prefer no side. A label weighs its uniqueness both times.

    Args:
        labels: outcomes in which the mid moved.
        features: names of the features that the trees may look at, each among `vector`.
        vector: names of the values in `Labelled.features`, in their order.
        parameters: number and size of the trees, and how they are fitted.

    Raises:
        EnvironmentProblem: LightGBM is not installed.
    """
    booster = fitted_booster(labels, features, vector, parameters)
    return to_state(booster.model_to_string(), features, len(labels))


def fitted_booster(
    labels: Sequence[Labelled], features: Sequence[str], vector: Sequence[str], parameters: TreesFitParameters
) -> Any:
    """Return LightGBM's own form of what `fit_trees` returns.

    Raises:
        EnvironmentProblem: LightGBM is not installed.
    """
    try:
        import lightgbm
    except (ImportError, OSError) as problem:  # OSError: a library of the system that it needs is missing
        raise EnvironmentProblem(
            f"expected LightGBM, it cannot be loaded ({problem!s:.80}); fix: pip install 'tickloop[trees]'"
        ) from problem
    rows, up, weights = mirrored(labels, features, vector)
    settings: dict[str, Any] = {
        "objective": "binary",
        "boost_from_average": False,
        "num_leaves": parameters.leaves,
        "learning_rate": parameters.learning_rate,
        "min_data_in_leaf": parameters.least_labels_a_leaf,
        "min_sum_hessian_in_leaf": 0.0,
        "lambda_l2": parameters.l2,
        "bagging_fraction": parameters.rows,
        "bagging_freq": 1,
        "feature_fraction": parameters.columns,
        # Missing values do not occur: every split compares with `<=` alone.
        "use_missing": False,
        "zero_as_missing": False,
        "seed": 1,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": 1,
        # The training process writes its result to standard output, to which LightGBM would write remarks.
        "verbosity": -1,
    }
    data = lightgbm.Dataset(rows, up, weight=weights, params=settings)
    return lightgbm.train(settings, data, num_boost_round=number_of_trees(len(labels), parameters))


def number_of_trees(labels: int, parameters: TreesFitParameters) -> int:
    """Number of trees that are fitted to so many labels: one for each `labels_a_tree`, `trees` at most.

    >>> [number_of_trees(labels, TreesFitParameters(trees=100, labels_a_tree=20)) for labels in (10, 600, 20_000)]
    [1, 30, 100]
    """
    return max(1, min(parameters.trees, labels // parameters.labels_a_tree))


def mirrored(labels: Sequence[Labelled], features: Sequence[str], vector: Sequence[str]) -> tuple[Any, Any, Any]:
    """Features, outcomes (1: upward) and weights of labels as arrays: first as they are, then mirrored.

    A mirrored label has the opposite outcome, and the features that have a sign are negated. In the example
    `return_1` has a sign and `spread` has none.

    Args:
        labels: outcomes in which the mid moved.
        features: names of the features in the resulting array, in the order of its columns.
        vector: names of the values in `Labelled.features`, in their order.

    >>> label = Labelled(0, 1, 1, [0.5, 3.0], [], 0.5, "", [], "", 0.0, 0.0, 0.25, 1)
    >>> rows, up, weights = mirrored([label], ("spread", "return_1"), ("return_1", "spread"))
    >>> rows.tolist(), up.tolist(), weights.tolist()
    ([[3.0, 0.5], [3.0, -0.5]], [1.0, 0.0], [0.25, 0.25])
    """
    places = [vector.index(name) for name in features]
    rows = np.array([each.features for each in labels], dtype=np.float64)[:, places]
    signs = np.array([-1.0 if feature(name).signed else 1.0 for name in features])
    up = np.array([each.label > 0 for each in labels], dtype=np.float64)
    weights = np.array([each.uniqueness for each in labels], dtype=np.float64)
    return np.concatenate([rows, rows * signs]), np.concatenate([up, 1.0 - up]), np.concatenate([weights, weights])


def to_state(model: str, features: Sequence[str], labels: int) -> TreesState:
    """Trees as plain numbers, from LightGBM's text form of them, in which every double has all its digits.

    Args:
        model: what `Booster.model_to_string` returns.
        features: names of the features, in the order of the columns.
        labels: number of labels that the trees were fitted to.

    Raises:
        ValueError: a split is no comparison of a number with a threshold.
    """
    roots: list[int] = []
    feature_of: list[int] = []
    threshold: list[float] = []
    left: list[int] = []
    right: list[int] = []
    leaves: list[float] = []
    for tree in _trees(model):
        splits, first_leaf = len(feature_of), len(leaves)
        leaves += map(float, tree["leaf_value"].split())
        if int(tree["num_leaves"]) == 1:
            roots.append(-1 - first_leaf)
            continue
        if odd := [kind for kind in tree["decision_type"].split() if int(kind) & ~PLAIN]:
            raise ValueError(f"expected splits that compare a number, was decision_type {odd[0]}")
        roots.append(splits)
        feature_of += map(int, tree["split_feature"].split())
        threshold += map(plain_threshold, map(float, tree["threshold"].split()))
        for ways, name in ((left, "left_child"), (right, "right_child")):
            # LightGBM counts splits and leaves from 0 in every tree; both have the leaf `n` as `-1 - n`.
            ways += (way + splits if way >= 0 else way - first_leaf for way in map(int, tree[name].split()))
    return TreesState(
        features=tuple(features),
        roots=tuple(roots),
        feature=tuple(feature_of),
        threshold=tuple(threshold),
        left=tuple(left),
        right=tuple(right),
        leaves=tuple(leaves),
        n_seen=labels,
    )


def plain_threshold(threshold: float) -> float:
    """The threshold for which a plain `value <= threshold` decides in the same way as a split of LightGBM.

    LightGBM takes every number from `-ZERO` to `ZERO` (about 1e-35) for 0. So a threshold in that range
    becomes `ZERO` or, if it is negative, the next number below `-ZERO`. Any other threshold is returned as
    it is.

    >>> plain_threshold(0.5), plain_threshold(0.0) == ZERO, plain_threshold(-ZERO) < -ZERO
    (0.5, True, True)
    """
    if not -ZERO <= threshold <= ZERO:
        return threshold
    return ZERO if threshold >= 0.0 else nextafter(-ZERO, -inf)


def _trees(model: str) -> Iterator[Mapping[str, str]]:
    """The lines `name=value` of every tree."""
    before_end = model.split("end of trees")[0]
    for block in before_end.split("\nTree=")[1:]:
        yield dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
