"""Finds out from the timestamps of ticks and predictions whether a new live version may be too slow."""

from collections import deque
from collections.abc import Sequence

QUANTILE = 0.95
SPANS = 3
"""Number of slow spans in a row that raise a suspicion; longer than a restarted worker needs to catch up."""

FEWEST = 20
"""Smallest number of predictions from which a span, or the version before, is judged."""

MOST = 2_000
"""Most predictions of the version before that are remembered, the newest."""

TIMES = 2.0
"""Factor by which predictions must be slower than before, since the machine may have been busy already."""


class Slowness:
    """Collects latencies from ticks to predictions; suspects a new version that is slow for long enough.

    Latencies are grouped into spans of time. A span is slow if its 95th percentile is above the limit,
    and above twice the 95th percentile of the replaced version. It is not slow if the 95th percentile
    of the replaced version is above the limit, too. A span with fewer than 20 predictions is passed
    over. Three slow spans in a row raise the suspicion. Latencies alone do not show that the version is
    the cause: the machine may have become busy.

    In the example predictions take 300 ms from the time of 20 s on. The three slow spans of 5 s end at
    35 s.

    >>> slowness = Slowness("v2", limit_ms=100.0, span_s=5.0)
    >>> for ms in range(0, 40_000, 100):
    ...     version, latency_ms = "v1" if ms < 10_000 else "v2", 20.0 if ms < 20_000 else 300.0
    ...     slowness.take(version, at_ms=ms, latency_ms=latency_ms)
    ...     if slowness.verdict:
    ...         break
    >>> ms, slowness.verdict
    (35000, '95 % of its predictions within 300 ms, expected 100 ms; 20 ms under the version before')

    Args:
        version: name of the new live version.
        limit_ms: largest acceptable latency, ms.
        span_s: length of a span, s.

    Attributes:
        verdict: why the version is suspected, a sentence; empty if the version is not suspected.
        p95_ms: 95th percentile of the latencies in the last full span, ms.
    """

    def __init__(self, version: str, limit_ms: float, span_s: float) -> None:
        self.verdict = ""
        self.p95_ms = 0.0
        self._version, self._limit_ms, self._span_ms = version, limit_ms, span_s * 1e3
        self._before: deque[float] = deque(maxlen=MOST)
        self._span, self._in_span = -1, list[float]()
        self._slow = 0

    def take(self, version: str, at_ms: int, latency_ms: float) -> None:
        """Add the latency of a prediction.

        Args:
            version: version that made the prediction; any version but the new one counts as the replaced version.
            at_ms: when the prediction was written, ms.
            latency_ms: time from the tick to the prediction, ms.
        """
        if version != self._version:
            self._before.append(latency_ms)
            return
        span = int(at_ms // self._span_ms)
        if span != self._span:
            self._close()
            self._span = span
        self._in_span.append(latency_ms)

    def acquit(self) -> None:
        """Drop the suspicion that the version is slow, for example because it was shown not to be the cause.

        Three more slow spans in a row raise the suspicion again.
        """
        self.verdict, self._slow = "", 0

    def _close(self) -> None:
        latencies, self._in_span = self._in_span, []
        if len(latencies) < FEWEST or len(self._before) < FEWEST:
            return
        self.p95_ms, before_ms = _p95(latencies), _p95(self._before)
        too_slow = self.p95_ms > max(self._limit_ms, TIMES * before_ms) and before_ms <= self._limit_ms
        self._slow = self._slow + 1 if too_slow else 0
        if self._slow >= SPANS:
            self.verdict = (
                f"95 % of its predictions within {self.p95_ms:,.0f} ms, expected {self._limit_ms:,.0f} ms; "
                f"{before_ms:,.0f} ms under the version before"
            )


def _p95(latencies: Sequence[float]) -> float:
    import numpy as np

    return float(np.quantile(latencies, QUANTILE))
