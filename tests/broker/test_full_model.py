"""A model of River that reaches its largest size on Kafka is told by an alert, the commands and the page."""

import asyncio
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

from agents.cli import cli
from agents.clients.reader import Received
from agents.commands.commander import commander
from agents.config.settings import Settings
from agents.dashboard.follow.topics_state import Board
from agents.dashboard.serve.view import SentPart, course_of
from agents.demo.drift_story import CONFIGURATION, SYMBOL
from agents.kafka import clients
from agents.retrainer.alerts import Alerts
from schemas.alerts import Alert
from schemas.commands import StartVariant
from schemas.faults import ComponentFailed
from schemas.topics import ALERTS, FAULTS, MODEL_VERSIONS, OUTCOMES, PREDICTIONS
from streams.parameters import load_parameters
from streams.sources.planted_signal import GradedMarket
from streams.topology import nodes
from tests.support.live_commands import everything
from tests.support.live_loop import LiveLoop

pytestmark = [pytest.mark.broker, pytest.mark.timeout(120)]

NEAR: dict[str, Any] = {
    "kind": "river",
    "model": "forest.AMFClassifier",
    "features": ["queue_imbalance"],
    "largest_bytes": 10_000,
    "parameters": {"n_estimators": 1},
}
START = StartVariant("start", SYMBOL, 1, "near", "a test", {"models": {"near": NEAR}}, from_live=True, version="near-1")
PATIENCE_S = 30.0
NOW_S = 4e9


def tickloop(*words: str) -> str:
    done = CliRunner().invoke(cli, words)
    assert done.exit_code == 0, (done.output, done.exception)
    return done.output


async def page(loop: LiveLoop) -> Board:
    board = Board()
    for topic in (PREDICTIONS, OUTCOMES, MODEL_VERSIONS, FAULTS, ALERTS):
        stored = await loop.stored(topic.name)
        board.take(
            topic.name, [Received(each.partition, each.offset, 0, each.key, each.value) for each in stored], NOW_S
        )
    return board


async def test_a_model_that_reaches_its_size_is_an_alert_a_line_of_the_commands_and_of_the_page(
    bootstrap: str, prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configuration = tmp_path / "tickloop.toml"
    configuration.write_text(CONFIGURATION)
    settings = Settings.load({}, bootstrap=bootstrap, prefix=prefix, partitions=1, checkpoint_s=0.3)
    for name in ("bootstrap", "prefix", "partitions"):
        monkeypatch.setenv(f"TICKLOOP_{name.upper()}", str(getattr(settings, name)))
    monkeypatch.setenv("TICKLOOP_CONFIG", str(configuration))
    market = GradedMarket(SYMBOL, seed=7)
    async with LiveLoop(
        nodes(load_parameters(msgspec.toml.decode(CONFIGURATION))), settings, bootstrap, tmp_path / "workers.log"
    ) as loop:
        loop.start(1, TICKLOOP_CONFIG=str(configuration))
        await loop.publish([next(market) for _ in range(200)])
        await loop.until_stored(PREDICTIONS.name, 200)
        async with commander(settings, bootstrap) as client:
            place = await client.place_of(SYMBOL)
            await client.put(msgspec.structs.replace(START, ts_event=place.ts_event), place.partition)
        await loop.until_stored(MODEL_VERSIONS.name, 1)
        await loop.publish([next(market) for _ in range(2_000)])
        await loop.until_caught_up()
        loop.kill(1)
        loop.start(1, TICKLOOP_CONFIG=str(configuration))
        await loop.publish([next(market) for _ in range(200)])
        await loop.until_caught_up()

        # One record, whatever was killed, and a replay makes the same.
        (frozen,) = {each.id: each for each in await everything(loop, FAULTS.name, ComponentFailed)}.values()
        assert (frozen.effect, frozen.version, frozen.component) == ("frozen", "near-1", "model near")
        assert 3_000 < frozen.size_bytes <= 15_000
        assert (await loop.verdict()).is_exact
        at = f"frozen at {frozen.size_bytes:,} bytes"

        async with clients.producer(bootstrap, linger_ms=5) as producer:
            alerts = asyncio.create_task(Alerts(settings, bootstrap, producer, None).run())
            async with asyncio.timeout(PATIENCE_S):
                await loop.until_stored(ALERTS.name, 1)
            alerts.cancel()
        found = await everything(loop, ALERTS.name, Alert)
        told = [each for each in found if each.kind == "model_full"]
        assert [(each.id, each.severity, each.subject) for each in told] == [
            (frozen.id, "warning", "near-1 model near")
        ]
        assert "learns no more" in told[0].sentence

        assert f"FAULT: {SYMBOL}  model near of near-1 {at}" in await asyncio.to_thread(
            tickloop, "models", "list", SYMBOL
        )
        assert f"model near of near-1 {at}" in await asyncio.to_thread(tickloop, "models", "show", SYMBOL, "near-1")
        shown = json.loads(await asyncio.to_thread(tickloop, "models", "show", SYMBOL, "near-1", "--json"))
        assert shown["faults"][0]["size_bytes"] == frozen.size_bytes

        board = await page(loop)
        (row,) = [each for each in board.versions.view({}, board.faults.by_version()) if each.version == "near-1"]
        assert row.faults == (f"model near {at}: it predicts on and learns no more",)
        assert [each.kind for each in board.alerts.open(NOW_S) if each.kind == "model_full"] == ["model_full"]
        (change,) = [each for each in board.timeline.view() if each.kind == "fault"]
        assert (change.title, change.severity) == ("model frozen", "warning")

        # Beside its weight, once the version predicts.
        await asyncio.to_thread(tickloop, "models", "promote", SYMBOL, "near-1", "--wait", "30")
        await loop.publish([next(market) for _ in range(400)])
        await loop.until_caught_up()
        board = await page(loop)
        state = board.symbols.get(SYMBOL)
        assert state is not None
        course = course_of(state, board, SentPart())
        assert course is not None
        assert [at in words for words in course["beliefs"]["words"]].count(True) == 1
