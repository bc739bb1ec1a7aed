"""Futility: early stopping without a winner, when no effect worth finding is left to expect."""

from typing import Literal

from msgspec import Struct

from streams.experiments.engines.e_process_of_batch_means import log_e


class Hopes(Struct, frozen=True):
    """Evidence against the smallest effect worth finding, in both directions.

    Attributes:
        below: log evidence that the effect is below the smallest effect worth finding.
        above: log evidence that it is above the negative of that.
    """

    below: float
    above: float

    def verdict(self, threshold: float) -> Literal["", "futile", "no_difference"]:
        """Verdict at a threshold of log evidence: `no_difference` (neither side), `futile` (not for A), or empty."""
        if self.below < threshold:
            return ""
        return "no_difference" if self.above >= threshold else "futile"


def hopes(n: int, mean: float, sse: float, g: float, worth: float) -> Hopes:
    """Evidence against effects of size `worth`, from the moments of batch means: engine 1 on `worth - score`.

    The rule is non-binding: going on in spite of it does not raise the error rate of the test. Both sides together are
    an equivalence test.

    >>> hopes(40, 0.0, 0.8, 0.15, worth=0.1).verdict(1.6)
    'no_difference'
    >>> hopes(40, 0.09, 0.8, 0.15, worth=0.1).verdict(1.6)
    ''

    References:
        Lachin (2005), A review of methods for futility stopping based on conditional power: non-binding rules.
        Schuirmann (1987), A comparison of the two one-sided tests procedure and the power approach.
    """
    return Hopes(log_e(n, worth - mean, sse, g), log_e(n, worth + mean, sse, g))
