"""Stopping early without a winner: what is still to be hoped for is not worth waiting for."""

from typing import Literal

from msgspec import Struct

from streams.experiments.engines.t_mixture import log_e


class Hopes(Struct, frozen=True):
    """Attributes:
    below: log evidence that the effect is smaller than the one worth finding.
    above: log evidence that it is larger than the same with a minus.
    """

    below: float
    above: float

    def verdict(self, threshold: float) -> Literal["", "futile", "no_difference"]:
        """What follows at a level: no difference worth finding on either side, or none on the side of A."""
        if self.below < threshold:
            return ""
        return "no_difference" if self.above >= threshold else "futile"


def hopes(n: int, mean: float, sse: float, g: float, worth: float) -> Hopes:
    """Evidence against an effect worth finding, from the moments of batch means: engine 1 on `worth - score`.

    It is non-binding: going on in spite of it costs no error of the test itself. Both sides together are an
    equivalence test.

    >>> hopes(40, 0.0, 0.8, 0.15, worth=0.1).verdict(1.6)
    'no_difference'
    >>> hopes(40, 0.09, 0.8, 0.15, worth=0.1).verdict(1.6)
    ''

    References:
        Lachin (2005), A review of methods for futility stopping based on conditional power: non-binding rules.
        Schuirmann (1987), A comparison of the two one-sided tests procedure and the power approach.
    """
    return Hopes(log_e(n, worth - mean, sse, g), log_e(n, worth + mean, sse, g))
