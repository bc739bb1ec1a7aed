"""Features of a reference on Kafka: the bytes of a backtest where the ticks are published, and exact where workers copy
them, through kill -9, joins and checkpoints of one symbol."""

import asyncio
from pathlib import Path

import pytest

from agents.config.settings import Settings
from schemas.codec import decoder
from schemas.positions import position_of
from schemas.ticks import Directive, Quote, ReferenceTick, Trade
from schemas.topics import OUTCOMES, PREDICTIONS, TICKS
from streams.engine.backtest import Engine
from streams.engine.digests import START, extended
from streams.engine.partitioner import partition_of
from streams.parameters import load_parameters
from streams.topology import nodes
from tests.support.live_loop import LiveLoop
from tests.support.references import LEADER, led_market

pytestmark = [pytest.mark.broker, pytest.mark.faults]

CONFIGURATION = '[references]\nSPY = ["*"]\n'
FOLLOWERS = [f"SYM{number}" for number in range(12)]


class _Loop(LiveLoop):
    """Workers whose configuration names SPY as the reference of all symbols."""

    def __init__(self, bootstrap: str, prefix: str, folder: Path, **settings: object) -> None:
        chosen = Settings.load({}, prefix=prefix, checkpoint_s=0.5, session_timeout_s=4.0, **settings)
        self.file = folder / "references.toml"
        self.file.write_text(CONFIGURATION)
        loop = nodes(load_parameters({"references": {LEADER: ["*"]}}))
        super().__init__(loop, chosen, bootstrap, folder / "workers.log")

    def begin(self, slot: int) -> None:
        self.start(slot, TICKLOOP_CONFIG=str(self.file))


@pytest.mark.parametrize("partitions", [1, 4])
async def test_published_ticks_give_the_bytes_of_the_backtest(
    bootstrap: str, prefix: str, tmp_path: Path, partitions: int
) -> None:
    ticks = led_market(21, 6_000, FOLLOWERS)
    async with _Loop(bootstrap, prefix, tmp_path, partitions=partitions) as loop:
        engine = Engine(loop.nodes, partitions)
        for tick in ticks:
            engine.take(tick)
        loop.begin(1)
        loop.begin(2)
        await loop.publish(ticks, references=[LEADER])
        await loop.until_caught_up()
        for topic in (PREDICTIONS, OUTCOMES):
            chains: dict[int, bytes] = {}
            for record in await loop.stored(topic.name):
                chains[record.partition] = extended(chains.get(record.partition, START), record.value)
            assert chains == engine.facts.digests[topic.name]
            assert len(chains) == (1 if partitions == 1 else len({partition_of(each, 4) for each in FOLLOWERS}))


async def test_ticks_that_workers_copy_are_exact_through_kills_and_joins(
    bootstrap: str, prefix: str, tmp_path: Path
) -> None:
    """The producer knows nothing of references, and a checkpoint has room for one symbol."""
    feed = iter(led_market(22, 30_000, FOLLOWERS))
    async with _Loop(bootstrap, prefix, tmp_path, partitions=4, checkpoint_bytes=1) as loop:
        loop.begin(1)
        async with loop.market(feed, ticks=30_000, rate=2_000):
            await loop.until_ready(1)
            await asyncio.sleep(1.2)
            loop.begin(2)
            await loop.until_ready(2)
            for slot in (1, 2):
                await asyncio.sleep(1.2)
                loop.kill(slot)
                loop.begin(slot)
                await loop.until_ready(slot)
        # What a worker copied comes after the tick of the home partition: caught up twice in a row is caught up.
        for _ in range(3):
            await loop.until_caught_up()
            await asyncio.sleep(0.5)
        verdict = await loop.verdict()
        print(verdict)
        assert verdict.is_exact, verdict
        assert verdict.repeats > 0, "no kill hit between an output and its checkpoint: the test showed nothing"
        decode = decoder(TICKS.record)
        home = partition_of(LEADER, 4)
        records = [(record.partition, record.offset, decode(record.value)) for record in await loop.stored(TICKS.name)]
        own = [(offset, tick) for at, offset, tick in records if at == home and tick.symbol == LEADER]
        assert all(isinstance(tick, Quote | Trade) for _, tick in own)
        repeats = 0
        for number in {0, 1, 2, 3} - {home}:
            copies = [tick for at, _, tick in records if at == number and isinstance(tick, ReferenceTick)]
            first, last = [], -1
            for copy in copies:
                offset = position_of(str(copy.of))[0]
                if offset > last:
                    first.append((offset, copy.tick))
                    last = offset
                else:
                    repeats += 1
            assert first == own, "every tick was copied, in its order, and whatever came again was a repeat"
        assert repeats > 0, "no kill hit between copies and their checkpoint: the test showed nothing"
        assert not any(isinstance(tick, Directive) for _, _, tick in records)
