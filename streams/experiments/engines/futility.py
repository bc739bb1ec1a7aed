"""Futility: ends a test early without a winner, once the evidence shows that no effect is worth finding."""

from typing import Literal

from msgspec import Struct

from streams.experiments.engines.e_process_of_batch_means import log_e


class Hopes(Struct, frozen=True):
    """Evidence that the true effect is too small to be worth finding: a number for each direction, nats.

    `worth` is the smallest effect that is worth finding; an effect above 0 means that the challenger A is better.

    Attributes:
        below: log evidence that the effect is below `worth`.
        above: log evidence that the effect is above `-worth`.
    """

    below: float
    above: float

    def verdict(self, threshold: float) -> Literal["", "futile", "no_difference"]:
        """Verdict that follows when log evidence counts as sufficient from `threshold` on, nats.

        Returns:
            `no_difference`: the effect is too small in both directions; `futile`: the challenger is not better by an
            effect worth finding, but may be worse; empty: the test goes on.
        """
        if self.below < threshold:
            return ""
        return "no_difference" if self.above >= threshold else "futile"


def hopes(n: int, mean: float, sse: float, g: float, worth: float) -> Hopes:
    """Evidence that the true mean is below `worth`, and that it is above `-worth`, from moments of batch means.

    The first is the e-process of batch means on `worth - score`, the second that on `worth + score`; both together are
    an equivalence test. To stop for futility is not binding: a test that goes on in spite of this evidence keeps its
    error rate.

    >>> hopes(n=40, mean=0.0, sse=0.8, g=0.15, worth=0.1).verdict(1.6)
    'no_difference'
    >>> hopes(n=40, mean=0.09, sse=0.8, g=0.15, worth=0.1).verdict(1.6)
    ''

    Args:
        n: number of batch means.
        mean: mean of the batch means.
        sse: sum of their squared deviations from `mean`.
        g: prior variance of the true mean, in units of the variance of one batch mean.
        worth: smallest mean that is worth finding.

    References:
        Lachin (2005), A review of methods for futility stopping based on conditional power: non-binding rules.
        Schuirmann (1987), A comparison of the two one-sided tests procedure and the power approach.
    """
    return Hopes(log_e(n, worth - mean, sse, g), log_e(n, worth + mean, sse, g))
