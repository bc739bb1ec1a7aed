"""The dashboard's server: who may change something, which host names it answers to, what it sends and how often."""

import asyncio
import json
import stat
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from agents.config.settings import Settings
from agents.dashboard.bands.alive import BrokerLink
from agents.dashboard.serve.actions import PageAction, request_of
from agents.dashboard.serve.browsers import PACE_S, Browser, Selection
from agents.dashboard.serve.guard import FILE, Guard, token_of, told
from schemas.commands import Command, PinVersion, PromoteVariant, Retrain, RollBack, StopVariant
from schemas.errors import ConfigurationError
from tests.support.dashboard_records import fed, written
from tests.support.dashboard_server import TOKEN, server

pytestmark = pytest.mark.slow

ASKED = {"action": "roll_back", "symbol": "NOBODY", "cause": "a test"}


@pytest.fixture
async def client() -> AsyncIterator[TestClient[Any, Any]]:
    async with TestClient(TestServer(server(fed(written())).app())) as found:
        yield found


def _headers(client: TestClient[Any, Any], **changed: str) -> dict[str, str]:
    own = f"http://{client.host}:{client.port}"
    return {"Origin": own, "Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"} | changed


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"Authorization": ""}, 401),
        ({"Authorization": "Bearer guess"}, 401),
        ({"Authorization": f"Basic {TOKEN}"}, 401),
        ({"Authorization": f"Bearer {TOKEN}x"}, 401),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Host": "evil.example"}, 421),
        ({"Content-Type": "text/plain"}, 415),
        ({}, 400),
    ],
)
async def test_a_change_takes_the_token_the_page_and_json(
    client: TestClient[Any, Any], changed: dict[str, str], status: int
) -> None:
    answer = await client.post("/action", data=json.dumps(ASKED), headers=_headers(client, **changed))
    assert answer.status == status
    refused = (await answer.json())["refused"]
    assert TOKEN not in refused
    if status == 400:
        assert "expected a symbol that was predicted" in refused, "with all of them it gets as far as the symbol"


@pytest.mark.parametrize(
    "field",
    [{"symbol": "X" * 33}, {"symbol": "a b"}, {"arm": "y" * 201}, {"arm": "a|b"}, {"cause": "z" * 1_001}, {"more": 1}],
    ids=str,
)
async def test_a_command_from_the_page_keeps_the_bounds_of_its_fields(
    client: TestClient[Any, Any], field: dict[str, object]
) -> None:
    answer = await client.post("/action", data=json.dumps(ASKED | field), headers=_headers(client))
    assert answer.status == 400
    assert "malformed: " in (await answer.json())["refused"]


async def test_a_body_that_is_nested_too_deeply_is_refused_with_a_sentence(client: TestClient[Any, Any]) -> None:
    answer = await client.post("/action", data=b"[" * 4_000, headers=_headers(client))
    assert (answer.status, "brackets" in (await answer.json())["refused"]) == (400, True)


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"])
async def test_a_change_is_posted(client: TestClient[Any, Any], method: str) -> None:
    answer = await client.request(method, "/action", headers=_headers(client))
    assert answer.status == 405


@pytest.mark.parametrize("path", ["/", "/events", "/healthz", "/sparks", "/assets/dashboard.js"])
async def test_a_request_for_another_host_name_is_refused(client: TestClient[Any, Any], path: str) -> None:
    answer = await client.get(path, headers={"Host": "rebound.example:80"})
    assert answer.status == 421


async def test_health_says_whether_the_broker_answers() -> None:
    made = server(fed(written()))
    async with TestClient(TestServer(made.app())) as client:
        for link, status in (
            (BrokerLink(time.time(), ""), 200),
            (BrokerLink(time.time() - 1.0, "connection refused"), 503),
            (BrokerLink(time.time() - 60.0, ""), 503),
        ):
            made.watch.link = link
            answer = await client.get("/healthz")
            assert answer.status == status
            check, follower = (await answer.json())["checks"]
            assert (check["name"], check["ok"]) == ("broker", status == 200)
            assert (follower["name"], follower["ok"]) == ("follower", True)
        assert check["value"] == pytest.approx(60.0, abs=2.0)


