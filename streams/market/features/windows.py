"""Lengths of rolling windows: a number of events, such as `50`, or a duration of event time, such as `"500ms"`."""

import re
from typing import Annotated, Final, NamedTuple

from msgspec import Meta

from streams.engine.bounds import MOST_KEPT, Kept

UNITS_NS: Final = {"us": 1_000, "ms": 1_000_000, "s": 1_000_000_000, "m": 60_000_000_000, "h": 3_600_000_000_000}
"""Units of durations, in ns."""

DURATION: Final = r"^[1-9][0-9]{0,5}(us|ms|s|m|h)\Z"
"""Form of a duration, of at most 999,999 hours."""

WindowLength = Kept | Annotated[str, Meta(pattern=DURATION)]
"""Length of a window in a configuration: a number of events, or a duration of event time such as `"500ms"`."""


class Window(NamedTuple):
    """Length of a rolling window.

    Attributes:
        span: how much a window covers: ns of event time, or a number of events.
        counted: whether `span` is a number of events.
    """

    span: int
    counted: bool


def window_of(length: int | str) -> Window:
    """Return the window of a length as the configuration gives it, or as it ends the name of a feature.

    Args:
        length: a number of events, or a duration: a whole number of at most 6 digits, and `us`, `ms`, `s`, `m` or `h`.

    >>> window_of("500ms"), window_of(50), window_of("50")
    (Window(span=500000000, counted=False), Window(span=50, counted=True), Window(span=50, counted=True))
    """
    text = str(length)
    number = text.rstrip("umsh")
    unit = text[len(number) :]
    return Window(int(number) * UNITS_NS[unit], False) if unit else Window(int(number), True)


def is_length(text: str) -> bool:
    """Whether a text is the length of a window, a number of events up to 10,000 or a duration.

    >>> [is_length(text) for text in ("500ms", "75", "0s", "1.5s", "10001", "")]
    [True, True, False, False, False, False]
    """
    if re.fullmatch("[1-9][0-9]{0,4}", text):
        return int(text) <= MOST_KEPT
    return re.fullmatch(DURATION, text) is not None
