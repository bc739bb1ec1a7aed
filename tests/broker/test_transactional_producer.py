"""Ticks of a producer with transactions: aborted ones are not predicted, and gaps in the offsets lose nothing."""

from itertools import islice
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer

from agents.config.settings import Settings
from schemas.codec import encode
from schemas.topics import PREDICTIONS, TICKS
from streams.parameters import Parameters
from streams.sources.synthetic import synthetic_market
from streams.topology import nodes
from tests.support.live_loop import LiveLoop

pytestmark = pytest.mark.broker

TRANSACTIONS, TICKS_EACH = 60, 20


async def test_aborted_ticks_are_not_predicted(bootstrap: str, prefix: str, tmp_path: Path) -> None:
    settings = Settings.load({}, prefix=prefix, partitions=2, checkpoint_s=0.3)
    market = synthetic_market(11, ["ONE"])
    async with LiveLoop(nodes(Parameters()), settings, bootstrap, tmp_path / "workers.log") as loop:
        loop.start(1)
        producer = AIOKafkaProducer(bootstrap_servers=bootstrap, transactional_id=prefix + "venue")
        await producer.start()
        committed = 0
        for number in range(TRANSACTIONS):
            await producer.begin_transaction()
            for tick in islice(market, TICKS_EACH):
                await producer.send(settings.topic(TICKS.name), encode(tick), key=b"ONE", partition=0)
            if number % 3 == 1:
                await producer.abort_transaction()
            else:
                await producer.commit_transaction()
                committed += TICKS_EACH
        await producer.stop()
        await loop.until_stored(PREDICTIONS.name, committed)
        loop.kill(1)
        loop.start(1)
        await loop.publish(islice(market, 100))
        await loop.until_stored(PREDICTIONS.name, committed + 100)
        verdict = await loop.verdict()
        assert verdict.is_exact, verdict
        assert len({record.value for record in await loop.stored(PREDICTIONS.name)}) == committed + 100
        async with AIOKafkaProducer(bootstrap_servers=bootstrap, transactional_id=prefix + "venue") as last:
            await last.begin_transaction()
            for tick in islice(market, TICKS_EACH):
                await last.send(settings.topic(TICKS.name), encode(tick), key=b"ONE", partition=0)
            await last.abort_transaction()
        await loop.until_caught_up()  # what was aborted at the end of the log is not waited for
