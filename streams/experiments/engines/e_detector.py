"""E-detector: an alarm when a promoted version is worse than the version that it replaced.

This is change detection and goes on for ever: it is judged by its average run length and by its delay.
"""

from msgspec import Struct

BETS = (0.02, 0.05, 0.1, 0.15)
LIMIT = 5.0
"""Standard deviations to which a loss difference is clipped, so that every factor stays positive."""


class DetectorState(Struct, array_like=True):
    """State of an e-detector.

    Attributes:
        evidence: for a change at any time so far, one number for each of `BETS`.
        part: sum of the loss differences of the open block.
        count: loss differences in the open block.
        blocks: closed blocks.
        alarmed: block at which the alarm was raised; 0 before an alarm.
        rejected: differences that were not finite.
    """

    evidence: list[float]
    part: float = 0.0
    count: int = 0
    blocks: int = 0
    alarmed: int = 0
    rejected: int = 0


class EDetector:
    """Advances a `DetectorState`: Shiryaev-Roberts e-detector, `M <- (1 + lambda x) (M + 1)`, mean over lambda.

    x is the loss of the new version less that of the old one, in standard deviations. While its mean, given the past,
    is 0 or below, each factor has a mean of at most 1, so the average run length is at least `run`.

    Args:
        run: average run length, differences before a false alarm.
        block: differences that are averaged to one observation, as neighbours may depend on each other.
        scale: standard deviation of the mean of a block, from before the promotion.

    >>> watch = EDetector(run=20_000.0)
    >>> state = watch.start()
    >>> next(n for n in range(1, 5_000) if watch.update(state, 0.3 if n % 2 else 0.1))
    259

    References:
        Shin, Ramdas and Rinaldo (2024), E-detectors: a nonparametric framework for sequential change detection,
        definition 2.2 and theorem 2.4; Roberts (1966), A comparison of some control chart procedures.
    """

    def __init__(self, run: float, block: int = 1, scale: float = 1.0) -> None:
        self._threshold = run / block
        self._block = block
        self._scale = scale

    def start(self) -> DetectorState:
        """State at promotion."""
        return DetectorState([0.0] * len(BETS))

    def update(self, state: DetectorState, worse: float) -> bool:
        """Take one loss difference, new version less old; returns whether the alarm is raised now or was before."""
        if worse - worse != 0.0:
            state.rejected += 1
            return state.alarmed > 0
        state.part += worse
        state.count += 1
        if state.count == self._block:
            x = state.part / state.count / self._scale
            state.part, state.count = 0.0, 0
            x = LIMIT if x > LIMIT else -LIMIT if x < -LIMIT else x
            state.blocks += 1
            evidence = state.evidence = [
                (1.0 + bet * x) * (each + 1.0) for bet, each in zip(BETS, state.evidence, strict=True)
            ]
            if not state.alarmed and sum(evidence) >= len(BETS) * self._threshold:
                state.alarmed = state.blocks
        return state.alarmed > 0
