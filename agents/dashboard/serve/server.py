"""The dashboard's web server: its routes, and how it is started and stopped."""

import asyncio
import gzip
import logging
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from errno import EADDRINUSE
from functools import cache
from hashlib import sha256
from importlib.resources import files

import msgspec
from aiohttp import web
from plotly.offline import get_plotlyjs

from agents.config.settings import Settings
from agents.dashboard.follow.watch import TopicWatch
from agents.dashboard.serve.actions import MOST_BODY, PageAction, acknowledge, ask, asked_of, told
from agents.dashboard.serve.browsers import Browser, Pulse, Selection, serve
from agents.dashboard.serve.cached_answers import CachedAnswers
from agents.dashboard.serve.guard import Denied, Guard, headers_of
from agents.dashboard.serve.lookup import chain, explain
from agents.dashboard.serve.page import POLICY, page
from agents.dashboard.serve.view import PageView
from agents.pages.expert_names import NO_KINDS
from agents.process.background import first_end, owned
from agents.telemetry.health_queries import holder
from schemas.errors import ConfigurationError, EnvironmentProblem, Refused, TickloopError

MOST_BROWSERS = 64
MOST_SPARKS = 80
SCRIPTS = ("dashboard.js", "elements.js", "now.js", "deciding.js", "changed.js", "charts.js", "course.js", "actions.js")

HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}

FREE = ("/", "/healthz")
"""Paths that any web page may request, so that links to the dashboard work."""

COSTLY = ("/chain", "/prediction")
OWN, OWN_VALUE = "Tickloop-Page", "1"
"""Header that a request must have if answering it takes reading topics; only the dashboard's own page can send it."""

