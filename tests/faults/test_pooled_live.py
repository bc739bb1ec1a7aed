"""An experiment decides on symbols of several partitions together; its winner goes live though workers are killed."""

import asyncio
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import msgspec
import pytest

from agents.commands.keyring import signing
from agents.config.settings import Settings
from schemas.codec import encode
from schemas.commands import Command, PromoteVariant, StartVariant
from schemas.dead_letters import DeadLetter
from schemas.experiments import ExperimentPartial, PooledDecided, PooledMoved
from schemas.predictions import Prediction
from schemas.ticks import Quote
from schemas.topics import COMMANDS, DEAD_LETTERS, MODEL_VERSIONS, POOLED_EXPERIMENTS, PREDICTIONS, TICKS
from schemas.versions import ModelVersion
from streams.engine.node import following
from streams.engine.partition import Partition
from streams.engine.partitioner import partition_of
from streams.engine.replay import SourceRecord, replay
from streams.experiments.pooling_node import PoolingNode
from streams.parameters import load_parameters
from streams.sources.planted_signal import PlantedMarket
from streams.topology import nodes
from tests.support.live_commands import everything, tickloop
from tests.support.live_loop import LiveLoop
from tests.support.planted_experiment import CONFIGURATION, NAME

pytestmark = [pytest.mark.broker, pytest.mark.faults]

SYMBOLS = ("AAA", "BBB", "CCC")
TICKS_EACH = 4_000
PATIENCE_S = 90.0
POOLED = (
    CONFIGURATION.replace(f"[experiments.{NAME}]", f"[experiments.{NAME}]\nsymbols = ['AAA', 'BBB', 'CCC']")
    .replace(f"[experiments.{NAME}.test]", f"[experiments.{NAME}.test]\nscope = 'pooled'\nclock_ns = 500_000_000")
    .replace("batch = 20", "batch = 60")
)


def market() -> Iterator[Quote]:
    """Endless ticks of all symbols, in turn."""
    feeds = [PlantedMarket(symbol, seed) for seed, symbol in enumerate(SYMBOLS)]
    while True:
        for feed in feeds:
            yield next(feed)


async def test_a_pooled_winner_goes_live_on_every_symbol_through_kills(
    bootstrap: str, prefix: str, tmp_path: Path
) -> None:
    assert len({partition_of(symbol, 3) for symbol in SYMBOLS}) > 1, "symbols on one partition would prove nothing"
    configuration = tmp_path / "tickloop.toml"
    configuration.write_text(POOLED)
    settings = Settings.load(
        {}, prefix=prefix, partitions=3, checkpoint_s=0.3, session_timeout_s=4.0, directive_key="a secret"
    )
    parameters = load_parameters(msgspec.toml.decode(POOLED))
    loop_nodes = nodes(parameters, signing(settings))
    key = settings.directive_key
    worker = {"TICKLOOP_CONFIG": str(configuration), "TICKLOOP_DIRECTIVE_KEY": key}
    feed = market()
    async with LiveLoop(loop_nodes, settings, bootstrap, tmp_path / "workers.log") as loop:
        for slot in (1, 2):
            loop.start(slot, **worker)
            await loop.until_ready(slot)
        await loop.publish(islice(feed, 600))
        await loop.until_stored(PREDICTIONS.name, 600)
        await tickloop(loop, configuration, "start", NAME, "--yes", "--wait", "0")
        await loop.until_stored(DEAD_LETTERS.name, len(SYMBOLS))
        letters = await everything(loop, DEAD_LETTERS.name, DeadLetter)
        assert {each.reason for each in letters} == {"unsigned_command"}, "a client without the key"
        await tickloop(loop, configuration, "start", NAME, "--yes", "--wait", "0", key=key)
        await until_told(loop, "shadow")
        await loop.publish(islice(feed, 2_000))
        loop.kill(1)
        await loop.publish(islice(feed, 2_000))
        loop.start(1, **worker)
        loop.kill(2)
        await loop.publish(islice(feed, 3 * TICKS_EACH - 4_600))
        loop.start(2, **worker)
        await until_told(loop, "champion")
        await loop.publish(islice(feed, 300))
        await loop.until_caught_up()

        found = {each.id: each for each in await everything(loop, POOLED_EXPERIMENTS.name, PooledMoved | PooledDecided)}
        (decided,) = [each for each in found.values() if isinstance(each, PooledDecided)]
        assert (decided.verdict, decided.symbols) == ("winner", SYMBOLS)
        commands = {each.id: each for each in await everything(loop, COMMANDS.name, Command)}
        promoted = [each for each in commands.values() if isinstance(each, PromoteVariant)]
        assert sorted(each.symbol for each in promoted) == list(SYMBOLS)
        signed = [each for each in commands.values() if isinstance(each, StartVariant) and each.signature]
        assert sorted(each.symbol for each in signed) == list(SYMBOLS)
        versions = {each.key: each for each in await everything(loop, MODEL_VERSIONS.name, ModelVersion)}
        assert sorted(each.symbol for each in versions.values() if each.status == "champion") == list(SYMBOLS)
        last = {each.symbol: each for each in await everything(loop, PREDICTIONS.name, Prediction)}
        assert {each.model_version for each in last.values()} == {f"{NAME}-1"}
        shown = await tickloop(loop, configuration, "show", NAME, key=key)
        assert "3 symbols together: winner" in shown
        verdict = await loop.verdict()
        # The ticks do not tell of the commands that were refused, and of nothing else.
        assert (verdict.missing, verdict.different) == (0, len(letters)), verdict
        assert verdict.expected > 3 * TICKS_EACH
        # What the pool wrote is what it writes when it is told all of one symbol after the other.
        log = [SourceRecord(*record) for record in await loop.stored(TICKS.name)]
        told = [
            msgspec.json.decode(record.value, type=ExperimentPartial)
            for record in replay(following(loop_nodes, TICKS), log)
            if record.topic == "experiment-partials"
        ]
        home = partition_of(NAME, settings.partitions)
        pool = Partition(PoolingNode(parameters.experiments, signing(settings)), home)
        ordered = sorted(told, key=lambda partial: (partial.symbol, partial.window))
        written = [record for offset, partial in enumerate(ordered) for record in pool.receive(offset, partial)]
        expected = {encode(record) for record in written if isinstance(record, (PooledMoved, PooledDecided))}
        assert {record.value for record in await loop.stored(POOLED_EXPERIMENTS.name)} == expected


async def until_told(loop: LiveLoop, status: str) -> None:
    """Wait until the version under test has a status on every symbol."""
    async with asyncio.timeout(PATIENCE_S):
        found = 0
        while found < len(SYMBOLS):
            await asyncio.sleep(0.3)
            newest = {each.key: each for each in await everything(loop, MODEL_VERSIONS.name, ModelVersion)}
            found = sum(each.status == status and each.version == f"{NAME}-1" for each in newest.values())
