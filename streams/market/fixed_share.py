"""Weight of one learned part of a prediction, such as a correction: the probability that it improves predictions."""

from typing import Final

ROUNDING: Final = 1e-9
"""Rounding error by which a weight may lie outside 0 to 1."""


def updated_weight(
    weight: float, with_it: float, without: float, up: bool, uniqueness: float, prior: float, share: float
) -> float:
    """Return the new weight of a learned part of predictions, such as a correction, after one label.

    A label is the known outcome of a prediction. The weight is the probability that predictions with the part are
    better than those without it.

    Bayes' rule multiplies the odds of the weight by a likelihood ratio to the power of `uniqueness`. The ratio is the
    probability of what happened as predicted with the part, divided by its probability as predicted without the part.
    Then the weight moves by the fraction `share * uniqueness` towards `prior`, so that it can always recover (fixed
    share).

    With a share of 0, and labels that do not overlap in time, the cost of the weighting is bounded. A part that does
    not help costs at most `-log(1 - prior)` nats of log-loss in all. A part that helps loses at most `-log(prior)` nats
    in all, compared with its full use from the beginning.

    Args:
        weight: weight before the label, 0 to 1.
        with_it: probability of an upward move as predicted with the part applied in full, neither 0 nor 1.
        without: probability of an upward move as predicted without the part, neither 0 nor 1.
        up: whether the mid moved up.
        uniqueness: weight of the label, 0 to 1; smaller where labels overlap in time and repeat each other.
        prior: weight before the first label, 0 to 1; also returned if the new weight is not a number from 0 to 1.
        share: fraction of the distance to `prior` by which the weight returns at a label of uniqueness 1.

    >>> args = dict(with_it=0.9, without=0.6, uniqueness=1, prior=0.1, share=0)
    >>> round(updated_weight(0.1, up=True, **args), 4)  # odds of 1:9, times 0.9 / 0.6
    0.1429
    >>> round(updated_weight(0.1, up=False, **args), 4)  # odds of 1:9, times 0.1 / 0.4
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
