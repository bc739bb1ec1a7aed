"""How many intervals a year has for a market: annualisation that says what it assumes."""

from typing import NamedTuple

YEAR_NS = 365.2425 * 86_400e9
"""Mean Gregorian year, ns."""

LEAST_SPAN_NS = 23 * 3_600 * 1_000_000_000
"""A day, less what its first and last tick leave: from less nobody can see how long the market is open."""


class Year(NamedTuple):
    """A year of a market.

    Attributes:
        periods: intervals a year.
        sentence: where the number comes from, for people.
    """

    periods: float
    sentence: str


def year(active: int, span_ns: int, interval_ns: int) -> Year | None:
    """Intervals a year, by the calendar that the ticks themselves show; none for less than a day.

    `periods = active intervals / span in years`: a market that is closed at night and on Sundays counts no intervals
    then, and one that never closes counts all of them.

    Args:
        active: intervals of the span in which at least one tick came.
        span_ns: first to last tick, ns.
        interval_ns: length of an interval, ns.

    >>> day = 86_400 * 10**9
    >>> round(year(active=252, span_ns=365 * day, interval_ns=day).periods)
    252
    >>> year(active=60, span_ns=345 * 10**9, interval_ns=5 * 10**9)
    """
    if span_ns < LEAST_SPAN_NS or active < 1:
        return None
    periods = active / (span_ns / YEAR_NS)
    return Year(
        periods,
        f"{active:,} intervals of {interval_ns / 1e9:,g} s with ticks in {span_ns / 86_400e9:,.1f} days of calendar "
        f"make {periods:,.0f} a year",
    )
