"""Open alerts: warnings and errors that no later record has resolved, so that a person may still have to act."""

from collections import deque

from schemas.alerts import Alert
from schemas.windows import AccuracyWindow

REFUSED_S = 3_600.0
"""For this long after it was written, an alert that nothing can resolve counts as open, seconds."""

LASTING_AN_HOUR = ("refused", "roster", "clock_broken")
"""Kinds of alerts that nothing resolves. That running versions differ from the expected ones (`roster`) is alerted
again every hour for as long as it is so."""

EACH_SUBJECT = ("component_failed", "model_full")
"""Kinds of alerts of which one of each subject may be open: a component, of a version if it is a part of one."""

MOST_REFUSED = 150
MOST_OPEN = 1_000
MOST_ANSWERS = 6_000
"""Limits on what is kept; only symbols that somebody made up could exceed them. The newest are kept."""

MUCH_LATER_S = 60.0
"""A record written at least this much later than an alert resolves it whatever its event time, which may be set
back."""

ANSWERED_BY: dict[str, tuple[str, ...]] = {
    "breach": ("well", "promoted"),
    "budget_spent": ("well", "promoted"),
    "retrain_withheld": ("well", "promoted"),
    "rolled_back": ("well", "promoted"),
    "held_back": ("promoted",),
    "retrain_failed": ("trained", "promoted"),
}
"""What resolves an alert of each kind, if it happens to the same symbol at a later event time."""

RULE = (
    "alerts of severity warning or error. Breaches, retrains withheld and roll-backs are open until a window of the "
    "live version closes without a breach or says that it passed, or a version is promoted; what a pin holds back "
    "until a version is promoted; failed retrains until another comes to its end; refusals, clocks that broke and "
    "rosters that differ for an hour; components that failed and models that reached their size until they are "
    "acknowledged. Amber: a warning, red: an error"
)

TRAINED = ("candidate", "retrain_rejected")


class OpenAlerts:
    """The newest unresolved alert of each kind and symbol, of faults also of each component, up to 1,000.

    Later records resolve an alert, for example a promotion, or a faultless accuracy report of the live version. It
    does not matter in which order the topics of alerts and of such records are read.

    Attributes:
        taken: number of alerts taken so far, of any severity.

    >>> some = OpenAlerts()
    >>> some.take(Alert("ticks:0:9:0/1", "accuracy-windows", "X", 9, "breach", "warning", "v1", "why"), written_s=0.0)
    >>> [alert.kind for alert in some.open(now=0.0)]
    ['breach']
    >>> some.take(Alert("commands:0:7:0", "model-versions", "X", 12, "promoted", "info", "v2", "why"), written_s=0.0)
    >>> some.open(now=0.0)
    []
    """

    def __init__(self) -> None:
        self.taken = 0
        self._open: dict[tuple[str, str, str], tuple[Alert, float]] = {}
        self._answers: dict[tuple[str, str], tuple[int, float]] = {}
        """By symbol and event that resolves alerts: event time of the last one, and the latest time of writing."""
        self._recent: deque[tuple[float, Alert]] = deque(maxlen=MOST_REFUSED)

    def take(self, alert: Alert, written_s: float) -> None:
        """Take an alert: keep it as open, or close older alerts of its symbol that it resolves.

        Args:
            alert: alert of any severity; one of severity `info` is never open itself.
            written_s: when the alert was written to its topic, seconds since 1970.
        """
        self.taken += 1
        if alert.kind in LASTING_AN_HOUR:
            if all(each != alert for _, each in self._recent):
                self._recent.append((written_s, alert))
        elif alert.kind in TRAINED:
            self._answer(alert.symbol, "trained", alert.ts_event, written_s)
        elif alert.kind == "promoted":
            self._answer(alert.symbol, "promoted", alert.ts_event, written_s)
        elif alert.kind == "breach" and alert.severity == "info":  # says that the cause of an earlier breach has passed
            self._answer(alert.symbol, "well", alert.ts_event, written_s)
        elif alert.severity != "info":
            key = alert.symbol, alert.kind, alert.subject if alert.kind in EACH_SUBJECT else ""
            held = self._open.pop(key, None)
            if held is not None and alert.ts_event < held[0].ts_event and written_s <= held[1] + MUCH_LATER_S:
                alert, written_s = held
            self._open[key] = alert, written_s
            if len(self._open) > MOST_OPEN:
                del self._open[next(iter(self._open))]
            self._drop(alert.symbol)

    def windowed(self, window: AccuracyWindow, written_s: float) -> None:
        """Take an accuracy window, the regular report on how well a version predicted.

        If the version is live, and the window found no breach (a reason to retrain), older alerts about the
        symbol's accuracy are closed. All other windows change nothing.

        Args:
            window: the report.
            written_s: when it was written to its topic, seconds since 1970.
        """
        if window.live and window.breach is None:
            self._answer(window.symbol, "well", window.ts_event, written_s)

    def broken(self, symbol: str) -> None:
        """Record that a symbol's event time was set back or jumped ahead.

        An alert that is taken after this call is not resolved by a record that was read before the
        call, since their event times cannot be compared.
        """
        for by in ("well", "promoted", "trained"):
            self._answers.pop((symbol, by), None)

    def _answer(self, symbol: str, by: str, ts_event: int, written_s: float) -> None:
        _, before_s = self._answers.pop((symbol, by), (0, 0.0))
        # The last record counts, not that of the latest event time: a wrong one far ahead would resolve all alerts.
        self._answers[symbol, by] = ts_event, max(written_s, before_s)
        if len(self._answers) > MOST_ANSWERS:
            del self._answers[next(iter(self._answers))]
        self._drop(symbol)

    def _drop(self, symbol: str) -> None:
        for kind, answers in ANSWERED_BY.items():
            held = self._open.get((symbol, kind, ""))
            if held is not None and any(self._answered(symbol, by, *held) for by in answers):
                del self._open[symbol, kind, ""]

    def _answered(self, symbol: str, by: str, alert: Alert, written_s: float) -> bool:
        answer = self._answers.get((symbol, by))
        return answer is not None and (answer[0] > alert.ts_event or answer[1] > written_s + MUCH_LATER_S)

    def open(self, now: float) -> list[Alert]:
        """Alerts that are open at `now` (seconds since 1970): errors before warnings, each group with the newest
        first.

        An alert that nothing can resolve, such as one about a refused command, is open for an hour after it was
        written.
        """
        found = [alert for alert, _ in self._open.values()]
        found += [alert for written, alert in self._recent if now - written < REFUSED_S]
        return sorted(found, key=lambda alert: (alert.severity != "error", -alert.ts_event))
