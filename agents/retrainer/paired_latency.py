"""Times a version and the one before it on the same ticks, in alternation, to show whether it is slower itself.

The times on records say that answers come late, not why: a machine that became busy, a broker that hesitates and a
version that computes for long look the same there. Here both versions stand on the same machine in the same moment, so
what burdens the machine burdens both, and what is left of a difference is the version's own.
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
"""Ticks that both must have taken before they say anything."""

TIMES = 2.0
"""So many times as long as the other."""

SHARE = 0.1
"""Part that the difference must be of the latency that is seen, or of what one processor does in a second."""


class PairedLatency(Struct, frozen=True):
    """Computing times of both versions.

    Attributes:
        ms: for a tick, of the version: median.
        before_ms: the same of the one before.
        ticks: that both took.
    """

    ms: float
    before_ms: float
    ticks: int

    def explains(self, latency_ms: float, per_second: float) -> bool:
        """Whether the version is why answers take so long.

        >>> PairedLatency(80.0, 0.2, 40).explains(latency_ms=150.0, per_second=12.0)
        True
        >>> PairedLatency(2.0, 0.2, 40).explains(150.0, 12.0), PairedLatency(2.0, 0.2, 40).explains(150.0, 400.0)
        (False, True)
        >>> PairedLatency(80.0, 79.0, 40).explains(150.0, 12.0)
        False

        Args:
            latency_ms: that is seen from ticks to predictions.
            per_second: ticks of the symbol.
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
    """Time both versions on each tick, each going first every other time.

    Both begin without a state: what a version has learned is as large in the one as in the other.

    Args:
        parameters: of the symbol.
        overrides: of the version.
        before: of the version before it.
        ticks: the newest ones, in their order.
        budget_s: after which no further tick is taken.

    Raises:
        ValueError: nothing can be built with the overrides.
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
