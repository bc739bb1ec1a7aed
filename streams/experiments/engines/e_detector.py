"""E-detector: raises an alarm when a promoted version has become worse than the version that it replaced.

The watch has no planned end, so a false alarm is certain at some time. The detector is therefore judged by its average
run length (observations between two false alarms) and by its delay (observations from a change to the alarm).
"""

from msgspec import Struct

BETS = (0.02, 0.05, 0.1, 0.15)
LIMIT = 5.0
"""Standard deviations to which a loss difference is clipped, so that every factor stays positive."""


class DetectorState(Struct, array_like=True):
    """State of an e-detector, which watches whether a new version becomes worse.

    A loss difference is the loss of a new version less that of the version which it replaced.

    Attributes:
        evidence: evidence that the new version became worse at some time so far; a number for each bet
            size (lambda in the formula of `EDetector`).
        part: sum of the loss differences in the open block.
        count: loss differences in the open block.
        blocks: closed blocks.
        alarmed: number of the block at which the alarm was raised; 0: no alarm yet.
        rejected: differences that were not finite; they are left out.
    """

    evidence: list[float]
    part: float = 0.0
    count: int = 0
    blocks: int = 0
    alarmed: int = 0
    rejected: int = 0


class EDetector:
    """Shiryaev-Roberts e-detector: raises an alarm when a new version has become worse.

    It takes loss differences: the loss of the new version less that of the version which it replaced.

    Its evidence is `M <- (1 + lambda x) (M + 1)`, averaged over several bet sizes lambda. Here x is the
    mean loss difference of a block, divided by `scale`. While the mean of x, given the past, is 0 or
    below, each factor has a mean of at most 1. The average run length is then at least `run`. The
    evidence is kept in a `DetectorState`.

    Args:
        run: least average number of loss differences between two false alarms (average run length).
        block: neighbouring differences that are averaged to one observation, as they may depend on each
            other; by default 1.
        scale: standard deviation of the mean of a block, as measured before the promotion; by default
            1.

    In the example the loss of the new version is larger by 0.2 on average, and the alarm is raised at
    the 259th difference.

    >>> watch = EDetector(run=20_000.0)
    >>> state = watch.start()
    >>> next(n for n in range(1, 5_000) if watch.update(state, 0.3 if n % 2 else 0.1))
    259

    References:
        Shin, Ramdas and Rinaldo (2024), E-detectors: a nonparametric framework for sequential change
        detection, definition 2.2 and theorem 2.4; Roberts (1966), A comparison of some control chart
        procedures.
    """

    def __init__(self, run: float, block: int = 1, scale: float = 1.0) -> None:
        self._threshold = run / block
        self._block = block
        self._scale = scale

    def start(self) -> DetectorState:
        """State when the new version goes live, without evidence."""
        return DetectorState([0.0] * len(BETS))

    def update(self, state: DetectorState, worse: float) -> bool:
        """Add one loss difference to `state`; returns whether an alarm is raised now or was raised before.

        `worse` is the loss of the new version less that of the version which it replaced.
        """
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
