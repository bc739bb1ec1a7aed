"""What a reference did lately: its price, queue imbalance and spread as of any time of the last seconds.

A reference is a symbol whose last state the features of other symbols look at.
"""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from typing import Final

WINDOW_NS: Final = 10_500_000_000
"""How far back states are kept, ns of event time: the longest return, and some delay."""

MOST_ROWS: Final = 1_024
"""States that are kept of a reference at most; of more, every second one of the older half is forgotten."""

PRICE: Final = 0
IMBALANCE: Final = 1
SPREAD: Final = 2

Row = tuple[float, float, float]
"""Price (quote currency), queue imbalance (-1 to 1) and spread (bps) of a reference."""


@dataclass
class ReferenceHistory:
    """States of a reference at the times at which they changed, oldest first; there is at most one for each time.

    Attributes:
        times: event times, ns.
        rows: price, queue imbalance and spread after all ticks of that time.
        begins: index of the oldest state that is kept; those before it are dropped from time to time.
    """

    times: list[int] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    begins: int = 0


def extend(history: ReferenceHistory, at: int, row: Row) -> None:
    """Add the state of the reference at a time which is not before the last one.

    >>> history = ReferenceHistory()
    >>> for at, price in ((10, 100.0), (10, 101.0), (25, 102.0)):
    ...     extend(history, at, (price, 0.0, 1.0))
    >>> history.times, [row[PRICE] for row in history.rows]
    ([10, 25], [101.0, 102.0])
    """
    times, rows = history.times, history.rows
    if times and times[-1] == at:
        rows[-1] = row
        return
    times.append(at)
    rows.append(row)
    # The last state before the window still holds when the window begins.
    begins, oldest = history.begins, at - WINDOW_NS
    last = len(times) - 1
    while begins < last and times[begins + 1] <= oldest:
        begins += 1
    if begins > MOST_ROWS or len(times) - begins > MOST_ROWS:
        del times[:begins], rows[:begins]
        begins = 0
        if len(times) > MOST_ROWS:
            older = len(times) // 2
            times[:older], rows[:older] = times[:older:2], rows[:older:2]
    history.begins = begins


def before(history: ReferenceHistory, at: int) -> int:
    """Index of the last state that is older than `at` (ns), so that what has the same time is not seen; -1 if none is.

    >>> history = ReferenceHistory([10, 25], [(101.0, 0.0, 1.0), (102.0, 0.0, 1.0)])
    >>> before(history, 26), before(history, 25), before(history, 10)
    (1, 0, -1)
    """
    times = history.times
    if times and times[-1] < at:
        return len(times) - 1
    found = bisect_left(times, at, history.begins) - 1
    return found if found >= history.begins else -1


def price_at(history: ReferenceHistory, at: int, newest: int) -> float:
    """Price of the reference at a time, ns; its oldest price that is kept if the time is before that.

    Args:
        history: states of the reference, one at least.
        at: the time.
        newest: index of the last state that may be seen.
    """
    begins = history.begins
    found = bisect_right(history.times, at, begins, newest + 1) - 1
    return history.rows[found if found > begins else begins][PRICE]
