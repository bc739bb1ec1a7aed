"""Ensembles of decision trees as lists of numbers: the loop that evaluates them."""

from streams.scoring.logistic import probability


class TreeEnsemble:
    """Trees whose splits stand one behind the other, each tree with its root first.

    Args:
        roots: number of the first split of each tree; `-1 - leaf` for a tree of one leaf.
        feature: of each split, index of the value that it compares.
        threshold: of each split; a value up to it goes left.
        left: of each split, number of the next one, or `-1 - leaf`.
        right: the same for values above the threshold.
        leaves: what each leaf adds, log-odds.
        base: log-odds before the first tree.

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
        """Log-odds of an upward move: the base, and one leaf of each tree."""
        feature, threshold, left, right, leaves = self.feature, self.threshold, self.left, self.right, self.leaves
        total = self.base
        for root in self.roots:
            at = root
            while at >= 0:
                at = left[at] if values[feature[at]] <= threshold[at] else right[at]
            total += leaves[-1 - at]
        return total

    def probability(self, values: list[float]) -> float:
        """Probability of an upward move."""
        return probability(self.log_odds(values))
