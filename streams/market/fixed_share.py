"""How far something learned is applied: a belief that it helps, moved by how well it did with and without it."""

from typing import Final

ROUNDING: Final = 1e-9
"""By which a belief may lie outside of 0 to 1."""


def believed(trust: float, with_it: float, without: float, up: bool, worth: float, prior: float, share: float) -> float:
    """Belief after one label.

    By the rule of Bayes the odds are multiplied by how much more probable what happened was with it than without, to
    the power of the worth; then a share goes back to the prior. In a mixture of probabilities with such weights and
    nothing shared, what does not help costs at most `-log(1 - prior)` nats in all, over labels that do not overlap;
    what helps is had for `-log(prior)`.

    Args:
        trust: belief before.
        with_it, without: probability of an upward move with it in full and without it, neither 0 nor 1.
        up: whether the mid moved up.
        worth: of the label, see `label_uniqueness`.
        prior: belief at first.
        share: part of the belief that goes back to the prior at a label of worth 1.

    >>> round(believed(0.1, with_it=0.9, without=0.6, up=True, worth=1.0, prior=0.1, share=0.0), 4)  # odds 1:9 by 3:2
    0.1429
    >>> round(believed(0.1, with_it=0.9, without=0.6, up=False, worth=1.0, prior=0.1, share=0.0), 4)  # 1:9 by 1:4
    0.027

    References:
        Herbster and Warmuth (1998), Tracking the best expert: the fixed-share update, of two experts.
    """
    better = with_it / without if up else (1.0 - with_it) / (1.0 - without)
    helped: float = trust * better**worth
    moved = helped / (helped + 1.0 - trust)
    believed = moved + share * worth * (prior - moved)
    # NaN fails the comparison, too: what is no belief, and not by rounding alone, starts anew.
    return believed if -ROUNDING <= believed <= 1.0 + ROUNDING else prior
