"""The time line of the page: each change once, together with the severity of an alert about it."""

from bisect import insort

from msgspec.structs import replace

from agents.dashboard.bands.changed import Change, fitted, of_alert
from schemas.alerts import Alert
from schemas.topics import ACCURACY_WINDOWS, BREAKS, CANDIDATES, FAULTS, MODEL_VERSIONS, RETRAIN_JOBS

MOST = 150

REMEMBERED = 2_000
"""Most dropped changes that are remembered, so that they are not added again if they are written again after a
crash."""

SAID_BY = {
    ACCURACY_WINDOWS.name: "breach",
    RETRAIN_JOBS.name: "retrain",
    CANDIDATES.name: "retrain",
    MODEL_VERSIONS.name: "version",
    BREAKS.name: "break",
    FAULTS.name: "fault",
}
"""By topic: kind of the row that a record of the topic has, to which an alert about the record adds its severity."""

Key = tuple[str, str]


class TimeLine:
    """The 150 changes that were written last, each once.

    An alert about a record that has a row of its own adds its severity to that row; any other alert is a row itself.

    Attributes:
        change: counter that grows whenever the rows change.
    """

    def __init__(self) -> None:
        self.change = 0
        self._changes: list[Change] = []
        self._known: dict[Key, Change] = {}
        self._about: dict[Key, Change] = {}
        self._gone: dict[Key, None] = {}

    def take(self, change: Change | None, written_ms: int) -> None:
        """Add a row. It replaces the row of an alert about the same record, and keeps the alert's severity.

        Args:
            change: the row; None, or a row that was added before, changes nothing.
            written_ms: when its record was written, ms since 1970.
        """
        if change is None or _key(change) in self._known or _key(change) in self._gone:
            return
        change = fitted(change, written_ms)
        alert = self._about.get(_key(change))
        if alert is not None:
            self._remove(alert)
            change = replace(change, severity=alert.severity)
        self._put(change)

    def alerted(self, alert: Alert, written_ms: int) -> None:
        """Add an alert's severity to the row of the record that it is about; if no such row exists, add one for the
        alert.

        Args:
            alert: the alert; one that was added before changes nothing.
            written_ms: when it was written, ms since 1970.
        """
        own = fitted(of_alert(alert, written_ms), written_ms)
        about = SAID_BY.get(alert.node, "alert"), alert.id
        said = self._known.get(about)
        if (
            _key(own) in self._known
            or _key(own) in self._gone
            or (said is not None and said.severity == alert.severity)
        ):
            return
        if said is None:
            self._about[about] = own
            self._put(own)
        else:
            self._remove(said)
            self._put(replace(said, severity=alert.severity))

    def _put(self, change: Change) -> None:
        self._known[_key(change)] = change
        insort(self._changes, change, key=_place)
        if len(self._changes) > MOST:
            self._forget(self._changes[0])
        self.change += 1

    def _forget(self, change: Change) -> None:
        self._remove(change)
        self._gone[_key(change)] = None
        if len(self._gone) > REMEMBERED:
            del self._gone[next(iter(self._gone))]

    def _remove(self, change: Change) -> None:
        self._changes.remove(change)
        del self._known[_key(change)]
        if change.kind == "alert":
            self._about = {about: each for about, each in self._about.items() if each is not change}

    def view(self) -> list[Change]:
        """All rows, the newest first."""
        return self._changes[::-1]


def _key(change: Change) -> Key:
    return change.kind, change.id


def _place(change: Change) -> tuple[int, int, str, str]:
    """Sort key of a row: time of writing first, since event time may be set back or wrong."""
    return change.written_ms, change.ts_event, change.id, change.kind
