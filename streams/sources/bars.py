"""Turns bars into ticks: each bar becomes a trade at its closing price and at the time when it ends.

A closing price is known only when the bar ends; an earlier time would let a model see the price too
soon.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from schemas.errors import ConfigurationError
from streams.sources.cells import shown

WIDEST = 3.0
"""Largest factor between the high and the low of most bars; four columns further apart are not taken for bars."""

ENOUGH_BARS = 5
"""Fewest rows that show bars: in fewer, four columns may be ordered like open, high, low and close by chance."""

NS_OF = {"s": 10**9, "m": 60 * 10**9, "h": 3_600 * 10**9, "d": 86_400 * 10**9, "w": 7 * 86_400 * 10**9}


def length_of(text: str) -> int:
    """Length of a bar in ns, given as a whole number and a unit: `s`, `m`, `h`, `d` or `w`.

    Raises:
        ConfigurationError: the text is not of this form, or the length is 0.

    >>> length_of("60s"), length_of("1d") == 86_400 * 10**9
    (60000000000, True)
    """
    found = re.fullmatch(r"(\d{1,6})([smhdw])", text)
    if found is None or not int(found[1]):
        raise ConfigurationError(f"expected the length of a bar as 60s, 5m, 1h or 1d, was {shown(text)}")
    return int(found[1]) * NS_OF[found[2]]


def bar_length(times: Iterable[int]) -> int:
    """Length of bars, judged by the distances between the times at which they begin.

    It is the commonest distance; but if some distances are longer than the commonest by at most a fifth, it is the
    longest of them. Months are an example: they differ in length.

    Args:
        times: times at which the bars begin, in order.

    Returns:
        The length in the unit of the times; 0 if there are fewer than two different times.

    >>> bar_length([0, 60, 120, 180, 600]), bar_length([0, 30, 60, 91, 121]), bar_length([5])
    (60, 31, 0)
    """
    distances = Counter(later - earlier for earlier, later in pairwise(times) if later > earlier)
    commonest = max(distances, key=lambda distance: (distances[distance], distance), default=0)
    return max((distance for distance in distances if 5 * distance <= 6 * commonest), default=0)


def is_of_bars(header: Sequence[str]) -> bool:
    """Whether a table has all four columns that tables of bars have: open, high, low and close.

    >>> is_of_bars(["Date", "Open", "High", "Low", "Close"]), is_of_bars(["bid", "ask"])
    (True, False)
    """
    return {"open", "high", "low", "close"} <= {name.strip("<> ").lower() for name in header}


class BarColumns(NamedTuple):
    """Indices of the four columns of a table that hold the prices of bars."""

    open: int
    high: int
    low: int
    close: int


def bars_among(columns: Sequence[Sequence[float | None]]) -> BarColumns | None:
    """Find, by the cells, four neighbouring columns with open, high, low and close of bars; None if not found.

    The high is the largest and the low the smallest of the four in every row. Of the other two, the close
    is the one that lies nearer to the open of the next row.

    Four columns are not taken if the high never falls and the low never rises from row to row, as in the
    last example: they hold the extremes of the day so far. Nor are they taken if a number is not above 0,
    if the high is more than 3 times the low in most rows, or if most rows hold fewer than 3 different
    numbers.

    Args:
        columns: numbers of each column, row by row; None for a cell without a number. At least 5 rows must
            have all four numbers; other rows are left out.

    >>> numbers = [90, 91, 92, 93, 94]
    >>> bars_among([numbers, [5, 6, 7, 6, 7], [8, 8, 9, 7, 7.5], [4, 5, 6, 5, 6], [6, 7, 6, 7, 7], [1] * 5])
    BarColumns(open=1, high=2, low=3, close=4)
    >>> bars_among([[6, 7, 8, 7, 6], [6.1, 7.1, 8.1, 7.1, 6.1], [5] * 5, [9] * 5])
    """
    for first in range(len(columns) - 3):
        rows = [row for row in zip(*columns[first : first + 4], strict=True) if None not in row]
        whole = [[float(cell) for cell in row if cell is not None] for row in rows]
        if len(whole) < ENOUGH_BARS or min(map(min, whole)) <= 0:
            continue
        high = next((at for at in range(4) if all(row[at] == max(row) for row in whole)), None)
        low = next((at for at in range(4) if at != high and all(row[at] == min(row) for row in whole)), None)
        if high is None or low is None or sorted(row[high] / row[low] for row in whole)[len(whole) // 2] > WIDEST:
            continue
        if 2 * sum(len(set(row)) > 2 for row in whole) < len(whole):
            continue
        extremes = [(row[high], row[low]) for row in whole]
        if all(one[0] <= other[0] and one[1] >= other[1] for one, other in pairwise(extremes)):
            continue  # the highest and the lowest of a day so far
        one, other = (at for at in range(4) if at not in (high, low))
        forward = sum(abs(after[one] - before[other]) for before, after in pairwise(whole))
        back = sum(abs(after[other] - before[one]) for before, after in pairwise(whole))
        begins, ends = (one, other) if forward <= back else (other, one)
        return BarColumns(first + begins, first + high, first + low, first + ends)
    return None


def steady_length(times: Sequence[int]) -> int:
    """Commonest distance between successive times, in ns, if the times are as regular as those of bars; otherwise 0.

    They are regular if this distance is a whole number of seconds, if at least half of all distances equal it, and if
    four fifths are multiples of it.

    Args:
        times: times in ns, in any order; 0 is returned for fewer than five.

    >>> steady_length([at * 60 * 10**9 for at in (0, 1, 2, 3, 5, 6)]) // 10**9, steady_length([0, 7, 12, 30, 31, 60])
    (60, 0)
    """
    distances = [later - earlier for earlier, later in pairwise(sorted(times))]
    if len(distances) < ENOUGH_BARS - 1:
        return 0
    ((commonest, count),) = Counter(distances).most_common(1)
    if commonest < NS_OF["s"] or commonest % NS_OF["s"]:
        return 0
    on_grid = sum(distance % commonest == 0 for distance in distances)
    return commonest if 2 * count >= len(distances) and 5 * on_grid >= 4 * len(distances) else 0


def readable_times(read: Callable[[Any], int], cells: Iterable[Any]) -> list[int]:
    """The times in cells, for those cells that can be read as a time; other cells are left out.

    Args:
        read: function that reads a cell as a time, or raises ValueError.
        cells: cells of the first rows.

    >>> readable_times(int, ["7", "n/a"])
    [7]
    """
    found = []
    for cell in cells:
        try:
            found.append(read(cell))
        except ValueError:
            continue
    return found
