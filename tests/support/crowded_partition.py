"""A partition that holds fewer keys than come, and what must be on its topic."""

from collections.abc import Sequence
from typing import NamedTuple

from schemas.codec import encode
from schemas.ticks import Trade
from streams.engine.partition import Partition
from tests.support.counting import Count, CountingNode


class CrowdedNode(CountingNode):
    """Has room for three keys; one that was counted less than four times leaves when it was quiet for five records."""

    keys_per_partition = 3
    quiet_records = 5

    def may_leave(self, state: Count) -> bool:
        return state.count < 4


class World(NamedTuple):
    """A node, and the log that it reads."""

    node: CountingNode
    log: list[bytes]


def log_of(symbols: Sequence[str]) -> list[bytes]:
    return [encode(Trade(symbol, 1 + number, 1.0, 1.0)) for number, symbol in enumerate(symbols)]


ROOMY = World(CountingNode(), log_of(["ABC"[number * number % 7 % 3] for number in range(60)]))


# Names come, leave, come again, are refused; some stay for good.
CROWDED = World(CrowdedNode(), log_of("ABCABDEDAAFGABFFHAACIDBBBBAJKBALMNOPAQFFFFGHIGGGGAFBIJKDCEFB"))


Outputs = dict[tuple[str, str], bytes]


def written(outputs: Outputs, partition: Partition, offset: int, value: bytes) -> None:
    """Apply a record; what was written before under an id and is written again otherwise is kept beside it."""
    for record in partition.apply(offset, None, value):
        place = type(record).__name__, str(getattr(record, "id", ""))
        if outputs.setdefault(place, encode(record)) != encode(record):
            outputs["otherwise", place[1]] = encode(record)


def counts_of(partition: Partition) -> dict[str, bytes]:
    return {name: partition.node.dump(keyed.state) for name, keyed in sorted(partition.keys.items())}


def uninterrupted(world: World) -> tuple[dict[str, bytes], Outputs]:
    partition, outputs = Partition(world.node, 0), Outputs()
    for offset, value in enumerate(world.log):
        written(outputs, partition, offset, value)
    return counts_of(partition), outputs


EXPECTED = [uninterrupted(world) for world in (ROOMY, CROWDED)]
