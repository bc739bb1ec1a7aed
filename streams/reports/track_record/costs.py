"""Costs of trading relative to gross gain and turnover."""


def cost_share(gross_bps: float, cost_bps: float) -> float | None:
    """Part of the gross gain that cost took; above 1 when it took more than there was, none without a gross gain.

    >>> cost_share(gross_bps=8.0, cost_bps=2.0), cost_share(gross_bps=-1.0, cost_bps=2.0)
    (0.25, None)
    """
    return cost_bps / gross_bps if gross_bps > 0.0 else None


def break_even_bps(gross_bps: float, turnover: float) -> float | None:
    """Cost of trading the whole capital once at which nothing is left, bps; none when nothing was traded.

    >>> break_even_bps(gross_bps=8.0, turnover=20.0)
    0.4
    """
    return gross_bps / turnover if turnover > 0.0 else None
