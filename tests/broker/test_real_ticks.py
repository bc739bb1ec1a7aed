"""A real file through Kafka: the same bytes on a second, fresh run, and in a backtest without Kafka."""

from hashlib import sha256
from pathlib import Path

import pytest
from live_loop import LiveLoop, Stored
from market_ticks import DATA

from agents.settings import Settings
from schemas.topics import DEAD_LETTERS, OUTCOMES, PAPER_ACCOUNT, PREDICTIONS, TICKS, TOPICS
from streams.backtest.engine import Engine
from streams.digests import START, extended
from streams.loop import nodes
from streams.parameters import Parameters
from streams.sources.files import TickFile

pytestmark = pytest.mark.broker

FILE = DATA / "btcusdt-perp-20240808.csv.gz"


def once(records: list[Stored]) -> list[tuple[int, bytes | None, bytes]]:
    """What a reader gets: a worker that joins makes the others repeat what they had not checkpointed."""
    return list(dict.fromkeys((record.partition, record.key, record.value) for record in records))


def digest(records: list[tuple[int, bytes | None, bytes]]) -> str:
    return sha256(repr(records).encode()).hexdigest()


async def one_run(
    bootstrap: str, prefix: str, log: Path, workers: int
) -> dict[str, list[tuple[int, bytes | None, bytes]]]:
    settings = Settings.load({}, prefix=prefix)
    async with LiveLoop(nodes(Parameters()), settings, bootstrap, log) as loop:
        for slot in range(1, workers + 1):
            loop.start(slot)
        await loop.publish(TickFile(FILE))
        await loop.until_caught_up()
        verdict = await loop.verdict()
        assert verdict.is_exact, verdict
        read = {topic.name: await loop.stored(topic.name) for topic in TOPICS}
        assert len(read[TICKS.name]) == 87_402
        return {name: once(records) for name, records in read.items()}


@pytest.mark.skipif(not FILE.is_file(), reason=f"real ticks are absent: {FILE.name} is not beside this checkout")
async def test_btcusdt_twice(bootstrap: str, prefix: str, tmp_path: Path) -> None:
    first = await one_run(bootstrap, prefix, tmp_path / "first.log", workers=1)
    second = await one_run(bootstrap, prefix + "again-", tmp_path / "second.log", workers=2)
    # Digests: of two lists that differ somewhere, pytest would seek the smallest difference for minutes.
    assert {name: digest(records) for name, records in first.items()} == {
        name: digest(records) for name, records in second.items()
    }
    engine = Engine(nodes(Parameters()))
    for tick in TickFile(FILE):
        engine.take(tick)
    for name, chains in engine.facts.digests.items():
        found: dict[int, bytes] = {}
        for partition, _, value in first[name]:
            found[partition] = extended(found.get(partition, START), value)
        assert found == chains, name
    assert first[DEAD_LETTERS.name] == []
    assert len(first[PAPER_ACCOUNT.name]) > 5
    assert len(first[PREDICTIONS.name]) == 87_402
    assert len(first[OUTCOMES.name]) > 5_000
