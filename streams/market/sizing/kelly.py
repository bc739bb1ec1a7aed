"""Sizing rule: a fraction of the Kelly (growth-optimal) position."""

from streams.market.sizing.protocol import NO_LIMIT, Case


class Kelly:
    """A fraction of net edge over mean square of the return, both as fractions of the price.

    At horizons of a second the growth-optimal position is thousands of times the capital as soon as the edge exceeds
    the cost, since returns are tiny and their squares tinier. The fraction must be accordingly small: it stands for
    the error of the edge and for jumps that have not been seen yet.

    >>> case = Case(0.7, net_bps=0.2, deviation_bps=0.5, regime="calm-range", stand_aside=False, drawdown_bps=0.0)
    >>> Kelly(fraction=1.0).limit(case), Kelly(fraction=0.0001).limit(case)  # 0.2e-4 / (0.5e-4)^2
    (8000.0, 0.8)

    References:
        Thorp (2006), The Kelly criterion in blackjack, sports betting and the stock market, section 7: mean over
        variance.
    """

    def __init__(self, fraction: float) -> None:
        # From bps over squared bps.
        self._fraction = 1e4 * fraction

    def limit(self, case: Case) -> float:
        """See `Rule.limit`."""
        square = case.deviation_bps * case.deviation_bps
        return min(self._fraction * case.net_bps / square, NO_LIMIT) if square > 0.0 else 0.0
