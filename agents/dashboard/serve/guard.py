"""Access control of the dashboard: under which host names it may be used, and a token for requests that change
things.
"""

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
    """Reason why a request is rejected.

    Attributes:
        status: HTTP status of the response.
        reason: sentence for people.
    """

    status: int
    reason: str


class Headers(Struct, frozen=True):
    """Headers of a request by which access is decided; each is empty if the request lacks it.

    Attributes:
        host: `Host`: name and port under which this server was addressed.
        origin: `Origin`: scheme, host and port of the page that sent the request.
        authorization: `Authorization`: carries the token of the dashboard.
        site: `Sec-Fetch-Site`: whether the requesting page is of the same site, as the browser states.
    """

    host: str
    origin: str = ""
    authorization: str = ""
    site: str = ""


def headers_of(given: Callable[[str], Sequence[str]]) -> Headers | Denied:
    """Headers of a request by which access is decided.

    The result is a `Denied` if `Host` is missing, or if one of the headers is there more than once: one value might be
    checked and the other used.

    Args:
        given: gives all values of a header by its name.

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
    """Decides which requests are allowed, by host name, origin and token.

    Its methods return None for a request that is allowed, else the reason against it.

    Args:
        token: secret that a request for a change must carry; never logged.
        host: address that the server listens on.
        names: further host names under which the page may be used, separated by commas.

    The statuses in the example: 421 for a host name that is not this server's, 403 for a request of
    another web page, 401 for a wrong token.

    >>> guard = Guard(token="secret", host="127.0.0.1")
    >>> guard.address("127.0.0.1:8642") is None, guard.address("evil.example:8642").status
    (True, 421)
    >>> here = Headers("127.0.0.1:8642", origin="http://127.0.0.1:8642", authorization="Bearer secret")
    >>> guard.change(here) is None
    True
    >>> guard.change(Headers(here.host, origin="http://evil.example", authorization="Bearer secret")).status
    403
    >>> guard.change(Headers(here.host, authorization="Bearer guess")).status
    401
    """

    def __init__(self, token: str, host: str, names: str = "") -> None:
        self._token = token.encode()
        self._names = {*LOCAL, host, *filter(None, map(str.strip, names.split(",")))}
        self._open = host in ("0.0.0.0", "::", "[::]")  # noqa: S104 - compared with, not bound to

    def address(self, host: str) -> Denied | None:
        """Check a request's `Host` header; returns None if it names this dashboard, else why the request is rejected.

        This defends against DNS rebinding, in which a hostile site lets its own name resolve to this server.
        """
        name = _name(host)
        if name in self._names or (self._open and _is_address(name)):
            return None
        return Denied(421, f"expected one of the names of this dashboard, was {name!r:.80}; fix: dashboard_names")

    def own_page(self, headers: Headers) -> Denied | None:
        """Check that a request was not made by another web page; returns None if it is allowed, else why not.

        Requests of the dashboard's own page, and of programs other than browsers, are allowed.
        """
        if (denied := self.address(headers.host)) is not None:
            return denied
        if headers.site not in ("", "same-origin", "none"):
            return Denied(403, "expected a request of this page, was one of another site")
        if headers.origin and _origin(headers.origin) != headers.host:
            return Denied(403, "expected a request of this page, was one of another origin")
        return None

    def change(self, headers: Headers) -> Denied | None:
        """Check a request that changes something; returns None if it is allowed, else why not.

        It must carry the token, and must come from the dashboard's own page or from a program other than a browser.
        """
        if (denied := self.own_page(headers)) is not None:
            return denied
        kind, _, given = headers.authorization.partition(" ")
        if kind != "Bearer" or not given:
            return Denied(401, "expected the token of the dashboard, was none")
        # Bytes of the header that are not UTF-8 were decoded to surrogates.
        if not hmac.compare_digest(given.strip().encode(errors="surrogatepass"), self._token):
            return Denied(401, "expected the token of the dashboard, was another one")
        return None


def _name(host: str) -> str:
    return host.rpartition(":")[0] if ":" in host and not host.endswith("]") else host


def _origin(origin: str) -> str:
    """Host and port of an origin; empty if it is not valid.

    >>> _origin("https://loop.example:8642"), _origin("null"), _origin("http://[::1")
    ('loop.example:8642', '', '')
    """
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return ""


def _is_address(name: str) -> bool:
    r"""Whether a host is a numeric IP address, which nobody can make point elsewhere.

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
    """Token of the dashboard, and whether this call has just created it.

    It is taken from the settings, else from a file in the home folder. If that file does not exist, it is
    created with a random token, readable for its owner only.
    """
    if settings.dashboard_token:
        return settings.dashboard_token, False
    path = settings.home_path / FILE
    if path.exists():
        return path.read_text(encoding="ascii").strip(), False
    token = secrets.token_urlsafe(24)
    _write(path, token)
    return token, True


def told(settings: Settings, port: int) -> str:
    """Line that tells people the address of the dashboard.

    It includes the token only if this call has just created the token.

    Args:
        settings: settings of the dashboard.
        port: number of the port that the server listens on.
    """
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
