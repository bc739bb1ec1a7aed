"""How long from a tick to its prediction: by the times that their producers put on both, over the last seconds."""

from collections import deque
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import NamedTuple

import msgspec
import numpy as np

from schemas.codec import decoder
from schemas.errors import Refused
from schemas.positions import position_of

SPAN_S = 30.0
MOST = 8_000
A_BLOCK = 32
"""Newest predictions of a block of records that are looked at."""


class Quantiles(NamedTuple):
    """Of the last `SPAN_S`.

    Attributes:
        p50_ms, p99_ms: median and 99th percentile, ms.
        n: pairs of a tick and its prediction.
    """

    p50_ms: float
    p99_ms: float
    n: int


class _Identity(msgspec.Struct):
    id: str


_identity = decoder(_Identity)


def answered(values: Iterable[tuple[int, bytes | None]]) -> dict[int, int]:
    """Offset of the tick of each prediction, with the time of the prediction.

    Args:
        values: time in ms and bytes of predictions of one partition.

    What is no prediction, which `Board.take` counts, answers none.

    >>> answered([(1_000, b'{"id":"ticks:0:17","symbol":"X"}'), (1_001, b"no prediction")])
    {17: 1000}
    """
    found: dict[int, int] = {}
    for timestamp_ms, value in values:
        with suppress(Refused, ValueError, IndexError):
            found.setdefault(position_of(_identity(value).id)[0], timestamp_ms)
    return found


class Latency:
    """Differences of the last `SPAN_S` seconds.

    >>> latency = Latency()
    >>> latency.take({17: 1_030, 18: 1_090}, {17: 1_000, 18: 1_000, 19: 1_000}, now=0.0)
    >>> latency.quantiles(now=1.0)
    Quantiles(p50_ms=60.0, p99_ms=89.4, n=2)
    >>> latency.quantiles(now=60.0) is None
    True
    """

    def __init__(self) -> None:
        self._seen: deque[tuple[float, float]] = deque(maxlen=MOST)

    def take(self, predictions: Mapping[int, int], ticks: Mapping[int, int], now: float) -> None:
        """Take times in ms of predictions and ticks of one partition, by offset of the tick."""
        for offset, sent in ticks.items():
            if (made := predictions.get(offset)) is not None:
                self._seen.append((now, float(made - sent)))

    def quantiles(self, now: float) -> Quantiles | None:
        """None without a pair in the last seconds."""
        while self._seen and self._seen[0][0] < now - SPAN_S:
            self._seen.popleft()
        if not self._seen:
            return None
        p50, p99 = np.quantile([each for _, each in self._seen], (0.5, 0.99)).tolist()
        return Quantiles(round(p50, 1), round(p99, 1), len(self._seen))
