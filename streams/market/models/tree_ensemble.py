"""Ensembles of decision trees as linked splits: the loop that evaluates them."""

from streams.scoring.logistic import probability

LEAF = -1
"""In the place of a leaf's feature."""


class Split:
    """A split or a leaf of a tree; compiled, its numbers are reached without a detour over Python's objects.

    Args:
        feature: index of the value that a split compares; `LEAF` for a leaf.
        number: a value up to it goes left; of a leaf, what it adds, log-odds.
    """

    left: "Split"
    right: "Split"

    def __init__(self, feature: int, number: float) -> None:
        self.feature = feature
        self.number = number


class TreeEnsemble:
    """Decision trees, made from lists in which the splits of all trees stand one behind the other.

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
        # Leaves stand last, so that -1 is the first of them from the end backwards.
        nodes = [Split(each, number) for each, number in zip(feature, threshold, strict=True)]
        nodes += [Split(LEAF, number) for number in reversed(leaves)]
        for place in range(len(feature)):
            nodes[place].left = nodes[left[place]]
            nodes[place].right = nodes[right[place]]
        self.roots = [nodes[root] for root in roots]
        self.base = base

    def log_odds(self, values: list[float]) -> float:
        """Log-odds of an upward move: the base, and one leaf of each tree."""
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
