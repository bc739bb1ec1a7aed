"""Latency from a tick to its prediction over the last 30 seconds, by the Kafka timestamps of both records."""

from collections import deque
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import NamedTuple

import msgspec
import numpy as np

from agents.dashboard.state.pace import HISTORY_S
from schemas.codec import decoder
from schemas.errors import Refused
from schemas.positions import position_of

SPAN_S = 30.0
MOST = 8_000
A_BLOCK = 32
"""Most predictions of one block of fetched records whose latency is measured: the newest."""


class Quantiles(NamedTuple):
    """Latency from tick to prediction over the last 30 seconds.

    Attributes:
        p50_ms, p99_ms: median and 99th percentile, ms.
        n: number of predictions measured.
        history: whether every tick measured was over ten minutes old when it was written, as in a replay.
            The latency is then the time that ticks wait in a queue.
    """

    p50_ms: float
    p99_ms: float
    n: int
    history: bool = False


class _Identity(msgspec.Struct):
    id: str
    ts_event: int = 0


_identity = decoder(_Identity)


class PredictionTimes(NamedTuple):
    """The two times of one prediction.

    Attributes:
        at_ms: Kafka timestamp of the prediction, ms since 1970.
        ts_event: event time of the tick that it was made from, ns since 1970.
    """

    at_ms: int
    ts_event: int


def answered(values: Iterable[tuple[int, bytes | None]]) -> dict[int, PredictionTimes]:
    """Times of the predictions of one partition, by the offset of the tick that each was made from.

    If a tick has several predictions, the first counts. Records that are no predictions are left out.

    Args:
        values: Kafka timestamp in ms and content of each record.

    >>> answered([(1_000, b'{"id":"ticks:0:17","ts_event":5,"symbol":"X"}'), (1_001, b"no prediction")])
    {17: PredictionTimes(at_ms=1000, ts_event=5)}
    """
    found: dict[int, PredictionTimes] = {}
    for timestamp_ms, value in values:
        with suppress(Refused, ValueError, IndexError):
            about = _identity(value)
            found.setdefault(position_of(about.id)[0], PredictionTimes(timestamp_ms, about.ts_event))
    return found


class Latency:
    """Latencies from tick to prediction measured in the last 30 seconds.

    Latencies of replayed ticks (over ten minutes old when written) only count while no live tick was measured.

    >>> latency, event_ns = Latency(), 980_000_000
    >>> made = {17: PredictionTimes(at_ms=1_030, ts_event=event_ns), 18: PredictionTimes(1_090, event_ns)}
    >>> latency.take(made, {17: 1_000, 18: 1_000, 19: 1_000}, now=0.0)
    >>> latency.quantiles(now=1.0)
    Quantiles(p50_ms=60.0, p99_ms=89.4, n=2, history=False)
    >>> latency.quantiles(now=60.0) is None
    True
    """

    def __init__(self) -> None:
        self._live: deque[tuple[float, float]] = deque(maxlen=MOST)
        self._history: deque[tuple[float, float]] = deque(maxlen=MOST)

    def take(self, predictions: Mapping[int, PredictionTimes], ticks: Mapping[int, int], now: float) -> None:
        """Measure the latency of every prediction whose tick is in `ticks`; other entries are ignored.

        Args:
            predictions: times of predictions of one partition, by the offset of their tick.
            ticks: Kafka timestamps of ticks of that partition, ms since 1970, by offset.
            now: time of the measurement, wall clock in seconds since 1970.
        """
        for offset, sent in ticks.items():
            if (made := predictions.get(offset)) is not None:
                is_history = sent - made.ts_event / 1e6 > 1e3 * HISTORY_S
                (self._history if is_history else self._live).append((now, float(made.at_ms - sent)))

    def quantiles(self, now: float) -> Quantiles | None:
        """Median and 99th percentile of the latencies measured in the last 30 seconds; None if there are none.

        Latencies measured earlier are dropped for good.

        Args:
            now: wall clock, seconds since 1970.
        """
        for seen in (self._live, self._history):
            while seen and seen[0][0] < now - SPAN_S:
                seen.popleft()
        seen = self._live or self._history
        if not seen:
            return None
        p50, p99 = np.quantile([each for _, each in seen], (0.5, 0.99)).tolist()
        return Quantiles(round(p50, 1), round(p99, 1), len(seen), history=seen is self._history)
