"""Who may ask for what: addresses that a page may be loaded under, and the token that changing something takes."""

import hmac
import os
import secrets
from collections.abc import Callable, Sequence
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from msgspec import Struct

from agents.config.settings import Settings

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


class Headers(Struct, frozen=True):
    """Headers of a request that say where it comes from.

    Attributes:
        host: `Host`: under which name this server was asked.
        origin: `Origin`: of the page that asks, or empty.
        authorization: `Authorization`, or empty.
        site: `Sec-Fetch-Site`: how the asking page stands to this server, as a browser says it, or empty.
    """

    host: str
    origin: str = ""
    authorization: str = ""
    site: str = ""


def headers_of(given: Callable[[str], Sequence[str]]) -> Headers | Denied:
    """Headers of a request, each at most once: of two one could be checked and the other believed.

    Args:
        given: values of a header by its name.

    >>> headers_of(lambda name: ["localhost:8642"] if name == "Host" else []).host
    'localhost:8642'
    >>> headers_of(lambda name: ["localhost", "evil.example"] if name == "Host" else []).status
    400
    """
    found = []
    for name in ("Host", "Origin", "Authorization", "Sec-Fetch-Site"):
        values = given(name)
        if len(values) > 1:
            return Denied(400, f"expected the header {name} once, was there {len(values)} times")
        found.append(values[0] if values else "")
    if not found[0]:
        return Denied(400, "expected a header Host, was none")
    return Headers(*found)


class Guard:
    """Holds the token and the addresses; neither is ever logged.

    Args:
        token: that a change takes.
        host: that the server listens on.
        names: more host names under which the page is loaded, commas between them.

    >>> guard = Guard("secret", "127.0.0.1")
    >>> guard.address("127.0.0.1:8642") is None, guard.address("evil.example:8642").status
    (True, 421)
    >>> here = Headers("127.0.0.1:8642", "http://127.0.0.1:8642", "Bearer secret")
    >>> guard.change(here) is None
    True
    >>> guard.change(Headers(here.host, "http://evil.example", here.authorization)).status
    403
    >>> guard.change(Headers(here.host, "", "Bearer guess")).status
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

    def own_page(self, headers: Headers) -> Denied | None:
        """Whether what costs something is asked for by this page, or by no page at all: not by any other one."""
        if (denied := self.address(headers.host)) is not None:
            return denied
        if headers.site not in ("", "same-origin", "none"):
            return Denied(403, "expected a request of this page, was one of another site")
        if headers.origin and _origin(headers.origin) != headers.host:
            return Denied(403, "expected a request of this page, was one of another origin")
        return None

    def change(self, headers: Headers) -> Denied | None:
        """Whether a change may be asked for: from this page or from no page at all, and with the token."""
        if (denied := self.own_page(headers)) is not None:
            return denied
        kind, _, given = headers.authorization.partition(" ")
        if kind != "Bearer" or not given:
            return Denied(401, "expected the token of the dashboard, was none")
        # Bytes that are no UTF-8 come as surrogates.
        if not hmac.compare_digest(given.strip().encode(errors="surrogatepass"), self._token):
            return Denied(401, "expected the token of the dashboard, was another one")
        return None


def _name(host: str) -> str:
    return host.rpartition(":")[0] if ":" in host and not host.endswith("]") else host


def _origin(origin: str) -> str:
    """Host and port of an origin, empty for what is none.

    >>> _origin("https://loop.example:8642"), _origin("null"), _origin("http://[::1")
    ('loop.example:8642', '', '')
    """
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return ""


def _is_address(name: str) -> bool:
    """Addresses in digits cannot be made to point elsewhere.

    >>> [_is_address(name) for name in ("10.0.0.7", "[fe80::1]", "intern.example", "[intern.example]", "\u0661.1.1.1")]
    [True, True, False, False, False]
    """
    if name.startswith("[") != name.endswith("]"):
        return False
    try:
        ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True


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
