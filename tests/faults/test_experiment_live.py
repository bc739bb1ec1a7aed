"""An experiment on Kafka, with workers killed: it starts, its winner is made live, turns bad and is rolled back."""

import asyncio
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import msgspec
import pytest

from agents.config.settings import Settings
from schemas.commands import Command, PromoteVariant, Retrain, RollBack, StartVariant
from schemas.experiments import ExperimentDecided
from schemas.predictions import Prediction
from schemas.ticks import Directive, Tick
from schemas.topics import COMMANDS, EXPERIMENT_DECISIONS, MODEL_VERSIONS, PREDICTIONS, TICKS
from schemas.versions import ModelVersion
from streams.parameters import load_parameters
from streams.topology import nodes
from tests.support.live_commands import everything, tickloop
from tests.support.live_loop import LiveLoop
from tests.support.planted_experiment import CONFIGURATION, NAME, SYMBOL, planted_market

pytestmark = [pytest.mark.broker, pytest.mark.faults]

HONEST, SABOTAGED = 3_500, 5_000
PATIENCE_S = 60.0


async def test_an_experiment_runs_to_its_winner_and_to_its_roll_back_through_kills(
    bootstrap: str, prefix: str, tmp_path: Path
) -> None:
    configuration = tmp_path / "tickloop.toml"
    configuration.write_text(CONFIGURATION)
    settings = Settings.load({}, prefix=prefix, partitions=2, checkpoint_s=0.3, session_timeout_s=4.0)
    loop_nodes = nodes(load_parameters(msgspec.toml.decode(CONFIGURATION)))
    worker = {"TICKLOOP_CONFIG": str(configuration)}
    feed = planted_market(HONEST, SABOTAGED)
    async with LiveLoop(loop_nodes, settings, bootstrap, tmp_path / "workers.log") as loop:
        loop.start(1, **worker)
        await loop.publish(islice(feed, 500))
        await loop.until_stored(PREDICTIONS.name, 500)
        said = await tickloop(loop, configuration, "start", NAME, "--symbol", SYMBOL, "--yes", "--wait", "30")
        assert "carried out" in said
        await until(loop, lambda directives: "start_arm" in directives)

        await loop.publish(islice(feed, 1_000))
        loop.kill(1)
        await loop.publish(islice(feed, 1_500))
        loop.start(1, **worker)
        await until(loop, lambda directives: directives[-1] == "promote_arm")

        await loop.publish(islice(feed, HONEST - 3_000 + 1_500))
        loop.kill(1)
        loop.start(1, **worker)
        await loop.publish(islice(feed, SABOTAGED - 1_600))
        await until(loop, lambda directives: directives.count("promote_arm") == 2)
        await loop.publish(feed)
        await loop.until_caught_up()

        decided = {each.id: each for each in await everything(loop, EXPERIMENT_DECISIONS.name, ExperimentDecided)}
        assert [each.verdict for each in decided.values()] == ["winner", "promoted", "rolled_back"]
        commands = {each.id: each for each in await everything(loop, COMMANDS.name, Command)}
        # The monitor calls for a retrain as well, which is another story.
        changes = [type(each) for each in commands.values() if not isinstance(each, Retrain)]
        assert changes == [StartVariant, PromoteVariant, RollBack]
        versions = await everything(loop, MODEL_VERSIONS.name, ModelVersion)
        assert {each.version: each.status for each in versions}[f"{NAME}-1"] == "rolled_back"
        last = (await everything(loop, PREDICTIONS.name, Prediction))[-1]
        assert last.model_version.startswith("builtin-")
        shown = await tickloop(loop, configuration, "show", NAME)
        assert "rolled back" in shown
        # Kills changed nothing: everything, decisions among it, is what one undisturbed process makes of the tick log.
        verdict = await loop.verdict()
        print(verdict)
        assert verdict.is_exact, verdict


async def until(loop: LiveLoop, seen: Callable[[list[str]], bool]) -> None:
    """Wait until the actions of the directives on the topic of ticks, repeats left out, satisfy `seen`."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            ticks = await everything(loop, TICKS.name, Tick)
            found = {each.id: each.action for each in ticks if isinstance(each, Directive)}
            if found and seen(list(found.values())):
                return
            await asyncio.sleep(0.2)
