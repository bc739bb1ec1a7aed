"""Evaluates ensembles of binary decision trees that are stored as lists of numbers."""

from streams.scoring.logistic import probability


class TreeEnsemble:
    """Ensemble of binary decision trees: the log-odds of an upward move are `base` plus one leaf of each tree.

    The splits of all trees are numbered in one sequence, tree by tree, from the root of each. So are the leaves. Where
    a number may mean a split or a leaf, leaf number i is written as -1 - i.

    Args:
        roots: for each tree, the number of its root: a split, or a leaf if the tree is a single leaf.
        feature: for each split, the index of the feature that it compares.
        threshold: for each split, the largest value with which the left branch is taken.
        left: for each split, the number of the split or leaf on its left branch.
        right: for each split, the number of the split or leaf on its right branch.
        leaves: for each leaf, the log-odds that it adds.
        base: log-odds to which the leaves are added.

    >>> stump = TreeEnsemble([0], [1], [0.5], [-1], [-2], [-1.0, 2.0], 0.0)
    >>> stump.log_odds([9.0, 0.5]), stump.log_odds([9.0, 0.6])
    (-1.0, 2.0)
    """

    def __init__(
        self,
        roots: list[int],
        feature: list[int],
        threshold: list[float],
        left: list[int],
        right: list[int],
        leaves: list[float],
        base: float,
    ) -> None:
        self.roots = roots
        self.feature = feature
        self.threshold = threshold
        self.left = left
        self.right = right
        self.leaves = leaves
        self.base = base

    def log_odds(self, values: list[float]) -> float:
        """Log-odds of an upward move: `base` plus one leaf of each tree.

        Args:
            values: values of the features.
        """
        feature, threshold, left, right, leaves = self.feature, self.threshold, self.left, self.right, self.leaves
        total = self.base
        for root in self.roots:
            at = root
            while at >= 0:
                at = left[at] if values[feature[at]] <= threshold[at] else right[at]
            total += leaves[-1 - at]
        return total

    def probability(self, values: list[float]) -> float:
        """Probability of an upward move, 0 to 1, from the values of the features."""
        return probability(self.log_odds(values))
