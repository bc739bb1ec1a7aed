"""Pairs: the results of challenger and champion on the same prediction, which are the input of an experiment."""

from msgspec import Struct

from schemas.outcomes import OutcomeMatured


class Pair(Struct, frozen=True, array_like=True):
    """Results of challenger A and champion B on the same prediction, known once its horizon has passed.

    Attributes:
        id: id of the prediction.
        ts_event: event time at which the results were known, ns.
        a_bps, b_bps: net return of A and of B, bps of capital.
        a_up, b_up: probability of an upward move that A and B gave.
        label: direction of the move: 1 up, -1 down, 0 if the mid price did not change.
    """

    id: str
    ts_event: int
    a_bps: float
    b_bps: float
    a_up: float = 0.5
    b_up: float = 0.5
    label: int = 0

    def sound(self) -> bool:
        """Whether both returns are finite and both probabilities lie strictly between 0 and 1."""
        return self.a_bps - self.a_bps == self.b_bps - self.b_bps and 0.0 < self.a_up < 1.0 and 0.0 < self.b_up < 1.0


def pair_of(outcome: OutcomeMatured, a: str, b: str) -> Pair | None:
    """The results of challenger and champion in an outcome, as a pair; None if the outcome lacks one of them.

    An arm is one of the variants of the pipeline that run side by side on a symbol. `a` is the name of the challenger's
    arm, `b` that of the champion's.
    """
    arms = {arm.arm: arm for arm in outcome.arms}
    if a not in arms or b not in arms:
        return None
    one, other = arms[a], arms[b]
    return Pair(
        outcome.prediction_id,
        outcome.ts_event,
        one.net_bps,
        other.net_bps,
        one.probability,
        other.probability,
        outcome.label,
    )
