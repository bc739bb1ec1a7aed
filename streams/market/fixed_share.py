"""Weight of a learned part of predictions, such as a correction: the probability that the part improves predictions."""

from typing import Final

ROUNDING: Final = 1e-9
"""Rounding error by which a weight may lie outside 0 to 1."""


def updated_weight(
    weight: float, with_it: float, without: float, up: bool, uniqueness: float, prior: float, share: float
) -> float:
    """Return the new weight of a learned part of predictions, such as a correction, after one label.

    A label is the known outcome of a prediction. The weight is the probability that predictions with the part are
    better than those without it.

    First the odds of the weight are multiplied by a likelihood ratio to the power of `uniqueness` (Bayes' rule). The
    ratio divides two probabilities of the direction in which the mid moved: that predicted with the part by that
    predicted without the part. Then the weight moves by the fraction `share * uniqueness` towards `prior`, so that a
    weight near 0 or 1 can recover (fixed share).

    With a share of 0, and labels that do not overlap in time, weighted predictions cannot be much worse than either
    choice. Summed over all labels, their log-loss exceeds that of predictions without the part by at most
    `-log(1 - prior)` nats. It exceeds that of predictions with the part in full by at most `-log(prior)` nats.

    Args:
        weight: weight before the label, 0 to 1.
        with_it: probability of an upward move as predicted with the part applied in full, neither 0 nor 1.
        without: probability of an upward move as predicted without the part, neither 0 nor 1.
        up: whether the mid moved up.
        uniqueness: weight of the label, 0 to 1; smaller where labels overlap in time and repeat each other.
        prior: weight before the first label, 0 to 1; also returned if the new weight is not a number from 0 to 1.
        share: fraction of the way back to `prior` that the weight goes at a label of uniqueness 1.

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
