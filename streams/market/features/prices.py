"""Features of the mid against its recent past: returns over 1, 10, 50 and 200 quotes, and the z-score."""

from dataclasses import dataclass
from math import fsum, sqrt
from typing import ClassVar, Final

from streams.market.features.family import Feature, Moment

LAGS = (1, 10, 50, 200)
HISTORY: Final = LAGS[-1]


@dataclass
class PriceState:
    """The last 200 mids, and sums from which their mean and variance follow.

    Attributes:
        mids: the last mids, quote currency, in a ring buffer.
        at: index of the oldest mid, which the next mid replaces.
        anchor: a recent mid, which is subtracted from each mid before summing, because sums of squared prices would be
            too inexact.
        deviations: sum of the differences between the mids and `anchor`, quote currency.
        squares: sum of the squares of these differences, quote currency squared.
    """

    mids: list[float]
    at: int
    anchor: float
    deviations: float
    squares: float


class Prices:
    """Computes the returns of the mid over 1, 10, 50 and 200 quotes, and the mid's z-score, at each quote.

    >>> prices = Prices()
    >>> state = prices.start(100.0)
    >>> prices.advance(state, Moment(101.0))[:2]  # returns over 1 and 10 quotes, bps: the mid was 100 before
    (100.00000000000009, 100.00000000000009)
    >>> [round(value, 2) for value in prices.advance(state, Moment(100.5))]
    [-49.5, 50.0, 50.0, 50.0, 6.26]
    """

    features: ClassVar = (
        *(Feature(f"return_{lag}", "bps", True, f"mid / mid {lag} quotes ago - 1", "definition") for lag in LAGS),
        Feature(
            "zscore",
            "sigma",
            True,
            f"(mid - mean of the last {HISTORY} mids) / their standard deviation",
            "definition",
        ),
    )
    state: ClassVar = PriceState

    def start(self, mid: float) -> PriceState:
        """Return the state of a symbol whose mid has always been `mid` (quote currency)."""
        return PriceState([mid] * HISTORY, 0, mid, 0.0, 0.0)

    def advance(self, state: PriceState, now: Moment) -> tuple[float, float, float, float, float]:
        """Add `now.mid` to `state`; return the mid's change over 1, 10, 50 and 200 quotes in bps, then the z-score.

        The z-score is the mid less the mean of the last 200 mids, divided by the standard deviation of these mids. It
        is 0 if these mids are all equal.
        """
        mid = now.mid
        mids = state.mids
        at = state.at
        # Negative indices wrap round the ring by themselves: the oldest mid is `at`, the newest `at - 1`.
        return_1 = (mid / mids[at - 1] - 1.0) * 1e4
        return_10 = (mid / mids[at - 10] - 1.0) * 1e4
        return_50 = (mid / mids[at - 50] - 1.0) * 1e4
        oldest = mids[at]
        return_200 = (mid / oldest - 1.0) * 1e4
        mids[at] = mid
        at += 1
        if at == HISTORY:
            at = 0
            state.anchor = anchor = mid
            deviations = fsum([each - anchor for each in mids])
            squares = fsum([(each - anchor) * (each - anchor) for each in mids])
            new = 0.0
        else:
            anchor = state.anchor
            new = mid - anchor
            old = oldest - anchor
            deviations = state.deviations + (new - old)
            squares = state.squares + (new * new - old * old)
        state.at = at
        state.deviations = deviations
        state.squares = squares
        mean = deviations / HISTORY
        variance = squares / HISTORY - mean * mean
        # Below this the variance is rounding error of the sums, not movement of the price.
        zscore = (new - mean) / sqrt(variance) if variance > 1e-12 * (squares / HISTORY) else 0.0
        return return_1, return_10, return_50, return_200, zscore
