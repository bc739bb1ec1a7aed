"""Sizing rule `kelly`: a fraction of the Kelly position, which maximises the growth of capital."""

from streams.market.sizing.protocol import NO_LIMIT, Case


class Kelly:
    """Sizing rule: a fraction of the Kelly position, the expected net return divided by the mean squared return.

    At horizons of a second the full Kelly position is thousands of times the capital as soon as the expected move
    exceeds the cost, because the mean square of such small returns is far smaller still. So the fraction must be as
    small as 0.0001. A small fraction also allows for errors of the expected move and for jumps that have not been seen
    yet.

    Args:
        fraction: fraction of the Kelly position, 0 to 1.

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
        """Return the largest position, fraction of capital, 0 or more; 0 while the mean square of the return is 0."""
        square = case.deviation_bps * case.deviation_bps
        return min(self._fraction * case.net_bps / square, NO_LIMIT) if square > 0.0 else 0.0
