"""An open dashboard page keeps working while invalid records are written to its topics, and counts them."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiokafka import AIOKafkaProducer
from msgspec.structs import replace

from agents.broker import ports
from agents.clients.bounded_reads import Budget
from agents.config.settings import Settings
from agents.dashboard.serve import lookup
from agents.dashboard.serve.guard import Guard
from agents.dashboard.serve.server import serving
from agents.operations import topics
from agents.operations.system import wanted_topics
from schemas.codec import encode
from schemas.commands import StartVariant
from schemas.topics import (
    ACCURACY_WINDOWS,
    COMMANDS,
    EXPERIMENT_PARTIALS,
    MODEL_VERSIONS,
    PREDICTIONS,
    RETRAIN_JOBS,
    TICKS,
    Topic,
)
from schemas.versions import ModelVersion
from streams.sources.synthetic import synthetic_market
from tests.support.dashboard_records import written
from tests.support.golden_model_records import OF_MODELS

pytestmark = pytest.mark.broker

PATIENCE_S = 30.0
VERSION: Any = next(each for each in OF_MODELS[ModelVersion] if isinstance(each, ModelVersion))
START: Any = next(each for each in OF_MODELS[StartVariant] if isinstance(each, StartVariant))

FAR = 10**30
POISON: tuple[tuple[Topic, bytes], ...] = tuple(
    (topic, value)
    for topic in (COMMANDS, EXPERIMENT_PARTIALS, MODEL_VERSIONS, PREDICTIONS, ACCURACY_WINDOWS, RETRAIN_JOBS)
    for value in (
        b"",
        b"\xff\xfe",
        b"[" * 10_000,
        b'{"id":"ticks:0:%d","symbol":"X","ts_event":%d}' % (FAR, FAR),
        json.dumps(
            {
                "kind": "retrain",
                "id": "x" * 300_000,
                "symbol": "X",
                "ts_event": FAR,
                "cause": "",
                "breach": {"since": FAR},
            }
        ).encode(),
        b'{"kind":"roll_back","id":"c","symbol":"X","ts_event":%d,"cause":"c"}' % FAR,
        encode(VERSION).replace(str(VERSION.ts_event).encode(), str(FAR).encode()),
        written(ticks=2_000)["predictions"][0][2].replace(b'"ts_event":1', b'"ts_event":1' + b"0" * 30),
    )
)


class Page:
    """A client that listens to the dashboard's event stream, as a browser does, and keeps the newest events."""

    def __init__(self, session: aiohttp.ClientSession, address: str) -> None:
        self._session, self.address = session, address
        self.heard: dict[str, Any] = {}
        self._news = asyncio.Event()

    async def listen(self) -> None:
        async with self._session.get(f"{self.address}/events") as answer:
            event = ""
            async for raw in answer.content:
                line = raw.decode().strip("\n")
                if line.startswith("event: "):
                    event = line[7:]
                elif line.startswith("data: "):
                    self.heard[event] = json.loads(line[6:])
                    self._news.set()

    async def until(self, holds: Callable[[dict[str, Any]], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not holds(self.heard):
                self._news.clear()
                await self._news.wait()

    async def until_well(self) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                status, _ = await self.get("/healthz")
                if status == 200:
                    return
                await asyncio.sleep(0.1)

    def tile(self, name: str) -> Any:
        return next(tile for tile in self.heard["alive"]["tiles"] if tile["name"] == name)

    async def get(self, path: str) -> tuple[int, Any]:
        async with self._session.get(self.address + path, headers={"Tickloop-Page": "1"}) as answer:
            return answer.status, await answer.json()


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Page]:
    async with (
        serving(settings, Guard("token", "127.0.0.1")) as server,
        aiohttp.ClientSession(read_bufsize=2**24) as session,
        asyncio.TaskGroup() as group,
    ):
        page = Page(session, f"http://127.0.0.1:{settings.dashboard_port}")
        tasks = [group.create_task(page.listen()), group.create_task(server.until(asyncio.Event()))]
        yield page
        for task in tasks:
            task.cancel()


async def put(settings: Settings, records: Sequence[tuple[Topic, int, bytes | None, bytes]]) -> list[int]:
    """Write records, each with its topic, partition, key and value; return their offsets."""
    async with AIOKafkaProducer(bootstrap_servers=settings.bootstrap, max_request_size=2**21) as producer:
        sent = [
            await producer.send(settings.topic(topic.name), value, key, partition)
            for topic, partition, key, value in records
        ]
        return [(await each).offset for each in sent]


async def test_an_open_page_goes_on_while_its_topics_are_poisoned(
    bootstrap: str, prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(
        bootstrap=bootstrap, prefix=prefix, home=str(tmp_path), partitions=2, dashboard_port=ports.any_free()
    )
    await topics.apply(bootstrap, wanted_topics(settings))
    market = [(TICKS, 0, tick.symbol.encode(), encode(tick)) for tick in synthetic_market(1, ticks=300)]
    told = [(PREDICTIONS, 0, b"ACORN", value) for _, _, value in written(ticks=2_000)["predictions"][:300]]
    await put(settings, [*market, *told])
    async with opened(settings) as page:
        await page.until(lambda heard: bool(heard.get("rows")))

        await put(settings, [(topic, n % 2, b"X", value) for n, (topic, value) in enumerate(POISON * 3)])
        start = replace(
            START, id="by-hand", symbol="ACORN", arm="bold", cause="a person", version="bold-1", automatic=False
        )
        (offset,) = await put(settings, [(COMMANDS, 0, b"ACORN", encode(start))])
        await put(settings, [(COMMANDS, 0, b"ACORN", value) for _, value in POISON])
        version = replace(
            VERSION, id=f"commands:0:{offset}:0", symbol="ACORN", version="bold-1", command="by-hand", reason="after it"
        )
        await put(settings, [(MODEL_VERSIONS, 0, version.key, encode(version))])
        await page.until(
            lambda heard: any(each["sentence"] == "after it" for each in heard.get("changes", {}).get("changes", ()))
        )
        await page.until(lambda heard: page.tile("page")["value"] != "0")
        assert "records that make no sense" in page.tile("page")["note"]
        await page.until(lambda heard: heard["alive"]["mode"] not in ("stalled", "broker_gone", "starting"))
        await page.until_well()

        status, found = await page.get("/chain?symbol=ACORN&version=bold-1")
        assert status == 200, found
        assert [name for name, _, _ in found["steps"]] == ["Command", "Version"]
        status, found = await page.get("/prediction?partition=0&offset=7")
        assert status == 200, found
        assert found["steps"][0][0] == "Tick"
        assert (await page.get("/prediction?partition=0&offset=999999"))[0] == 404
        statuses = {(await page.get(f"/prediction?partition=0&offset={at}"))[0] for at in range(300, 330)}
        assert statuses <= {200, 404}, "poison is no prediction, and no error of the server"

        budgets = list[Budget]()

        def budget_of_one_look() -> Budget:
            budgets.append(Budget())
            return budgets[-1]

        monkeypatch.setattr(lookup, "Budget", budget_of_one_look)
        filling = [(COMMANDS, 0, b"OTHER", encode(start)) for _ in range(3_000)]
        filling += [(ACCURACY_WINDOWS, 0, b"OTHER", b"{}") for _ in range(3_000)]
        await put(settings, filling)
        async with asyncio.timeout(PATIENCE_S):
            again = await lookup.chain(settings, bootstrap, version)
        assert [name for name, _, _ in again.steps] == ["Command", "Version"]
        (budget,) = budgets
        assert Budget().records - budget.records < 700, "it looks near the place that the version names"
