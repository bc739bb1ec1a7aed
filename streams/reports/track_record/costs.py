"""Costs of trading, relative to gross gain and to turnover."""


def cost_share(gross_bps: float, cost_bps: float) -> float | None:
    """Fraction of the gross gain that costs took; above 1 if they exceeded it, None without a gross gain.

    >>> cost_share(gross_bps=8.0, cost_bps=2.0), cost_share(gross_bps=-1.0, cost_bps=2.0)
    (0.25, None)
    """
    return cost_bps / gross_bps if gross_bps > 0.0 else None


def break_even_bps(gross_bps: float, turnover: float) -> float | None:
    """Cost of trading the whole capital once at which no gain would be left, bps; None if nothing was traded.

    `turnover` is how many times the whole capital was traded.

    >>> break_even_bps(gross_bps=8.0, turnover=20.0)
    0.4
    """
    return gross_bps / turnover if turnover > 0.0 else None
