"""How many intervals a year has in a market, estimated from the ticks, and a sentence on what the estimate assumes."""

from typing import NamedTuple

YEAR_NS = 365.2425 * 86_400e9
"""Mean Gregorian year, ns."""

LEAST_SPAN_NS = 23 * 3_600 * 1_000_000_000
"""A day, less what its first and last tick leave: from less nobody can see how long the market is open."""


class Year(NamedTuple):
    """Length of a year of a market, counted in intervals of a track record.

    Attributes:
        periods: number of intervals a year.
        sentence: how the number was found, for a person.
    """

    periods: float
    sentence: str


def year(active: int, span_ns: int, interval_ns: int) -> Year | None:
    """Number of intervals a year in which a market is open, estimated from its ticks.

    None if the ticks span less than 23 hours, as in the second example, or if no interval has a tick.

    The number is `active / span in years`. Intervals without ticks do not count, so a market that is
    closed at night and on Sundays has fewer intervals a year than one that never closes.

    Args:
        active: number of intervals with at least one tick.
        span_ns: time from the first tick to the last, ns.
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
