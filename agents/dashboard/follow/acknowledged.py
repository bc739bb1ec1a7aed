"""Alerts that a person has acknowledged, kept in a file of the dashboard.

They are not written to the topic of alerts: an alert stays a fact whether or not somebody has seen it.
"""

import logging
from collections.abc import Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from agents.config.settings import Settings
from agents.dashboard.bands.changed import LONGEST_NAME, LONGEST_SENTENCE, cut
from agents.pages.wording import moment
from schemas.alerts import Alert
from schemas.errors import EnvironmentProblem

FILE = "dashboard-acknowledged.json"
"""Name of the file; a topic prefix is added, since records of a replay have the ids of the live ones."""

MOST = 1_000
"""Most acknowledgements kept: the last ones."""

MOST_ROWS = 60
"""Most open alerts that are listed."""

log = logging.getLogger(__name__)


class Acknowledgement(Struct, frozen=True):
    """A person's confirmation that an alert was seen. The person's name is not known to the page.

    Attributes:
        key: key of the alert, see `key_of`.
        at_s: when it was acknowledged, seconds since 1970.
        cause: remark that the person wrote; may be empty.
    """

    key: str
    at_s: float
    cause: str = ""


_decode = msgspec.json.Decoder(list[Acknowledgement]).decode


def key_of(alert: Alert) -> str:
    """Text that identifies an alert: its topic, the id of the record that it is about, its event time, and its
    kind.

    >>> key_of(Alert("ticks:0:9:0/1", "accuracy-windows", "X", 9, "breach", "warning", "v1", "why"))
    'accuracy-windows ticks:0:9:0/1 9 breach'
    """
    return f"{alert.node} {alert.id} {alert.ts_event} {alert.kind}"


def file_of(settings: Settings) -> Path:
    """Path of the file of acknowledged alerts, in the home folder of these settings.

    The file's name contains the topic prefix, since records of a replay have the same ids as records of the live
    topics.

    >>> file_of(Settings(home="/data", prefix="replay-monday.")).name
    'dashboard-acknowledged-replay-monday.json'
    """
    stem, _, kind = FILE.rpartition(".")
    return settings.home_path / f"{'-'.join(filter(None, (stem, settings.prefix.strip('.-_'))))}.{kind}"


class Acknowledged:
    """The last 1,000 acknowledged alerts, kept in a file so that they survive a restart of the dashboard.

    Args:
        path: path of the file, which need not exist. An unreadable file counts as empty, and a warning is logged.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen = {each.key: each for each in _read(path)}

    def get(self, alert: Alert) -> Acknowledgement | None:
        """Acknowledgement of an alert; None if nobody has acknowledged it."""
        return self._seen.get(key_of(alert))

    def take(self, seen: Acknowledgement) -> None:
        """Remember an acknowledgement and write the file.

        Raises:
            EnvironmentProblem: the file cannot be written; the acknowledgement is not remembered then.
        """
        found = {key: each for key, each in self._seen.items() if key != seen.key} | {seen.key: seen}
        kept = dict(list(found.items())[-MOST:])
        written = self._path.with_suffix(".new")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            written.write_bytes(msgspec.json.encode(list(kept.values())))
            written.replace(self._path)
        except OSError as error:
            raise EnvironmentProblem(f"expected to write {self._path}, got {error.strerror}") from error
        self._seen = kept


class AlertRow(Struct, frozen=True):
    """One open alert as the page lists it.

    Attributes:
        key: text that identifies the alert when a person acknowledges it.
        ts_event: event time, ns since 1970; 0 if the alert is about a refused record, which has none.
        symbol, kind, severity, subject, sentence: see `schemas.alerts.Alert`.
        seen: sentence on when and with what remark it was acknowledged; empty if it was not.
    """

    key: str
    ts_event: int
    symbol: str
    kind: str
    severity: str
    subject: str
    sentence: str
    seen: str


def alert_rows(alerts: Sequence[Alert], acknowledged: Acknowledged) -> list[AlertRow]:
    """Rows for open alerts, at most 60: those not acknowledged first, otherwise in the order given."""
    rows = []
    for alert in alerts:
        seen = acknowledged.get(alert)
        said = "" if seen is None else f"acknowledged {moment(round(seen.at_s * 1e9))} UTC: {seen.cause}".rstrip(": ")
        kind = alert.kind.replace("_", " ")
        told = alert.severity, cut(alert.subject, LONGEST_NAME), cut(alert.sentence, LONGEST_SENTENCE)
        rows.append(AlertRow(key_of(alert), alert.ts_event, alert.symbol, kind, *told, said))
    return sorted(rows, key=lambda row: bool(row.seen))[:MOST_ROWS]


def _read(path: Path) -> list[Acknowledgement]:
    try:
        return _decode(path.read_bytes())
    except FileNotFoundError:
        return []
    except (OSError, msgspec.MsgspecError) as error:
        log.warning(
            "%s cannot be read (%s): every alert counts as not seen, until the next is acknowledged", path, error
        )
        return []
