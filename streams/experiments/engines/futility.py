"""Futility: ends a test early without a winner, once the evidence shows that no effect is worth finding."""

from typing import Literal

from msgspec import Struct

from streams.experiments.engines.e_process_of_batch_means import log_e


class Hopes(Struct, frozen=True):
    """Evidence that the true effect is too small to be worth finding, upwards and downwards, in nats.

    `worth` is the smallest effect that is worth finding; an effect above 0 means that the challenger A
    is better.

    Attributes:
        below: log evidence that the effect is below `worth`.
        above: log evidence that the effect is above `-worth`.
    """

    below: float
    above: float

    def verdict(self, threshold: float) -> Literal["", "futile", "no_difference"]:
        """Verdict of the futility rule, if log evidence of at least `threshold` nats is sufficient.

        Returns:
            `no_difference`: both `below` and `above` are sufficient, so the effect is too small in
            either direction; `futile`: only `below` is, so the challenger is not better by an effect
            worth finding, but may be worse; empty: `below` is not sufficient, and the test goes on.
        """
        if self.below < threshold:
            return ""
        return "no_difference" if self.above >= threshold else "futile"


def hopes(n: int, mean: float, sse: float, g: float, worth: float) -> Hopes:
    """Evidence that the true mean is below `worth`, and evidence that it is above `-worth`.

    The first is the e-process of batch means of `worth - score`, the second the e-process of batch
    means of `worth + score`. Both together are an equivalence test. A test need not stop on this
    evidence: if it goes on, its error rate still holds.

    In the first example the mean is 0, far from `worth`; in the second it is so close to `worth` that
    the test goes on.

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
        Lachin (2005), A review of methods for futility stopping based on conditional power: non-binding
        rules.
        Schuirmann (1987), A comparison of the two one-sided tests procedure and the power approach.
    """
    return Hopes(log_e(n, worth - mean, sse, g), log_e(n, worth + mean, sse, g))
