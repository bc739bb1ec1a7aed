"""A version that computes too slowly goes live; the retrainer finds out and rolls it back."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agents.commands.commander import commander
from agents.commands.keyring import signing
from agents.config.settings import Settings
from schemas.codec import decoder
from schemas.commands import Command, PromoteVariant, RollBack, StartVariant
from schemas.predictions import Prediction
from schemas.topics import COMMANDS, MODEL_VERSIONS, PREDICTIONS
from schemas.versions import ModelVersion
from streams.market.confidence import CALIBRATORS
from streams.parameters import load_parameters
from streams.sources.synthetic import synthetic_market
from streams.topology import nodes
from tests.support.live_loop import LiveLoop
from tests.support.places import ROOT

pytestmark = [pytest.mark.broker, pytest.mark.faults]

SYMBOL = "ACORN"
RATE = 6.0
LIMIT_MS = 100.0
TAKES_S = 0.12
PATIENCE_S = 90.0
CONFIGURATION = """
[plugins]
modules = ["tests.support.ponderous"]

[market]
warmup_ticks = 2
"""


@pytest.fixture(autouse=True)
def _plugin() -> Iterator[None]:
    """Register the slow calibrator in this process, for the replay, and remove it after the test."""
    import_module("tests.support.ponderous")
    yield
    del CALIBRATORS["ponderous"], sys.modules["tests.support.ponderous"]


async def test_a_slow_version_is_rolled_back(bootstrap: str, prefix: str, tmp_path: Path) -> None:
    configuration = tmp_path / "tickloop.toml"
    configuration.write_text(CONFIGURATION)
    settings = Settings.load(
        {}, bootstrap=bootstrap, prefix=prefix, partitions=1, checkpoint_s=0.5, directive_key="secret"
    )
    surroundings = {
        "TICKLOOP_CONFIG": str(configuration),
        "TICKLOOP_DIRECTIVE_KEY": "secret",
        "PYTHONPATH": str(ROOT),
        "PONDEROUS_S": str(TAKES_S),
    }
    table: dict[str, Any] = {"market": msgspec.toml.decode(CONFIGURATION)["market"]}
    loop_nodes = nodes(load_parameters(table), signing(settings))
    async with LiveLoop(loop_nodes, settings, bootstrap, tmp_path / "workers.log") as loop:
        loop.start(1, **surroundings)
        await loop.until_ready(1)
        feed = synthetic_market(seed=3, symbols=[SYMBOL], ticks=10_000)
        with retrainer(loop, surroundings):
            async with loop.market(feed, ticks=0, rate=RATE):
                await loop.until_stored(PREDICTIONS.name, 40)
                async with commander(settings, bootstrap) as asked:
                    overrides = {"confidence": {"calibrator": "ponderous"}}
                    start = StartVariant("c1", SYMBOL, 1, "slow", "a person", overrides, from_live=True)
                    assert (await asked.put(start, 0, PATIENCE_S))[1].versions
                    assert (await asked.put(PromoteVariant("c2", SYMBOL, 1, "slow", "a person"), 0, PATIENCE_S))[
                        1
                    ].versions
                slow = await until_rolled_back(loop)
                held = len(await loop.stored(PREDICTIONS.name))
                await loop.until_stored(PREDICTIONS.name, held + 20)
        await loop.until_caught_up()
        (command,) = {
            each.id: each for each in await everything(loop, COMMANDS.name, Command) if is_roll_back(each)
        }.values()
        assert command.automatic
        signing(settings).check(command)
        assert command.version == slow.version == "slow-1"
        assert command.metrics["latency_p95_ms"] > TAKES_S * 1e3
        assert slow.reason == command.cause
        versions: list[ModelVersion] = await everything(loop, MODEL_VERSIONS.name, ModelVersion)
        last = [each for each in versions if each.version == "slow-1"][-1]
        assert (last.status, last.arm, last.reason) == ("stopped", "", command.cause), "it takes as long in shadow"
        assert "slow-1 is too slow: 95 % of its predictions within" in command.cause
        assert "side by side on the same" in command.cause
        assert command.metrics["step_ms"] >= TAKES_S * 1e3 > 2 * command.metrics["step_before_ms"]
        predictions = await everything(loop, PREDICTIONS.name, Prediction)
        assert predictions[0].model_version == predictions[-1].model_version != "slow-1"
        assert sum(each.model_version == "slow-1" for each in predictions) > 100
        verdict = await loop.verdict()
        assert verdict.is_exact, verdict


def is_roll_back(command: object) -> bool:
    return isinstance(command, RollBack)


@contextmanager
def retrainer(loop: LiveLoop, surroundings: dict[str, str]) -> Iterator[None]:
    """Run the retrainer process while the block runs."""
    settings = loop.settings
    environment = (
        os.environ
        | surroundings
        | {
            "TICKLOOP_BOOTSTRAP": loop.bootstrap,
            "TICKLOOP_PREFIX": settings.prefix,
            "TICKLOOP_PARTITIONS": str(settings.partitions),
            "TICKLOOP_LATENCY_LIMIT_MS": str(LIMIT_MS),
        }
    )
    process = subprocess.Popen([sys.executable, "-m", "agents.cli", "retrainer"], env=environment)
    try:
        yield
        assert process.poll() is None, "it goes on"
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


async def until_rolled_back(loop: LiveLoop) -> ModelVersion:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            versions: list[ModelVersion] = await everything(loop, MODEL_VERSIONS.name, ModelVersion)
            if found := [each for each in versions if each.status == "rolled_back"]:
                return found[0]
            await asyncio.sleep(0.3)


async def everything(loop: LiveLoop, topic: str, record: Any) -> list[Any]:
    decode = decoder(record)
    return [decode(stored.value) for stored in await loop.stored(topic)]
