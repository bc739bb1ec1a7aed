"""Records of a small loop as they are on its topics, for tests of the dashboard without a broker."""

from collections.abc import Iterable, Sequence
from functools import cache

from agents.clients.reader import Received
from agents.dashboard.follow.topics_state import Board
from schemas.codec import encode
from streams.engine.partitioner import partition_of
from streams.engine.replay import SourceRecord, by_topic, replay
from streams.parameters import Parameters
from streams.sources.synthetic import OPENING_NS, SYMBOLS, synthetic_market
from streams.topology import nodes

NOW_S = OPENING_NS / 1e9 + 60.0
"""Time a little after the synthetic market, seconds since 1970."""

PARTITIONS = 8


@cache
def written(ticks: int = 8_000, symbols: Sequence[str] = SYMBOLS) -> dict[str, list[tuple[int, str, bytes]]]:
    """All outputs of the loop for a synthetic market: partition, id and encoded value, by topic."""
    counts = [0] * PARTITIONS
    market = []
    for tick in synthetic_market(1, symbols, ticks=ticks):
        partition = partition_of(tick.symbol, PARTITIONS)
        market.append(SourceRecord(partition, counts[partition], tick.symbol.encode(), encode(tick)))
        counts[partition] += 1
    return by_topic(replay(nodes(Parameters()), market))


def received(records: Iterable[tuple[int, str, bytes]], every_ms: int = 3) -> list[Received]:
    """Records as a reader receives them, with timestamps `every_ms` milliseconds apart."""
    counts: dict[int, int] = {}
    found = []
    for number, (partition, _, value) in enumerate(records):
        offset = counts.get(partition, 0)
        counts[partition] = offset + 1
        found.append(Received(partition, offset, round(1e3 * NOW_S) + number * every_ms, _key(value), value))
    return found


def _key(value: bytes) -> bytes:
    _, _, rest = value.partition(b'"symbol":"')
    return rest.partition(b'"')[0]


def fed(topics: dict[str, list[tuple[int, str, bytes]]], now: float = NOW_S) -> Board:
    """State of a dashboard that has read these records by `now` (seconds since 1970)."""
    board = Board()
    for name, records in topics.items():
        if name in board.topics:
            board.take(name, received(records), now)
    return board
