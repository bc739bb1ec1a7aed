"""Alerts that a person has seen: kept in a file of the page's own, for an alert is a fact and stays one."""

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
"""Of a replay run, or of another prefix, with that in its name: their records have the same ids."""

MOST = 1_000
"""Alerts that are remembered to have been seen: the last ones."""

MOST_ROWS = 60
"""Of open alerts that are listed."""

log = logging.getLogger(__name__)


class Acknowledgement(Struct, frozen=True):
    """Who saw an alert, as far as the page knows: it knows a token and a sentence.

    Attributes:
        key: of the alert.
        at_s: when, seconds since 1970.
        cause: what the person wrote, or empty.
    """

    key: str
    at_s: float
    cause: str = ""


_decode = msgspec.json.Decoder(list[Acknowledgement]).decode


def key_of(alert: Alert) -> str:
    """What an alert is known by: the record that it is about, its event time, and what it says of it.

    >>> key_of(Alert("ticks:0:9:0/1", "accuracy-windows", "X", 9, "breach", "warning", "v1", "why"))
    'accuracy-windows ticks:0:9:0/1 9 breach'
    """
    return f"{alert.node} {alert.id} {alert.ts_event} {alert.kind}"


def file_of(settings: Settings) -> Path:
    """Where these settings keep what was acknowledged.

    >>> file_of(Settings(home="/data", prefix="replay-monday.")).name
    'dashboard-acknowledged-replay-monday.json'
    """
    stem, _, kind = FILE.rpartition(".")
    return settings.home_path / f"{'-'.join(filter(None, (stem, settings.prefix.strip('.-_'))))}.{kind}"


class Acknowledged:
    """Alerts that were seen, in a file from one start of the page to the next.

    Args:
        path: of the file; nothing is there before the first.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen = {each.key: each for each in _read(path)}

    def get(self, alert: Alert) -> Acknowledgement | None:
        """Who saw an alert; none if nobody did."""
        return self._seen.get(key_of(alert))

    def take(self, seen: Acknowledgement) -> None:
        """Remember that an alert was seen; once it is in the file it is so for every page that opens.

        Raises:
            EnvironmentProblem: the file cannot be written; nothing has changed.
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
    """An open alert, for people.

    Attributes:
        key: that it is acknowledged by.
        ts_event: event time, ns; 0 of a refused record.
        symbol, kind, severity, subject, sentence: see `schemas.alerts.Alert`.
        seen: when and with which words somebody acknowledged it, or empty.
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
    """Rows of open alerts in their order, those that nobody has seen first."""
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