async def test_the_page_may_fetch_nothing_from_elsewhere(client: TestClient[Any, Any]) -> None:
    answer = await client.get("/")
    text = await answer.text()
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "http://" not in text.replace("http://www.w3.org", "")
    assert "https://" not in text
    for name in ("plotly.js", "page.css", "dashboard.css", "dashboard.js"):
        asset = await client.get(f"/assets/{name}")
        assert asset.status == 200
        again = await client.get(f"/assets/{name}", headers={"If-None-Match": asset.headers["ETag"]})
        assert again.status == 304
    assert (await client.get("/assets/..%2Fguard.py")).status == 404


async def test_only_changes_are_sent(client: TestClient[Any, Any]) -> None:
    events: list[str] = []
    answer = await client.get("/events")
    with suppress(TimeoutError):
        async with asyncio.timeout(4 * PACE_S + 2.0):
            while True:
                line = (await answer.content.readline()).decode()
                if line.startswith("event: "):
                    events.append(line[7:].strip())
    answer.close()
    assert events[0] == "hello"
    for once in ("alive", "rows", "course", "letters", "changes", "deciding"):
        assert events.count(once) == 1, f"{once} did not change, and {events} were sent"


async def test_another_symbol_is_sent_at_the_next_beat_whatever_its_number() -> None:
    class Heard:
        def __init__(self) -> None:
            self.messages: list[bytes] = []

        async def write(self, message: bytes) -> None:
            self.messages.append(message)

    made, heard = server(fed(written())), Heard()
    one, other = [state.name for state in made.view.board.symbols][:2]
    browser = Browser(heard, Selection(one))  # type: ignore[arg-type]
    await browser.beat(made.view, 2)
    heard.messages.clear()
    await browser.beat(made.view, 3)
    assert heard.messages == []
    browser.look = Selection(other)
    await browser.beat(made.view, 5)
    (message,) = heard.messages
    assert message.startswith(b"event: course\n")
    assert json.loads(message.partition(b"data: ")[2])["symbol"] == other


async def test_the_page_says_what_an_action_will_do_before_it_does_it(client: TestClient[Any, Any]) -> None:
    symbol = json.loads(written()["predictions"][0][2])["symbol"]
    answer = await client.get("/effect", params={"action": "promote", "symbol": symbol, "arm": "bold"})
    effect = (await answer.json())["effect"]
    assert f"partition {written()['predictions'][0][0]}" in effect
    assert "makes bold the live version" in effect
    assert (await client.get("/effect", params={"action": "explode", "symbol": symbol})).status == 400


@pytest.mark.parametrize(
    ("action", "kind"),
    [
        ("promote", PromoteVariant),
        ("stop", StopVariant),
        ("roll_back", RollBack),
        ("pin", PinVersion),
        ("unpin", PinVersion),
        ("retrain", Retrain),
    ],
)
def test_an_action_is_the_command_that_the_command_line_writes(action: Any, kind: type[Command]) -> None:
    command = request_of(PageAction(action, "X", "bold", "because")).dated(7)
    assert isinstance(command, kind)
    assert (command.symbol, command.ts_event, command.cause, command.automatic) == ("X", 7, "because", False)


def test_promote_and_stop_need_an_arm() -> None:
    with pytest.raises(ConfigurationError, match="expected an arm"):
        request_of(PageAction("stop", "X"))


def test_the_token_is_made_once_readable_by_its_owner_alone_and_shown_once(tmp_path: Path) -> None:
    settings = Settings(home=str(tmp_path / "home"))
    said = told(settings, 8642)
    token, new = token_of(settings)
    assert token in said
    assert not new
    assert token not in told(settings, 8642)
    assert stat.S_IMODE((tmp_path / "home" / FILE).stat().st_mode) == 0o600
    assert token_of(Settings(home=str(tmp_path), dashboard_token="mine")) == ("mine", False)
    assert "mine" not in repr(Settings(dashboard_token="mine"))


def test_a_public_server_answers_to_addresses_and_to_configured_names() -> None:
    guard = Guard("t", "0.0.0.0", "loop.example")
    asked = ("10.1.2.3:8642", "loop.example", "localhost:8642", "other.example:8642")
    assert [guard.address(host) is None for host in asked] == [True, True, True, False]
