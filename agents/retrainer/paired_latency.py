"""Times a version and the version that it replaced on the same ticks, to show whether the new one is slower by itself.

The timestamps of records show that predictions come late. The reason may be a busy machine, a slow broker or
a slow version. Here both versions run on the same machine and take turns at each tick. What slows the machine down
slows both, so a difference between them is due to the versions.
"""

from collections.abc import Mapping, Sequence
from statistics import median
from time import perf_counter
from typing import Any

from msgspec import Struct

from schemas.errors import Refused
from schemas.ticks import Quote, Trade
from streams.market.arm_parameters import ArmParameters
from streams.market.parameters import MarketParameters
from streams.market.pipeline import Pipeline

BUDGET_S = 4.0
FEWEST = 10
"""Smallest number of ticks, computed by both versions, from which a conclusion is drawn."""

TIMES = 2.0
"""Factor by which a version must be slower than the one before it."""

SHARE = 0.1
"""Smallest fraction that the difference must be of the observed latency, or of a processor's time."""


class PairedLatency(Struct, frozen=True):
    """Computing times of a version and of the version that it replaced, on the same ticks.

    Attributes:
        ms: median time of the version for a tick, ms.
        before_ms: median time of the replaced version for a tick, ms.
        ticks: number of ticks that both computed.
    """

    ms: float
    before_ms: float
    ticks: int

    def explains(self, latency_ms: float, per_second: float) -> bool:
        """Whether the version's own computing time is the reason why its predictions come late.

        Two conditions must be met. Over at least ten ticks, the version's median time for a tick is more than twice
        that of the replaced version. And the difference between these two times is at least a tenth of the observed
        latency, or takes up at least a tenth of a processor at the given rate of ticks.

        >>> slow = PairedLatency(ms=80.0, before_ms=0.2, ticks=40)
        >>> slow.explains(latency_ms=150.0, per_second=12.0)
        True
        >>> quicker = PairedLatency(ms=2.0, before_ms=0.2, ticks=40)
        >>> quicker.explains(latency_ms=150.0, per_second=12.0), quicker.explains(latency_ms=150.0, per_second=400.0)
        (False, True)
        >>> PairedLatency(ms=80.0, before_ms=79.0, ticks=40).explains(latency_ms=150.0, per_second=12.0)
        False

        Args:
            latency_ms: observed latency from ticks to predictions, ms.
            per_second: rate of ticks of the symbol.
        """
        more_ms = self.ms - self.before_ms
        slower = self.ticks >= FEWEST and self.ms > TIMES * self.before_ms
        return slower and (more_ms >= SHARE * latency_ms or more_ms * per_second / 1e3 >= SHARE)


def paired_latency(
    parameters: MarketParameters,
    overrides: Mapping[str, Mapping[str, Any]],
    before: Mapping[str, Mapping[str, Any]],
    ticks: Sequence[Quote | Trade],
    budget_s: float = BUDGET_S,
) -> PairedLatency:
    """Time two versions, a new one and the one that it replaced, on each tick; they take turns at going first.

    Both begin without any learned state, since the size of that state is the same in both.

    Args:
        parameters: configuration of the symbol.
        overrides: parameters in which the new version differs from the configuration.
        before: parameters in which the replaced version differs from the configuration.
        ticks: the newest ticks, in the order of time.
        budget_s: time after which no further tick is begun, s.

    Raises:
        ValueError: one of the versions cannot be built.
    """
    variants = ArmParameters(parameters)
    both = [Pipeline(variants[variants.overrides(each)].parameters) for each in (overrides, before)]
    states, taken = [each.open() for each in both], (list[float](), list[float]())
    end = perf_counter() + budget_s
    for number, tick in enumerate(ticks):
        for which in (0, 1) if number % 2 else (1, 0):
            began = perf_counter()
            try:
                both[which].take(states[which], tick, f"ticks:0:{number}")
            except Refused:
                continue  # as it was when it came
            taken[which].append(perf_counter() - began)
        if perf_counter() > end:
            break
    # The first ones fill caches.
    halves = [each[len(each) // 2 :] for each in taken]
    count = min(map(len, taken))
    return (
        PairedLatency(1e3 * median(halves[0]), 1e3 * median(halves[1]), count) if count else PairedLatency(0.0, 0.0, 0)
    )
