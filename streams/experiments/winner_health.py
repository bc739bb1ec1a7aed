"""Checks of a live winner, which is rolled back if it is no longer calibrated, or if its model has no opinion."""

from msgspec import Struct

from schemas.names import MODEL
from schemas.outcomes import OutcomeMatured
from streams.experiments.engines.e_detector import DetectorState, EDetector
from streams.experiments.pairs import Pair
from streams.scoring.scores import entropy_term, log_loss

MUTE = 20
"""Outcomes in a row in which a model had no opinion (it failed, or its numbers are not finite) before a roll-back."""

SCALE = 0.25
"""Assumed standard deviation of the difference of two versions' surprise over a block, nats."""


class HealthState(Struct, array_like=True):
    """State of the checks of a live winner: its calibration, and how long its model has had no opinion.

    The surprise of a version is its log-loss less the log-loss expected under its own probability, nats.

    Attributes:
        calibration: change detector on the winner's surprise less that of the version which it replaced.
        spoke: whether the winner's logistic regression has had an opinion at least once, or a further model of the
            winner has failed: from then on `mute` counts.
        mute: latest outcomes in a row in which the logistic regression had no opinion (a probability of exactly 0.5)
            or a further model had failed.
    """

    calibration: DetectorState
    spoke: bool = False
    mute: int = 0


class WinnerHealth:
    """Operator that checks whether a live winner is still calibrated and its model still has opinions.

    The figures of the checks are kept in a `HealthState`.

    The surprise of a version is its log-loss less the log-loss expected under its own probability,
    nats. A pair is the results of A, the winner, and of B, the version which it replaced, on one
    prediction.

    Args:
        run: pairs between two false alarms on average (average run length).
        block: neighbouring pairs that are averaged to one observation.
        margin: largest amount, nats, by which A's surprise may exceed that of B; 0: surprise is not
            watched.

    In the example A gives 95 % but is right in only 60 % of the pairs. The alarm is raised in pair
    number 199, counted from 0, which closes the tenth block.

    >>> health = WinnerHealth(run=2_000.0, block=20, margin=0.05)
    >>> state = health.start()
    >>> sure = [Pair(str(n), n, 0.0, 0.0, 0.95, 0.6, 1 if n % 5 < 3 else -1) for n in range(2_000)]  # right 60 %
    >>> next(n for n, pair in enumerate(sure) if health.excess(state, pair))
    199
    """

    def __init__(self, run: float, block: int, margin: float) -> None:
        self._margin = margin
        self._detector = EDetector(run, block, SCALE)

    def start(self) -> HealthState:
        """State when the winner goes live."""
        return HealthState(self._detector.start())

    def broken(self, state: HealthState, outcome: OutcomeMatured, pair: Pair) -> str:
        """Update `state` with one outcome; returns what is wrong with the winner, as half a sentence; empty: nothing.

        Args:
            state: state of the checks.
            outcome: outcome with the winner as the live version.
            pair: results in that outcome: A is the winner, B the version which it replaced.
        """
        opinion = outcome.experts.get(MODEL)
        if opinion is not None and any(outcome.features.values()):
            failed = bool(outcome.silent)
            if failed and not state.spoke:
                state.mute = 0
            state.mute = state.mute + 1 if failed or opinion == 0.5 else 0
            state.spoke = state.spoke or failed or opinion != 0.5
        if state.spoke and state.mute >= MUTE:
            which = f"its model {outcome.silent[0]}" if outcome.silent else "its model"
            return f"{which} has had no opinion for {state.mute} outcomes"
        if self._margin and self.excess(state, pair):
            return "it no longer means what it says: alarm of the calibration"
        return ""

    def excess(self, state: HealthState, pair: Pair) -> bool:
        """Update `state` with one pair; returns whether an alarm of the calibration is raised now or was raised before.

        A pair is the results of A, the winner, and of B, the version which it replaced, on one prediction. The alarm
        says that A's surprise exceeds B's by more than the margin. Surprise is the log-loss less the log-loss expected
        under a version's own probability. Pairs whose price did not move are passed over.
        """
        if pair.label == 0:
            return state.calibration.alarmed > 0
        worse = _surprise(pair.a_up, pair.label) - _surprise(pair.b_up, pair.label) - self._margin
        return self._detector.update(state.calibration, worse)


def _surprise(up: float, label: int) -> float:
    """Log-loss less the entropy, nats; taken off term by term, because snapshots hold sums that were rounded so."""
    return log_loss(up, label) - entropy_term(up) - entropy_term(1.0 - up)
