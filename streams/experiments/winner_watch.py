"""Watch over a version that won and went live.

It moves through the phases canary, promoted and confirmed; at the first alarm the version is rolled back.
"""

from typing import Literal

from msgspec import Struct

from streams.experiments.engines.e_detector import DetectorState, EDetector

Phase = Literal["canary", "promoted", "confirmed", "rolled_back"]


class WinnerWatchState(Struct, array_like=True):
    """State of the watch over a version that won and went live.

    Attributes:
        phase: `canary`, `promoted`, `confirmed` or `rolled_back`.
        reason: sentence on why the phase last changed; empty before that.
        pairs: predictions with a result of this version and of the one which it replaced, since it went live.
        detector: state of the change detector.
    """

    phase: Phase
    reason: str
    pairs: int
    detector: DetectorState


class WinnerWatch:
    """Operator that compares the loss of a promoted version with that of the version which it replaced.

    The replaced version runs on beside the promoted one, so that both have a loss for every prediction.
    The two losses on one prediction are a pair. The comparison is kept in a `WinnerWatchState`.

    Args:
        detector: change detector that raises the alarm; it goes on after the confirmation.
        canary: pairs without an alarm after which the version counts as promoted.
        confirmed: pairs without an alarm after which it counts as confirmed.

    In the example the loss of the promoted version is always larger by 0.3. The phase changes once,
    from `canary` to `rolled_back`.

    >>> watch = WinnerWatch(EDetector(run=20_000.0), canary=500, confirmed=5_000)
    >>> state = watch.start()
    >>> [watch.update(state, 0.3) for _ in range(600)].count(True), state.phase
    (1, 'rolled_back')
    >>> state.reason
    'Rolled back after 183 pairs: worse than the version before, alarm of the e-detector.'
    """

    def __init__(self, detector: EDetector, canary: int, confirmed: int) -> None:
        self._detector = detector
        self._canary = canary
        self._confirmed = confirmed

    def start(self) -> WinnerWatchState:
        """State when the winner goes live, with the phase `canary`."""
        return WinnerWatchState("canary", "", 0, self._detector.start())

    def update(self, state: WinnerWatchState, worse: float) -> bool:
        """Update `state` with the losses of both versions on one prediction; returns whether the phase changed.

        `worse` is the loss of the promoted version less that of the replaced one. After a roll-back nothing changes any
        more.
        """
        if state.phase == "rolled_back":
            return False
        state.pairs += 1
        before = state.phase
        if self._detector.update(state.detector, worse):
            state.phase = "rolled_back"
            state.reason = (
                f"Rolled back after {state.pairs:,} pairs: worse than the version before, alarm of the e-detector."
            )
        elif before == "canary" and state.pairs >= self._canary:
            state.phase, state.reason = "promoted", f"Promoted after {state.pairs:,} pairs without an alarm."
        elif before == "promoted" and state.pairs >= self._confirmed:
            state.phase, state.reason = "confirmed", f"Confirmed after {state.pairs:,} pairs without an alarm."
        return state.phase != before