encode = msgspec.json.Encoder().encode
log = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Server:
    """The dashboard's web server.

    Args:
        settings: settings of the system that is shown, and of the dashboard.
        guard: decides which requests are allowed.
        watch: keeps the state of the page up to date from the topics.
    """

    def __init__(self, settings: Settings, guard: Guard, watch: TopicWatch) -> None:
        self._settings = settings
        self._guard = guard
        self.watch = watch
        self.view = PageView(watch)
        self._pulse = Pulse()
        self._browsers: dict[str, Browser] = {}
        self._costly = CachedAnswers()
        self._tasks: list[asyncio.Task[None]] = []

    def app(self) -> web.Application:
        """The web application with its routes. While it runs, it also reads the topics and updates the page."""
        app = web.Application(middlewares=[self._guarded], client_max_size=MOST_BODY)
        app.router.add_get("/", self._page)
        app.router.add_get("/assets/{name}", self._asset)
        app.router.add_get("/healthz", self._healthz)
        app.router.add_get("/events", self._events)
        app.router.add_get("/look", self._look)
        app.router.add_get("/sparks", self._sparks)
        app.router.add_get("/prediction", self._prediction)
        app.router.add_get("/chain", self._chain)
        app.router.add_get("/effect", self._effect)
        app.router.add_post("/action", self._action)
        app.cleanup_ctx.append(self._running)
        return app

    async def _running(self, app: web.Application) -> AsyncIterator[None]:
        works = {"the page's follower": self.watch.run(), "the page's pulse": self._pulse.run(self.view)}
        self._tasks = [asyncio.create_task(owned(name, work)) for name, work in works.items()]
        yield
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def until(self, stopped: asyncio.Event) -> None:
        """Wait until `stopped` is set.

        Raises:
            TickloopError: reading the topics or updating the page has ended; the message says which, and why.
        """
        stopping = asyncio.create_task(stopped.wait())
        try:
            await first_end([stopping, *self._tasks])
        finally:
            stopping.cancel()

    @web.middleware
    async def _guarded(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        denied = self._denied(request)
        if denied is not None:
            return _refused(denied)
        try:
            response = await handler(request)
        except web.HTTPException as other:
            other.headers.update(HEADERS)
            raise
        if not response.prepared:
            response.headers.update(HEADERS)
        return response

    def _denied(self, request: web.Request) -> Denied | None:
        """Reason why a request is rejected, by its headers, method and path; None if it is allowed."""
        headers = headers_of(lambda name: request.headers.getall(name, ()))
        if isinstance(headers, Denied):
            return headers
        if request.method not in ("GET", "HEAD"):
            return self._guard.change(headers)
        if request.path in FREE:
            return self._guard.address(headers.host)
        if request.path in COSTLY and request.headers.get(OWN) != OWN_VALUE:
            # A browser lets a foreign page send this header only after a preflight request, which is rejected.
            return Denied(403, f"expected the header {OWN}: {OWN_VALUE}, which only this page sends; it was not there")
        return self._guard.own_page(headers)

    async def _page(self, request: web.Request) -> web.Response:
        body, tag = _compressed("page")
        return _cached(request, body, tag, "text/html", fresh=False)

    async def _asset(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        if name not in (*SCRIPTS, "plotly.js", "page.css", "dashboard.css"):
            raise web.HTTPNotFound
        body, tag = _compressed(name)
        kind = "text/css" if name.endswith(".css") else "text/javascript"
        return _cached(request, body, tag, kind, fresh=name == "plotly.js")

    async def _healthz(self, request: web.Request) -> web.Response:
        verdict = self.watch.health()
        return _json(verdict, 200 if verdict.ok else 503)

    async def _events(self, request: web.Request) -> web.StreamResponse:
        if len(self._browsers) >= MOST_BROWSERS:
            return _refused(Denied(503, f"{MOST_BROWSERS} pages are open already"))
        look = Selection(request.query.get("symbol", "")[:64], request.query.get("experiment", "")[:300])
        response = web.StreamResponse(
            headers={
                **HEADERS,
                "Content-Type": "text/event-stream",
                "Cache-Control": "no-store",
                "X-Accel-Buffering": "no",
            }
        )
        await response.prepare(request)
        identity = secrets.token_hex(8)
        browser = self._browsers[identity] = Browser(response, look)
        self._pulse.looking += 1
        try:
            await response.write(b"retry: 1000\nevent: hello\ndata: " + encode({"page": identity}) + b"\n\n")
            with suppress(ConnectionError):
                await serve(browser, self.view, self._pulse)
        finally:
            self._pulse.looking -= 1
            del self._browsers[identity]
        return response

    async def _look(self, request: web.Request) -> web.Response:
        browser = self._browsers.get(request.query.get("page", ""))
        if browser is None:
            raise web.HTTPGone
        browser.look = Selection(request.query.get("symbol", "")[:64], request.query.get("experiment", "")[:300])
        return web.json_response({})

    async def _sparks(self, request: web.Request) -> web.Response:
        names = request.query.get("symbols", "").split(",")[:MOST_SPARKS]
        return _json(self.view.sparks(names))

    async def _prediction(self, request: web.Request) -> web.Response:
        try:
            partition, offset = int(request.query["partition"]), int(request.query["offset"])
        except (KeyError, ValueError):
            return _refused(Denied(400, "expected a partition and an offset"))
        if not 0 <= partition < self._settings.partitions or not 0 <= offset < 2**63:
            return _refused(Denied(400, "expected a partition and an offset that there are"))

        async def look() -> object:
            board, address = self.watch.board, self.watch.address
            found = await explain(self._settings, address, partition, offset, board.outcomes.find, board.kinds.known)
            return found or Denied(404, "the topic holds that prediction no more")

        return _answered(await self._costly.answer((partition, offset), look))

    async def _chain(self, request: web.Request) -> web.Response:
        symbol, version = (request.query.get(name, "")[:200] for name in ("symbol", "version"))
        known = self.watch.board.versions.get(symbol, version)
        if known is None:
            return _refused(Denied(404, f"nothing is known of {version!r} of {symbol!r}"))

        async def look() -> object:
            return await chain(self._settings, self.watch.address, known)

        return _answered(await self._costly.answer(known.id, look))

    async def _effect(self, request: web.Request) -> web.Response:
        try:
            query = {
                name: request.query[name] for name in ("action", "symbol", "arm", "alert") if name in request.query
            }
            return _json({"effect": told(msgspec.convert(query, PageAction), self.watch.board)})
        except (ConfigurationError, msgspec.ValidationError) as error:
            return _refused(Denied(400, str(error)))

    async def _action(self, request: web.Request) -> web.Response:
        if request.content_type != "application/json":
            return _refused(Denied(415, "expected JSON"))
        try:
            asked = asked_of(await request.read())
            if asked.action == "acknowledge":
                done = acknowledge(asked, self.watch, time.time())
            else:
                done = await ask(asked, self.watch.board, self._settings, self.watch.address)
        except (ConfigurationError, Refused) as error:
            return _refused(Denied(400, str(error)))
        except EnvironmentProblem as error:
            return _refused(Denied(503, str(error)))
        log.info("%s of %s was asked for: %s", asked.action, asked.symbol, done.id)
        return _json(done)


def _refused(denied: Denied) -> web.Response:
    return web.Response(
        body=encode({"refused": denied.reason}), status=denied.status, content_type="application/json", headers=HEADERS
    )


def _answered(found: object) -> web.Response:
    if not isinstance(found, Denied):
        return _json(found)
    answer = _refused(found)
    if found.status in (429, 503):
        answer.headers["Retry-After"] = "2"
    return answer


def _json(value: object, status: int = 200) -> web.Response:
    return web.Response(
        body=encode(value), status=status, content_type="application/json", headers={"Cache-Control": "no-store"}
    )


def _cached(request: web.Request, body: bytes, tag: str, kind: str, fresh: bool) -> web.Response:
    held = "max-age=86400" if fresh else "no-cache"
    headers = {"ETag": tag, "Cache-Control": held, "Vary": "Accept-Encoding"}
    if request.headers.get("If-None-Match") == tag:
        return web.Response(status=304, headers=headers)
    if "gzip" in request.headers.get("Accept-Encoding", ""):
        return web.Response(
            body=body, content_type=kind, charset="utf-8", headers={**headers, "Content-Encoding": "gzip"}
        )
    return web.Response(body=gzip.decompress(body), content_type=kind, charset="utf-8", headers=headers)


@cache
def _compressed(name: str) -> tuple[bytes, str]:
    """Content of the page or of a file, compressed, and its ETag; each is made once."""
    if name == "page":
        text = page()
    elif name == "plotly.js":
        text = get_plotlyjs()
    else:
        folder = "agents.pages" if name == "page.css" else "agents.dashboard.static"
        text = files(folder).joinpath(name).read_text(encoding="utf-8")
    body = gzip.compress(text.encode(), 6, mtime=0)
    return body, f'"{sha256(body).hexdigest()[:20]}"'


@asynccontextmanager
async def serving(settings: Settings, guard: Guard, kinds: Mapping[str, str] = NO_KINDS) -> AsyncIterator[Server]:
    """Run the dashboard for as long as the context lasts: `async with serving(settings, guard) as server`.

    Args:
        settings: settings of the system that is shown, and of the dashboard.
        guard: decides which requests are allowed.
        kinds: kind, such as `trees`, of each model that the configuration declares, by name.

    Raises:
        TickloopError: the server cannot listen at its address, for example because another program uses it.
    """
    server = Server(settings, guard, TopicWatch(settings, kinds=kinds))
    runner = web.AppRunner(server.app(), access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, settings.dashboard_host, settings.dashboard_port).start()
        except OSError as error:
            address = f"{settings.dashboard_host}:{settings.dashboard_port}"
            taken = error.errno == EADDRINUSE
            why = f"it is taken by {await holder(address)}" if taken else f"got {error.strerror}"
            raise TickloopError(
                f"expected {address} to be free for the dashboard, {why}; fix: another --port"
            ) from error
        yield server
    finally:
        await runner.cleanup()
