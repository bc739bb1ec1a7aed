"""A strategy is added warm to a running system on Kafka: it wins its test, goes live, and the way back is exact."""

import asyncio
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import asdict, replace

from agents.audit.versions import versions
from agents.commands.commander import commander
from agents.config.settings import Settings
from agents.operations.verification import verify
from schemas.codec import decoder
from schemas.commands import RollBack
from schemas.experiments import ExperimentDecided
from schemas.models import WarmedWorld
from schemas.outcomes import OutcomeMatured
from schemas.ticks import Directive, Tick
from schemas.topics import EXPERIMENT_DECISIONS, OUTCOMES, PREDICTIONS, TICKS
from streams.engine.node import Node, following
from streams.engine.replay import SourceRecord, by_topic, replay
from streams.parameters import load_parameters
from streams.topology import nodes
from tests.support.live_commands import everything, tickloop
from tests.support.live_loop import LiveLoop
from tests.support.planted_experiment import SYMBOL, planted_market

pytestmark = [pytest.mark.broker, pytest.mark.faults, pytest.mark.timeout(300)]

RUNNING = """
[market]
horizon_ns = 100_000_000
scored_per_horizon = 4
warmup_ticks = 50

[market.strategies]
enabled = ["flat", "momentum"]

[market.mixture]
share = 0.0
prior = {flat = 1.0, momentum = 0.0, signed_logistic = 0.0}

[market.correction]
variance = 0.0
"""
"""What runs at first has no opinion, and does not look at the imbalance of the book, which is right in this market."""

ADDED = (
    RUNNING
    + """
[experiments.added]
starts = "from_nothing"
apply = "automatic"
arm.strategies = {enabled = ["imbalance", "flat"]}
arm.mixture.prior = {flat = 0.0, imbalance = 1.0}

[experiments.added.test]
primary = "log_loss"
batch = 20
expected = 600.0
longest = 10_000
warmup = 60
minimum_batches = 20
worth = 0.02

[experiments.added.watch]
run = 20_000.0
canary = 100
confirmed = 100_000
"""
)
"""The same with an experiment whose challenger has another strategy, in a world of its own."""

FEED = 9_000
PATIENCE_S = 60.0


async def test_a_strategy_added_to_a_running_system_wins_goes_live_and_is_taken_back(
    bootstrap: str, prefix: str, tmp_path: Path
) -> None:
    configuration = tmp_path / "tickloop.toml"
    configuration.write_text(RUNNING)
    settings = Settings.load({}, prefix=prefix, partitions=1, checkpoint_s=0.3, session_timeout_s=4.0)
    loop_nodes = nodes(load_parameters(msgspec.toml.decode(ADDED)))
    worker = {"TICKLOOP_CONFIG": str(configuration)}
    feed = planted_market(FEED, 0)
    async with LiveLoop(loop_nodes, settings, bootstrap, tmp_path / "workers.log") as loop:
        loop.start(1, **worker)
        await loop.publish(islice(feed, 600))
        await loop.until_caught_up()

        # No reset: the next worker goes on from what is stored, and knows the experiment.
        configuration.write_text(ADDED)
        loop.kill(1)
        loop.start(1, **worker)
        said = await tickloop(
            loop, configuration, "start", "added", "--symbol", SYMBOL, "--warm", "500", "--yes", "--wait", "60"
        )
        assert f"added is warmed by 500 ticks of {SYMBOL}" in said
        assert "carried out" in said
        await loop.publish(islice(feed, 800))
        loop.kill(1)
        loop.start(1, **worker)
        fed = 1_400
        while "promoted" not in await verdicts(loop):
            assert fed < FEED - 1_500, await verdicts(loop)
            await loop.publish(islice(feed, 500))
            fed += 500
            await loop.until_caught_up()
        assert await verdicts(loop) == ["winner", "promoted"]
        statuses = {each.version: each.status for each in await versions(settings, bootstrap)}
        assert statuses["added-1"] == "champion"

        async with commander(settings, bootstrap) as client:
            place = await client.place_of(SYMBOL)
            back = RollBack("back", SYMBOL, 1, "a person")
            await client.put(replace(back, ts_event=place.ts_event), place.partition)
        loop.kill(1)
        loop.start(1, **worker)
        async with asyncio.timeout(PATIENCE_S):
            while True:
                ticks = await everything(loop, TICKS.name, Tick)
                if any(isinstance(each, Directive) and each.id == "back" for each in ticks):
                    break
                await asyncio.sleep(0.2)
        await loop.publish(islice(feed, 500))
        await loop.until_caught_up()

        # Kills and the cut-over changed nothing: one undisturbed process makes the same of the log.
        verdict = await loop.verdict()
        assert verdict.is_exact, verdict
        verified = await verify(settings, bootstrap, loop_nodes, 30.0, lambda sentence, done, total: None)
        assert verified.verdict == "same", verified

        # The state that the arm began with is in the log, of the 500 ticks before its directive.
        directive = next(each for each in ticks if isinstance(each, Directive) and each.action == "start_arm")
        assert isinstance(directive.world, WarmedWorld)
        assert (directive.world.ticks, directive.world.until) == (500, "ticks:0:599")
        first = next(each for each in await everything(loop, OUTCOMES.name, OutcomeMatured) if len(each.arms) == 2)
        assert first.ts_prediction < next(islice(planted_market(FEED, 0), 640, None)).ts_event, "no warm-up of its own"
        source = [SourceRecord(*record) for record in await loop.stored(TICKS.name)]
        told = replayed(loop_nodes, source)
        versions_in_turn = list(dict.fromkeys(each["model_version"] for each in told))
        assert versions_in_turn == [told[0]["model_version"], "added-1"]
        assert told[-1]["model_version"] == told[0]["model_version"]
        assert {each["strategy"] for each in told if each["model_version"] == "added-1"} == {"imbalance"}
        # Without the whole excursion the built-in version would say the same: before, and since it is back.
        plain = replayed(loop_nodes, [each for each in source if not is_directive(each)])
        builtin = [(one, other) for one, other in zip(told, plain, strict=True) if one["model_version"] != "added-1"]
        assert len(builtin) > 1_500
        assert all(one == other for one, other in builtin)


async def verdicts(loop: LiveLoop) -> list[str]:
    found = {each.id: each for each in await everything(loop, EXPERIMENT_DECISIONS.name, ExperimentDecided)}
    return [each.verdict for each in found.values()]


def is_directive(record: SourceRecord) -> bool:
    return isinstance(decoder(TICKS.record)(record.value), Directive)


def replayed(loop_nodes: list[Node[Any]], source: list[SourceRecord]) -> list[dict[str, Any]]:
    """Predictions that a replay of records of the log makes, without their ids, which name offsets."""
    written = by_topic(replay(following(loop_nodes, loop_nodes[0].source), source))[PREDICTIONS.name]
    decode = decoder(PREDICTIONS.record)
    return [asdict(replace(decode(value), id="ticks:0:0")) for _, _, value in written]
