"""Ensembles of decision trees as linked splits: the loop that evaluates them."""

from streams.scoring.logistic import probability

LEAF = -1
"""In the place of a leaf's feature."""


class Split:
    """A split or a leaf of a decision tree, as a class that can be compiled so that its numbers are read fast.

    Args:
        feature: for a split, index of the value that it compares; for a leaf, `LEAF`.
        number: for a split, its threshold: a value equal to it or below goes left. For a leaf, what the
            leaf adds to the log-odds.
    """

    left: "Split"
    right: "Split"

    def __init__(self, feature: int, number: float) -> None:
        self.feature = feature
        self.number = number


class TreeEnsemble:
    """Decision trees, built from lists that hold the splits of all trees, one tree after another.

    A split is numbered by its place in the lists `feature`, `threshold`, `left` and `right`, from 0. A leaf
    is numbered by its place in `leaves`. Where the number of a split is expected, `-1 - leaf` stands for a
    leaf: -1 for leaf 0, -2 for leaf 1.

    Args:
        roots: number of the first split of each tree, or the leaf if the tree has no split.
        feature: for each split, index of the value that it compares.
        threshold: for each split, the largest value that goes left.
        left: for each split, the split or leaf that comes next if the value goes left.
        right: for each split, the split or leaf that comes next if the value does not go left.
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
        # Leaves stand last, so that -1 is the first of them from the end backwards.
        nodes = [Split(each, number) for each, number in zip(feature, threshold, strict=True)]
        nodes += [Split(LEAF, number) for number in reversed(leaves)]
        for place in range(len(feature)):
            nodes[place].left = nodes[left[place]]
            nodes[place].right = nodes[right[place]]
        self.roots = [nodes[root] for root in roots]
        self.base = base

    def log_odds(self, values: list[float]) -> float:
        """Log-odds of an upward move: the base plus the number of one leaf of each tree.

        Args:
            values: values of the features; in each tree they lead from split to split to the leaf.
        """
        total = self.base
        for root in self.roots:
            node = root
            while node.feature >= 0:
                node = node.left if values[node.feature] <= node.number else node.right
            total += node.number
        return total

    def probability(self, values: list[float]) -> float:
        """Probability of an upward move, 0 to 1, from the values of the features."""
        return probability(self.log_odds(values))
