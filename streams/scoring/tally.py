"""Running sums for one forecaster: its scores, its calibration, and the returns from following its forecasts."""

from dataclasses import dataclass
from typing import Final

from streams.scoring import correlation, scores
from streams.scoring.correlation import Correlation
from streams.scoring.figures import Figures
from streams.scoring.prohibitive import PROHIBITIVE_BPS

BINS: Final = 10
"""Bins of equal width over the confidence, 0.5 to 1."""


@dataclass
class Tally:
    """Running sums from which the `Figures` (scores) of one forecaster are computed.

    Attributes:
        moved: number of outcomes in which the mid moved.
        right, loss, brier: sums over the moved outcomes of right predictions, log-losses (nats) and Brier scores.
        counts, confidences, rights: in each of 10 bins of confidence, the number of moved outcomes, the sum of
            confidences and the number of right predictions.
        correlation: running correlation of `2 * probability - 1` and return, over all outcomes.
        gross_bps, net_bps: summed returns from holding one unit in the predicted direction, before and after cost, over
            all outcomes, bps.
    """

    moved: int
    right: float
    loss: float
    brier: float
    counts: list[int]
    confidences: list[float]
    rights: list[float]
    correlation: Correlation
    gross_bps: float
    net_bps: float


def start() -> Tally:
    """Empty sums of a forecaster, before the first outcome."""
    return Tally(0, 0.0, 0.0, 0.0, [0] * BINS, [0.0] * BINS, [0.0] * BINS, Correlation(), 0.0, 0.0)


def update(state: Tally, probability: float, label: int, return_bps: float, cost_bps: float) -> None:
    """Add one outcome to the sums.

    Args:
        state: sums so far; changed in place.
        probability: forecast probability of an upward move.
        label: sign of the move; 0 if the mid did not move, in which case only the correlation and the returns are
            updated.
        return_bps: realised move, bps.
        cost_bps: cost of a round trip, bps; `PROHIBITIVE_BPS`, a million, if the cost is not known, in which case no
            position is assumed.
    """
    signed = 2.0 * probability - 1.0
    correlation.update(state.correlation, signed, return_bps)
    if signed and cost_bps < PROHIBITIVE_BPS:
        gross = return_bps if signed > 0.0 else -return_bps
        state.gross_bps += gross
        state.net_bps += gross - cost_bps
    if label == 0:
        return
    right = scores.hit(probability, label)
    confidence = 0.5 + 0.5 * abs(signed)
    state.moved += 1
    state.right += right
    state.loss += scores.log_loss(probability, label)
    state.brier += scores.brier(probability, label)
    slot = min(int(abs(signed) * BINS), BINS - 1)
    state.counts[slot] += 1
    state.confidences[slot] += confidence
    state.rights[slot] += right


def figures(state: Tally, name: str) -> Figures:
    """The scores that follow from the sums over outcomes; in at least one outcome the mid must have moved.

    Args:
        state: sums so far.
        name: name of the forecaster.

    >>> state = start()
    >>> update(state, 0.8, label=1, return_bps=2.0, cost_bps=1.5)
    >>> update(state, 0.6, label=-1, return_bps=-1.0, cost_bps=1.5)
    >>> found = figures(state, "live")
    >>> found.accuracy, round(found.log_loss, 4), round(found.brier, 4)
    (0.5, 0.5697, 0.2)
    >>> found.call_gross_bps, found.call_net_bps
    (0.5, -1.0)

    Raises:
        ZeroDivisionError: the mid moved in no outcome.

    References:
        Naeini, Cooper and Hauskrecht (2015), Obtaining well calibrated probabilities using Bayesian binning, eq. 3.
        Grinold (1989), The fundamental law of active management, on the information coefficient.
    """
    gaps = sum([abs(told - right) for told, right in zip(state.confidences, state.rights, strict=True)])
    moved, taken = state.moved, state.correlation.pairs
    return Figures(
        name=name,
        accuracy=state.right / moved,
        log_loss=state.loss / moved,
        brier=state.brier / moved,
        ece=gaps / moved,
        information_coefficient=correlation.coefficient(state.correlation),
        call_gross_bps=state.gross_bps / taken,
        call_net_bps=state.net_bps / taken,
    )
