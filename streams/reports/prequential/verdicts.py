"""Conclusions from the intervals of comparisons: an improvement is shown, not shown, or refuted."""

from typing import Literal

from msgspec import Struct

from streams.scoring import block_bootstrap
from streams.scoring.block_bootstrap import Column

CLAIMED = 1.2
"""The claim "20 % better prediction through the unified pipeline": this times the skill of the best component."""

SAID = {
    "shown": "improvement shown",
    "not shown": "no improvement shown",
    "refuted": "no improvement shown: it is worse",
}


class RowComparison(Struct, frozen=True):
    """Estimate of how much better one forecaster is than another, with an interval and the conclusion.

    Attributes:
        value: estimate; above 0 is better.
        low, high: ends of the 95 % interval; None if there are too few outcomes for one.
        verdict: `shown` (the interval lies above 0), `refuted` (it lies below 0), or `not shown` (it holds 0, or there
            is none).
    """

    value: float
    low: float | None
    high: float | None
    verdict: Literal["shown", "not shown", "refuted"]

    def __str__(self) -> str:
        if self.low is None or self.high is None:
            return f"{self.value:+.4f} (too little for an interval)"
        return f"{self.value:+.4f} [{self.low:+.4f}, {self.high:+.4f}]"


def comparison(value: float, resampled: Column, enough: bool = True) -> RowComparison:
    """95 % interval of an estimated difference, by bootstrap resamples, and the conclusion from it.

    The conclusion is `shown` if the interval lies above 0, `refuted` if it lies below 0, and
    `not shown` if it holds 0 or there are too few outcomes for an interval.

    >>> import numpy as np
    >>> print(comparison(0.2, np.linspace(0.1, 0.3, 1_001)))
    +0.2000 [+0.1050, +0.2950]
    >>> comparison(0.1, np.linspace(-0.1, 0.3, 1_001)).verdict
    'not shown'

    Args:
        value: estimate on all outcomes; above 0 is better.
        resampled: the same estimate on each resample of the outcomes.
        enough: whether there are enough outcomes for an interval.
    """
    if not enough:
        return RowComparison(value, None, None, "not shown")
    low, high = block_bootstrap.interval(resampled)
    return RowComparison(value, low, high, "shown" if low > 0.0 else "refuted" if high < 0.0 else "not shown")


def sentences(
    baseline: str, component: str, skill: RowComparison, gain: RowComparison, claim: RowComparison, of_component: float
) -> tuple[str, ...]:
    """Conclusions about the whole pipeline, as sentences for a person.

    Args:
        baseline, component: names of the best baseline and of the best single component.
        skill: skill of the whole pipeline over the best baseline.
        gain: log-loss of the best component less that of the whole pipeline, nats.
        claim: skill of the whole pipeline less 1.2 (`CLAIMED`) times that of the best component.
        of_component: skill of the best component over the best baseline.
    """
    if of_component > 0.0:
        met = "met" if claim.value >= 0.0 else "not met"
        claimed = (
            f"skill {skill.value:.4f} against {CLAIMED} x {of_component:.4f} = {CLAIMED * of_component:.4f}: {met}; "
            f"difference {claim}: {claim.verdict}"
        )
    else:
        claimed = f"the best single component has no skill ({of_component:+.4f}) to be compared with: not shown"
    return (
        f"Full pipeline against the best baseline ({baseline}): skill {skill}: {SAID[skill.verdict]}.",
        f"Full pipeline against the best single component ({component}): log-loss lower by {gain} nats: "
        f"{SAID[gain.verdict]}.",
        f'"20 % better prediction through the unified pipeline": {claimed}.',
    )
