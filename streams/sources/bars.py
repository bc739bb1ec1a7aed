"""Bars as ticks: a trade at the close, at the time at which the bar has ended, so that no future is used."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise

from schemas.errors import ConfigurationError
from streams.sources.cells import shown

NS_OF = {"s": 10**9, "m": 60 * 10**9, "h": 3_600 * 10**9, "d": 86_400 * 10**9, "w": 7 * 86_400 * 10**9}


def length_of(text: str) -> int:
    """Length of a bar, ns.

    Raises:
        ConfigurationError: it is none.

    >>> length_of("60s"), length_of("1d") == 86_400 * 10**9
    (60000000000, True)
    """
    found = re.fullmatch(r"(\d{1,6})([smhdw])", text)
    if found is None or not int(found[1]):
        raise ConfigurationError(f"expected the length of a bar as 60s, 5m, 1h or 1d, was {shown(text)}")
    return int(found[1]) * NS_OF[found[2]]


def told_length(times: Iterable[int]) -> int:
    """The commonest distance of bars, ns, or a slightly longer one: months differ, and no bar may end too early.

    Returns:
        0 where fewer than two times tell none.

    >>> told_length([0, 60, 120, 180, 600]), told_length([0, 30, 60, 91, 121]), told_length([5])
    (60, 31, 0)
    """
    distances = Counter(later - earlier for earlier, later in pairwise(times) if later > earlier)
    commonest = max(distances, key=lambda distance: (distances[distance], distance), default=0)
    return max((distance for distance in distances if 5 * distance <= 6 * commonest), default=0)


def is_of_bars(header: Sequence[str]) -> bool:
    """Whether a table has columns of bars.

    >>> is_of_bars(["Date", "Open", "High", "Low", "Close"]), is_of_bars(["bid", "ask"])
    (True, False)
    """
    return {"open", "high", "low", "close"} <= {name.strip("<> ").lower() for name in header}
