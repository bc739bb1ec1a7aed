"""The server answers any request headers with a sentence, never with an internal error."""

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from aiohttp.http_exceptions import BadHttpMessage, InvalidHeader, LineTooLong
from aiohttp.test_utils import TestClient, TestServer

from agents.dashboard.serve import server as served
from agents.dashboard.serve.cached_answers import MOST_WAITING, CachedAnswers
from agents.dashboard.serve.guard import Denied
from agents.dashboard.serve.server import COSTLY
from schemas.errors import EnvironmentProblem, Refused
from tests.support.dashboard_records import fed, written
from tests.support.dashboard_server import TOKEN, server

GETS = ("/events", "/look", "/sparks", "/effect", *COSTLY)


@pytest.fixture
async def client() -> AsyncIterator[TestClient[Any, Any]]:
    async with TestClient(TestServer(server(fed(written())).app())) as found:
        yield found


async def raw(port: int, request: bytes) -> int:
    """Send these bytes and return the HTTP status; 0 if the connection was closed without an answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request)
        async with asyncio.timeout(10):
            line = await reader.readline()
        return int(line.split()[1]) if line else 0
    except ConnectionError:
        return 0
    finally:
        writer.close()


ODD = (
    b"",
    b" ",
    b"[",
    b"]",
    b"[::1",
    b"::1]",
    b"[::1]:99999999",
    b"http://[",
    b"http://[::1]extra",
    b"//",
    b":",
    b"a:b:c",
    b"\xff\xfe",
    "prüfung.example".encode(),
    "\N{FULLWIDTH DIGIT ONE}27.0.0.1".encode(),
    b"127.0.0.1, evil.example",
    b"127.0.0.1@evil.example",
    b"null",
    b"%00",
    b"x" * 5_000,
    b"x" * 20_000,
    b"Bearer \xff",
    b"Bearer " + "ключ".encode(),
    b"Bearer",
    b"bearer " + TOKEN.encode(),
)


def requests(port: int) -> list[bytes]:
    """Requests with odd headers: each alone, doubled, missing, and mixed at random."""
    own = f"127.0.0.1:{port}".encode()
    dice, found = random.Random(14), []
    names = (b"Host", b"Origin", b"Authorization", b"Sec-Fetch-Site", b"Referer", b"Content-Type", b"Content-Length")

    def put(start: bytes, *headers: bytes) -> None:
        found.append(b"\r\n".join((start, *headers, b"Connection: close", b"", b"")))

    for path in (
        b"/",
        b"/sparks",
        b"/chain?symbol=%ff&version=%00",
        b"/prediction?partition=1e9&offset=" + b"9" * 5_000,
    ):
        put(b"GET " + path + b" HTTP/1.1")
        put(b"GET " + path + b" HTTP/1.0")
        put(b"GET " + path + b" HTTP/1.1", b"Host: " + own, b"Host: " + own)
    for name in names:
        for value in ODD:
            for start in (b"GET /sparks HTTP/1.1", b"POST /action HTTP/1.1"):
                host = () if name == b"Host" else (b"Host: " + own,)
                put(start, *host, name + b": " + value)
    for _ in range(300):
        start = dice.choice((b"GET /look", b"POST /action", b"HEAD /", b"ODD /sparks", b"GET //", b"OPTIONS *"))
        headers = [
            dice.choice(names)
            + b": "
            + (dice.choice(ODD) if dice.random() < 0.7 else dice.randbytes(12).translate(_LINE))
            for _ in range(dice.randrange(6))
        ]
        put(start + b" HTTP/1.1", b"Host: " + own, *headers)
    return found


_LINE = bytes(value if value not in (0, 10, 13) else 63 for value in range(256))


async def test_odd_headers_are_answered_and_never_an_error_of_the_server(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR, "aiohttp.server")
    async with TestServer(server(fed(written())).app()) as running:
        assert running.port is not None
        for request in requests(running.port):
            status = await raw(running.port, request)
            assert status == 0 or status < 500, request[:300]
    raised = {record.exc_info[0] for record in caplog.records if record.exc_info}
    assert raised <= {BadHttpMessage, LineTooLong, InvalidHeader}, "what is no HTTP, the server refuses by itself"


@pytest.mark.parametrize("header", ["Host", "Origin", "Authorization", "Sec-Fetch-Site"])
async def test_a_header_that_decides_comes_once(header: str) -> None:
    async with TestServer(server().app()) as running:
        own = f"Host: 127.0.0.1:{running.port}\r\n"
        value = f"127.0.0.1:{running.port}" if header == "Host" else "same-origin"
        doubled = f"{header}: {value}\r\n" * 2
        request = f"GET /sparks HTTP/1.1\r\n{'' if header == 'Host' else own}{doubled}Connection: close\r\n\r\n"
        assert await raw(running.port or 0, request.encode()) == 400


@pytest.mark.parametrize("path", GETS)
@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "http://evil.example"}]
)
async def test_expensive_requests_are_refused_to_pages_of_other_sites(
    client: TestClient[Any, Any], path: str, headers: dict[str, str]
) -> None:
    answer = await client.get(path, headers={"Tickloop-Page": "1", **headers})
    assert answer.status == 403
    assert "expected a request of this page" in (await answer.json())["refused"]


@pytest.mark.parametrize("path", COSTLY)
async def test_what_reads_topics_takes_a_header_that_no_other_page_can_send(
    client: TestClient[Any, Any], path: str
) -> None:
    answer = await client.get(path)
    assert answer.status == 403
    assert "Tickloop-Page" in (await answer.json())["refused"]


async def test_a_link_from_elsewhere_opens_the_page(client: TestClient[Any, Any]) -> None:
    answer = await client.get("/", headers={"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"})
    assert answer.status == 200


@pytest.mark.parametrize("path", ["/", "/healthz", "/sparks", "/assets/none.js", "/nowhere", "/chain"])
async def test_every_answer_bears_the_headers_that_keep_it_in_its_place(
    client: TestClient[Any, Any], path: str
) -> None:
    answer = await client.get(path)
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["Referrer-Policy"] == "no-referrer"


def look(gate: asyncio.Event, asked: list[str], name: str) -> Callable[[], Awaitable[object]]:
    async def looks() -> object:
        asked.append(name)
        await gate.wait()
        return name

    return looks


async def test_one_look_up_runs_at_a_time_and_too_many_are_refused() -> None:
    costly, gate, asked = CachedAnswers(), asyncio.Event(), list[str]()
    crowd = [asyncio.create_task(costly.answer(n, look(gate, asked, str(n)))) for n in range(MOST_WAITING + 3)]
    async with asyncio.timeout(10):
        while sum(task.done() for task in crowd) < 2:  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0)
    assert asked == ["0"]
    denied = [task.result() for task in crowd if task.done()]
    assert [each.status for each in denied] == [429, 429]
    gate.set()
    assert [await task for task in crowd[: MOST_WAITING + 1]] == [str(n) for n in range(MOST_WAITING + 1)]
    assert await costly.answer(0, look(gate, asked, "again")) == "0", "the same is not looked up twice within seconds"
    assert "again" not in asked


@pytest.mark.parametrize(
    ("error", "status"),
    [(EnvironmentProblem("no broker"), 503), (OSError("reset"), 503), (Refused("malformed", "no prediction"), 404)],
)
async def test_an_error_of_a_look_up_is_reported(error: Exception, status: int) -> None:
    async def looks() -> object:
        raise error

    found = await CachedAnswers().answer("x", looks)
    assert isinstance(found, Denied)
    assert found.status == status


async def test_a_look_up_that_hangs_is_given_up() -> None:
    found = await CachedAnswers(longest_s=0.01).answer("x", look(asyncio.Event(), [], "x"))
    assert isinstance(found, Denied)
    assert (found.status, "within" in found.reason) == (503, True)


async def test_a_refusal_of_too_many_look_ups_reaches_the_client(monkeypatch: pytest.MonkeyPatch) -> None:
    gate = asyncio.Event()

    async def hanging(*_: object) -> object:
        await gate.wait()
        return None

    monkeypatch.setattr(served, "explain", hanging)
    async with TestClient(TestServer(server(fed(written())).app())) as client:
        asked = [
            asyncio.create_task(client.get(f"/prediction?partition=0&offset={n}", headers={"Tickloop-Page": "1"}))
            for n in range(MOST_WAITING + 4)
        ]
        done, _ = await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED, timeout=10)
        answer = next(iter(done)).result()
        assert answer.status == 429
        assert answer.headers["Retry-After"] == "2"
        gate.set()
        assert sorted([(await each).status for each in asked]) == [404] * (MOST_WAITING + 1) + [429] * 3
