"""An alert that a person has acknowledged no longer counts, on every page and after a restart, but stays listed."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer
from msgspec.structs import replace

from agents.config.settings import Settings
from agents.dashboard.follow.acknowledged import MOST, Acknowledged, Acknowledgement, file_of, key_of
from agents.dashboard.serve.server import Server
from schemas.alerts import Alert
from schemas.codec import encode
from schemas.errors import EnvironmentProblem
from tests.support.dashboard_records import NOW_S, received
from tests.support.dashboard_server import TOKEN, Fed, server

FAILED = Alert("ticks:0:9:0", "candidates", "ACORN", 10**18, "retrain_failed", "error", "job", "out of memory")
BREACH = Alert("ticks:0:7:0/1", "accuracy-windows", "BIRCH", 10**18, "breach", "warning", "v1", "worse")


def told(page: Server, *alerts: Alert) -> None:
    page.watch.board.take("alerts", received([(0, "", encode(each)) for each in alerts]), NOW_S)


def tile(page: Server) -> Any:
    return next(each for each in page.watch.alive().tiles if each.name == "alerts")


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Server:
    monkeypatch.chdir(tmp_path)
    made = server()
    told(made, FAILED, BREACH)
    return made


@pytest.fixture
async def client(page: Server) -> AsyncIterator[TestClient[Any, Any]]:
    async with TestClient(TestServer(page.app())) as found:
        yield found


async def ask(client: TestClient[Any, Any], token: str = TOKEN, **asked: str) -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    answer = await client.post("/action", data=json.dumps({"action": "acknowledge"} | asked), headers=headers)
    return answer.status, await answer.json()


async def test_an_acknowledged_alert_counts_no_more_also_after_a_restart_of_the_page(
    page: Server, client: TestClient[Any, Any]
) -> None:
    assert (tile(page).value, tile(page).colour) == ("2", "act")
    status, done = await ask(client, alert=key_of(FAILED), symbol="ACORN", cause="more memory is ordered")
    assert (status, done["sentence"]) == (200, "Done: the alert is acknowledged.")
    assert (tile(page).value, tile(page).colour) == ("1", "attention")
    assert tile(page).note.endswith("errors: 0, warnings: 1; 1 acknowledged")
    again = server()
    told(again, FAILED, BREACH)
    assert tile(again).value == "1", "a page of the same home that starts later knows it"
    first, last = again.watch.alerts()
    assert (first.kind, first.seen) == ("breach", "")
    assert last.seen.startswith("acknowledged 20")
    assert last.seen.endswith(" UTC: more memory is ordered")
    told(again, replace(FAILED, id="ticks:0:11:0", ts_event=10**18 + 1))
    assert tile(again).value == "2", "the next one is open again"


async def test_acknowledging_takes_the_token_and_an_open_alert(page: Server, client: TestClient[Any, Any]) -> None:
    assert (await ask(client, token="guess", alert=key_of(FAILED)))[0] == 401
    status, answer = await ask(client, alert="candidates ticks:0:1:0 1 breach")
    assert (status, "expected an alert that is open" in answer["refused"]) == (400, True)
    assert not file_of(Settings()).exists()
    assert tile(page).value == "2"


async def test_before_an_acknowledgement_the_page_says_that_no_topic_is_written(client: TestClient[Any, Any]) -> None:
    answer = await client.get("/effect", params={"action": "acknowledge", "alert": key_of(FAILED)})
    assert "dashboard-acknowledged.json) and to no topic" in (await answer.json())["effect"]


def test_the_file_is_bounded_and_one_that_is_damaged_costs_no_page(tmp_path: Path) -> None:
    path = tmp_path / "home" / "seen.json"
    seen = Acknowledged(path)
    for number in range(MOST + 5):
        seen.take(Acknowledgement(f"k{number}", 1.0))
    assert len(json.loads(path.read_bytes())) == MOST
    path.write_bytes(b"[{")
    again = Acknowledged(path)
    assert again.get(FAILED) is None
    again.take(Acknowledgement(key_of(FAILED), 2.0, "why"))
    assert Acknowledged(path).get(FAILED) == Acknowledgement(key_of(FAILED), 2.0, "why")


def test_an_acknowledgement_that_cannot_be_written_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file where the folder should be")
    seen = Acknowledged(tmp_path / "home" / "seen.json")
    with pytest.raises(EnvironmentProblem, match="expected to write"):
        seen.take(Acknowledgement(key_of(FAILED), 1.0))
    assert seen.get(FAILED) is None


def test_runs_of_one_home_keep_apart() -> None:
    run = Fed(Settings(prefix="replay-monday."))
    assert file_of(run.settings) != file_of(Settings())
