"""Partitions of the counting node with room for all symbols or for three only, and the outputs that they must have."""

from collections.abc import Sequence
from typing import NamedTuple

from schemas.codec import encode
from schemas.ticks import Trade
from streams.engine.partition import Partition
from tests.support.counting import Count, CountingNode


class CrowdedNode(CountingNode):
    """A counting node with room for three symbols.

    A symbol with fewer than four ticks may be forgotten once it had none for five records.
    """

    keys_per_partition = 3
    quiet_records = 5

    def may_leave(self, state: Count) -> bool:
        return state.count < 4


class World(NamedTuple):
    """A node, and the ticks that it reads."""

    node: CountingNode
    log: list[bytes]


def log_of(symbols: Sequence[str]) -> list[bytes]:
    return [encode(Trade(symbol, 1 + number, 1.0, 1.0)) for number, symbol in enumerate(symbols)]


ROOMY = World(CountingNode(), log_of(["ABC"[number * number % 7 % 3] for number in range(60)]))


# Names come, leave, come again, are refused; some stay for good.
CROWDED = World(CrowdedNode(), log_of("ABCABDEDAAFGABFFHAACIDBBBBAJKBALMNOPAQFFFFGHIGGGGAFBIJKDCEFB"))


Outputs = dict[tuple[str, str], bytes]


def written(outputs: Outputs, partition: Partition, offset: int, value: bytes) -> None:
    """Apply a record to a partition and add the outputs to `outputs`.

    An output with the id of an earlier one but other content is kept beside it, so that a comparison finds it.
    """
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
