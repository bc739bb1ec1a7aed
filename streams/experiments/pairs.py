"""Pairs: the results of two arms on the same prediction, the input of an experiment."""

from msgspec import Struct

from schemas.outcomes import OutcomeMatured


class Pair(Struct, frozen=True, array_like=True):
    """Results of both arms on one matured prediction; A is the challenger, B the champion.

    Attributes:
        id: id of the prediction.
        ts_event: event time at which it matured, ns.
        a_bps, b_bps: net return of each arm, bps of capital.
        a_up, b_up: probability of an upward move by each arm.
        label: sign of the move; 0 if the mid did not move.
    """

    id: str
    ts_event: int
    a_bps: float
    b_bps: float
    a_up: float = 0.5
    b_up: float = 0.5
    label: int = 0

    def sound(self) -> bool:
        """Whether every number is finite and within its bounds."""
        return self.a_bps - self.a_bps == self.b_bps - self.b_bps and 0.0 < self.a_up < 1.0 and 0.0 < self.b_up < 1.0


def pair_of(outcome: OutcomeMatured, a: str, b: str) -> Pair | None:
    """The pair of two arms in an outcome, by their names; None if one of them is not in it."""
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
