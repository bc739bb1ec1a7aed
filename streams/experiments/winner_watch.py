"""Watch over a winner: canary, then promoted, then confirmed; or rolled back at the first alarm."""

from typing import Literal

from msgspec import Struct

from streams.experiments.engines.e_detector import DetectorState, EDetector

Phase = Literal["canary", "promoted", "confirmed", "rolled_back"]


class WinnerWatchState(Struct, array_like=True):
    """State of the watch.

    Attributes:
        phase: `canary`, `promoted`, `confirmed` or `rolled_back`.
        reason: why the phase last changed, a sentence.
        pairs: pairs since the winner went live.
        detector: state of the e-detector.
    """

    phase: Phase
    reason: str
    pairs: int
    detector: DetectorState


class WinnerWatch:
    """Advances a `WinnerWatchState` by loss differences of the new version and the old one, which runs in shadow.

    Args:
        detector: raises the alarm, also after the confirmation.
        canary: pairs of the canary phase.
        confirmed: pairs without an alarm after which the winner counts as confirmed.

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
        """State when the winner goes live."""
        return WinnerWatchState("canary", "", 0, self._detector.start())

    def update(self, state: WinnerWatchState, worse: float) -> bool:
        """Take the new version's loss less the old version's; returns whether the phase changed."""
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
