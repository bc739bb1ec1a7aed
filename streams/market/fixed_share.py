"""Fixed share for one learned part: the probability that it helps, which is the fraction of it that is applied."""

from typing import Final

ROUNDING: Final = 1e-9
"""Rounding error by which a weight may lie outside 0 to 1."""


def updated_weight(
    weight: float, with_it: float, without: float, up: bool, uniqueness: float, prior: float, share: float
) -> float:
    """Weight of a learned part after one label: the probability that predictions with it are better than without it.

    By the rule of Bayes the odds of the weight are multiplied by the likelihood ratio (with the part to without it) to
    the power of the label's uniqueness; then a share goes back to the prior. With a share of 0, and over labels that do
    not overlap, a part that does not help costs at most `-log(1 - prior)` nats in all, and one that helps is used after
    a loss of at most `-log(prior)` nats.

    Args:
        weight: before the label, 0 to 1.
        with_it, without: probability of an upward move with the part in full and without it, neither 0 nor 1.
        up: whether the mid moved up.
        uniqueness: of the label, 0 to 1, see `label_uniqueness`.
        prior: weight at first.
        share: fraction of the weight that goes back to the prior at a label of uniqueness 1.

    >>> round(updated_weight(0.1, with_it=0.9, without=0.6, up=True, uniqueness=1, prior=0.1, share=0), 4)  # 1:9 by 3:2
    0.1429
    >>> round(updated_weight(0.1, with_it=0.9, without=0.6, up=False, uniqueness=1, prior=0.1, share=0), 4)  # by 1:4
    0.027

    References:
        Herbster and Warmuth (1998), Tracking the best expert: the fixed-share update, of two experts.
    """
    better = with_it / without if up else (1.0 - with_it) / (1.0 - without)
    helped: float = weight * better**uniqueness
    moved = helped / (helped + 1.0 - weight)
    updated = moved + share * uniqueness * (prior - moved)
    # NaN fails the comparison, too: a number outside 0 to 1 by more than rounding is replaced by the prior.
    return updated if -ROUNDING <= updated <= 1.0 + ROUNDING else prior
