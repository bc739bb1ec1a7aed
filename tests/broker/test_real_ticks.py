"""Files of real ticks give the same bytes on Kafka in two runs, and in a backtest without Kafka."""

from hashlib import sha256
from itertools import islice
from pathlib import Path

import pytest

from agents.config.settings import Settings
from schemas.topics import DEAD_LETTERS, LOG_EVENTS, OUTCOMES, PAPER_ACCOUNT, PREDICTIONS, TICKS, TOPICS
from streams.engine.backtest import Engine
from streams.engine.digests import START, extended
from streams.parameters import Parameters
from streams.sources.files import TickFile
from streams.topology import nodes
from tests.support.live_loop import LiveLoop, Stored
from tests.support.places import DATA

pytestmark = pytest.mark.broker

TICKS_OF = {
    "btcusdt-perp-20240808.csv.gz": 87_402,
    "ethusdt-perp-20240808.csv.gz": 15_000,
    "btcusdt-spot-20240808.csv.gz": 15_000,
    "bac-20131007.csv.gz": 15_000,
    "eurusd-20140507.csv.gz": 15_000,
}
"""Number of ticks taken of each file, one of them whole; docs/verify.md has the results of whole files."""


def once(records: list[Stored]) -> list[tuple[int, bytes | None, bytes]]:
    """Drop repeated records, as readers do: after a worker joins, the others repeat outputs since their checkpoint."""
    return list(dict.fromkeys((record.partition, record.key, record.value) for record in records))


def digest(records: list[tuple[int, bytes | None, bytes]]) -> str:
    return sha256(repr(records).encode()).hexdigest()


async def one_run(
    file: str, bootstrap: str, prefix: str, log: Path, workers: int, hash_seed: int
) -> dict[str, list[tuple[int, bytes | None, bytes]]]:
    settings = Settings.load({}, prefix=prefix)
    async with LiveLoop(nodes(Parameters()), settings, bootstrap, log) as loop:
        for slot in range(1, workers + 1):
            loop.start(slot, PYTHONHASHSEED=str(hash_seed))
        await loop.publish(islice(TickFile(DATA / file), TICKS_OF[file]))
        await loop.until_caught_up()
        if workers == 1:  # the other run is held against this one, byte for byte
            verdict = await loop.verdict()
            assert verdict.is_exact, verdict
        # Log events say who computed from where on, which hangs on when a worker joined.
        read = {topic.name: await loop.stored(topic.name) for topic in TOPICS if topic is not LOG_EVENTS}
        assert len(read[TICKS.name]) == TICKS_OF[file]
        return {name: once(records) for name, records in read.items()}


@pytest.mark.parametrize("file", TICKS_OF)
async def test_two_live_runs_and_a_backtest_give_the_same_bytes(
    file: str, bootstrap: str, prefix: str, tmp_path: Path
) -> None:
    if not (DATA / file).is_file():
        pytest.skip(f"real ticks are absent: {file} is not beside this checkout")
    first = await one_run(file, bootstrap, prefix, tmp_path / "first.log", workers=1, hash_seed=0)
    second = await one_run(file, bootstrap, prefix + "again-", tmp_path / "second.log", workers=2, hash_seed=7)
    # Digests: of two lists that differ somewhere, pytest would seek the smallest difference for minutes.
    assert {name: digest(records) for name, records in first.items()} == {
        name: digest(records) for name, records in second.items()
    }
    engine = Engine(nodes(Parameters()))
    for tick in islice(TickFile(DATA / file), TICKS_OF[file]):
        engine.take(tick)
    for name, chains in engine.facts.digests.items():
        found: dict[int, bytes] = {}
        for partition, _, value in first[name]:
            found[partition] = extended(found.get(partition, START), value)
        assert found == chains, name
    assert len(first[PREDICTIONS.name]) + len(first[DEAD_LETTERS.name]) == TICKS_OF[file]
    assert len(first[DEAD_LETTERS.name]) < TICKS_OF[file] / 5
    assert len(first[PAPER_ACCOUNT.name]) > 1
    assert len(first[OUTCOMES.name]) > 500
