"""Turns ticks in any form that callers may pass (files, tables, tick records) into a stream of tick records."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import cast

import numpy as np
import pandas as pd
from msgspec import Struct
from msgspec.structs import asdict, replace

from streams.engine.feed import Feed
from streams.sources.files import TickFile, merged
from streams.sources.frames import Frame, frame_ticks

Ticks = str | Path | list[str] | list[Path] | Frame | Iterable[Feed]
"""A file or several (merged by event time), a DataFrame or arrays, or ticks in the order of their log."""


def feed(ticks: Ticks) -> Iterable[Feed]:
    """Ticks one by one, from any form that callers may pass.

    Args:
        ticks: path of a file, a list of paths (merged by event time), a DataFrame or arrays, or tick records in order
            of event time.

    >>> [tick.symbol for tick in feed({"ts_event": [10**18], "symbol": ["X"], "bid": [1.0], "ask": [2.0]})]
    ['X']
    """
    if isinstance(ticks, str | Path):
        return TickFile(ticks)
    if isinstance(ticks, pd.DataFrame | np.ndarray | Mapping):
        return frame_ticks(ticks)
    if isinstance(ticks, list) and ticks and isinstance(ticks[0], str | Path):
        return merged(map(TickFile, cast(list[str], ticks)))
    return map(_plain, cast(Iterable[Feed], ticks))


def _plain(tick: Feed) -> Feed:
    """A tick with Python numbers in place of NumPy's."""
    if not isinstance(tick, Struct):
        return tick
    odd = {name: value.item() for name, value in asdict(tick).items() if isinstance(value, np.generic)}
    return replace(tick, **odd) if odd else tick
