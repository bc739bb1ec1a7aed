"""Alerts that nothing has answered yet: what a person may still have to look at."""

from collections import deque

from schemas.alerts import Alert
from schemas.windows import AccuracyWindow

REFUSED_S = 3_600.0
"""Nothing that comes later answers a refusal: it counts for an hour after it was written."""

LASTING_AN_HOUR = ("refused", "roster", "clock_broken")
"""Kinds that nothing answers; of rosters the retrainer speaks again every hour, as long as they differ."""

MOST_REFUSED = 150
MOST_OPEN = 1_000
MOST_ANSWERS = 6_000
"""Of each the newest; more there are only where somebody makes symbols up."""

MUCH_LATER_S = 60.0
"""An answer that was written so much later than the alert is one, whatever event time says, which may be set back."""

ANSWERED_BY: dict[str, tuple[str, ...]] = {
    "breach": ("well", "promoted"),
    "budget_spent": ("well", "promoted"),
    "retrain_withheld": ("well", "promoted"),
    "rolled_back": ("well", "promoted"),
    "held_back": ("promoted",),
    "retrain_failed": ("trained", "promoted"),
}
"""What has to happen to the same symbol, at a later event time, for an alert of a kind to be open no more."""

RULE = (
    "alerts of severity warning or error. Breaches, retrains withheld and roll-backs are open until a window of the "
    "live version closes without a breach or says that it passed, or a version is promoted; what a pin holds back "
    "until a version is promoted; failed retrains until another comes to its end; refusals, clocks that broke and "
    "rosters that differ for an hour. Amber: a warning, red: an error"
)

TRAINED = ("candidate", "retrain_rejected")


class OpenAlerts:
    """The newest alert of each kind and symbol, until it is answered; the order in which topics are read is no matter.

    Attributes:
        taken: alerts so far, whatever their severity.

    >>> some = OpenAlerts()
    >>> some.take(Alert("ticks:0:9:0/1", "accuracy-windows", "X", 9, "breach", "warning", "v1", "why"), 0.0)
    >>> [alert.kind for alert in some.open(0.0)]
    ['breach']
    >>> some.take(Alert("commands:0:7:0", "model-versions", "X", 12, "promoted", "info", "v2", "why"), 0.0)
    >>> some.open(0.0)
    []
    """

    def __init__(self) -> None:
        self.taken = 0
        self._open: dict[tuple[str, str], tuple[Alert, float]] = {}
        self._answers: dict[tuple[str, str], tuple[int, float]] = {}
        """Event time of the last, and the latest time of writing."""
        self._recent: deque[tuple[float, Alert]] = deque(maxlen=MOST_REFUSED)

    def take(self, alert: Alert, written_s: float) -> None:
        """Take an alert; times of writing in seconds since 1970."""
        self.taken += 1
        if alert.kind in LASTING_AN_HOUR:
            if all(each != alert for _, each in self._recent):
                self._recent.append((written_s, alert))
        elif alert.kind in TRAINED:
            self._answer(alert.symbol, "trained", alert.ts_event, written_s)
        elif alert.kind == "promoted":
            self._answer(alert.symbol, "promoted", alert.ts_event, written_s)
        elif alert.kind == "breach" and alert.severity == "info":  # what was noticed has passed
            self._answer(alert.symbol, "well", alert.ts_event, written_s)
        elif alert.severity != "info":
            held = self._open.pop((alert.symbol, alert.kind), None)
            if held is not None and alert.ts_event < held[0].ts_event and written_s <= held[1] + MUCH_LATER_S:
                alert, written_s = held
            self._open[alert.symbol, alert.kind] = alert, written_s
            if len(self._open) > MOST_OPEN:
                del self._open[next(iter(self._open))]
            self._drop(alert.symbol)

    def windowed(self, window: AccuracyWindow, written_s: float) -> None:
        """Take a window: one of the live version without a breach says that all is well."""
        if window.live and window.breach is None:
            self._answer(window.symbol, "well", window.ts_event, written_s)

    def broken(self, symbol: str) -> None:
        """The symbol's clock broke: event times of before answer nothing any more."""
        for by in ("well", "promoted", "trained"):
            self._answers.pop((symbol, by), None)

    def _answer(self, symbol: str, by: str, ts_event: int, written_s: float) -> None:
        _, before_s = self._answers.pop((symbol, by), (0, 0.0))
        # The last one, not the one of the latest event time: that may have been made up, and would answer for good.
        self._answers[symbol, by] = ts_event, max(written_s, before_s)
        if len(self._answers) > MOST_ANSWERS:
            del self._answers[next(iter(self._answers))]
        self._drop(symbol)

    def _drop(self, symbol: str) -> None:
        for kind, answers in ANSWERED_BY.items():
            held = self._open.get((symbol, kind))
            if held is not None and any(self._answered(symbol, by, *held) for by in answers):
                del self._open[symbol, kind]

    def _answered(self, symbol: str, by: str, alert: Alert, written_s: float) -> bool:
        answer = self._answers.get((symbol, by))
        return answer is not None and (answer[0] > alert.ts_event or answer[1] > written_s + MUCH_LATER_S)

    def open(self, now: float) -> list[Alert]:
        """All that are open, worst first, then the newest."""
        found = [alert for alert, _ in self._open.values()]
        found += [alert for written, alert in self._recent if now - written < REFUSED_S]
        return sorted(found, key=lambda alert: (alert.severity != "error", -alert.ts_event))
