"""Who may ask for what: addresses that a page may be loaded under, and the token that changing something takes."""

import hmac
import os
import secrets
from pathlib import Path
from urllib.parse import urlsplit

from msgspec import Struct

from agents.settings import Settings

FILE = "dashboard-token"
LOCAL = ("127.0.0.1", "localhost", "[::1]")


class Denied(Struct, frozen=True):
    """Why a request is refused.

    Attributes:
        status: of the answer.
        reason: a sentence.
    """

    status: int
    reason: str


class Guard:
    """Holds the token and the addresses; neither is ever logged.

    Args:
        token: that a change takes.
        host: that the server listens on.
        names: more host names under which the page is loaded, commas between them.

    >>> guard = Guard("secret", "127.0.0.1")
    >>> guard.address("127.0.0.1:8642") is None, guard.address("evil.example:8642").status
    (True, 421)
    >>> guard.change("127.0.0.1:8642", "http://127.0.0.1:8642", "Bearer secret") is None
    True
    >>> guard.change("127.0.0.1:8642", "http://evil.example", "Bearer secret").status
    403
    >>> guard.change("127.0.0.1:8642", "", "Bearer guess").status
    401
    """

    def __init__(self, token: str, host: str, names: str = "") -> None:
        self._token = token.encode()
        self._names = {*LOCAL, host, *filter(None, map(str.strip, names.split(",")))}
        self._open = host in ("0.0.0.0", "::", "[::]")  # noqa: S104 - compared with, not bound to

    def address(self, host: str) -> Denied | None:
        """Whether a page may be loaded under this `Host`: another name that points here is how strangers get in."""
        name = _name(host)
        if name in self._names or (self._open and _is_address(name)):
            return None
        return Denied(421, f"expected one of the names of this dashboard, was {name!r:.80}; fix: dashboard_names")

    def change(self, host: str, origin: str, authorization: str) -> Denied | None:
        """Whether a change may be asked for: from this page or from no page at all, and with the token."""
        if (denied := self.address(host)) is not None:
            return denied
        if origin and urlsplit(origin).netloc != host:
            return Denied(403, "expected a request of this page, was one of another origin")
        kind, _, given = authorization.partition(" ")
        if kind != "Bearer" or not given:
            return Denied(401, "expected the token of the dashboard, was none")
        if not hmac.compare_digest(given.strip().encode(), self._token):
            return Denied(401, "expected the token of the dashboard, was another one")
        return None


def _name(host: str) -> str:
    return host.rpartition(":")[0] if ":" in host and not host.endswith("]") else host


def _is_address(name: str) -> bool:
    """Addresses in digits cannot be made to point elsewhere.

    >>> _is_address("10.0.0.7"), _is_address("intern.example")
    (True, False)
    """
    return name.startswith("[") or all(part.isdigit() for part in name.split("."))


def token_of(settings: Settings) -> tuple[str, bool]:
    """The token, and whether it was made just now: that of the settings, else the one in the home folder."""
    if settings.dashboard_token:
        return settings.dashboard_token, False
    path = settings.home_path / FILE
    if path.exists():
        return path.read_text(encoding="ascii").strip(), False
    token = secrets.token_urlsafe(24)
    _write(path, token)
    return token, True


def told(settings: Settings, port: int) -> str:
    """Where the dashboard is, for people; with the token when it was made just now, which is said this once."""
    token, new = token_of(settings)
    host = settings.dashboard_host
    address = f"http://{host}:{port}"
    if not new:
        return f"dashboard: {address}"
    return f"dashboard: {address}/#token={token} (actions need this token; it is kept in {FILE} and not shown again)"


def _write(path: Path, token: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(token + "\n")
