"""Records of an experiment that decides on three symbols together, in any order in which partitions may deliver them.

A partial is a record with one symbol's sums over its pairs so far; the pooling node combines those of all
symbols.
"""

from collections.abc import Sequence
from random import Random

import msgspec
from msgspec import Struct

from schemas.codec import encode
from schemas.experiments import ExperimentPartial
from schemas.outcomes import OutcomeMatured
from streams.engine.partition import KeySnapshot, Partition
from streams.engine.signing import Key, Signing
from streams.experiments.declaration import Declaration
from streams.experiments.node import ExperimentsNode
from streams.experiments.parameters import ExperimentParameters
from streams.experiments.pooling_node import PoolingNode
from tests.support.matured import earned, matured

SECOND = 1_000_000_000
SIGNING = Signing(("test",), (Key("k", "secret"),), "k")
SYMBOLS = ("ASH", "ELM", "OAK")
TEST = ExperimentParameters(
    primary="returns",
    guardrails={"win_rate": 0.5},
    batch=20,
    expected=600.0,
    warmup=20,
    longest=6_000,
    minimum_batches=20,
    scope="pooled",
    clock_ns=SECOND,
)
TOGETHER = Declaration(symbols=SYMBOLS, test=TEST, apply="automatic")


def outcomes(symbol: str, partition: int, count: int, edge: float, seed: int, common: int = 1) -> list[OutcomeMatured]:
    """Outcomes of one symbol at random times, with the live version and the one under test.

    Args:
        symbol: symbol of the outcomes.
        partition: its partition.
        count: number of outcomes.
        edge: mean advantage of the version under test for a prediction, bps.
        seed: seed of the symbol's own random numbers.
        common: seed of the numbers that all symbols share, one for each second.
    """
    own, shared = Random(seed), {}
    moments = sorted(own.randrange(1, count * SECOND // 4) for _ in range(count))
    found = []
    for offset, moment in enumerate(moments):
        second = moment // SECOND
        if second not in shared:
            shared[second] = Random(f"{common}:{second}").gauss(0.0, 1.0)
        champion = own.gauss(0.0, 1.0)
        challenger = champion + edge + 0.5 * shared[second] + own.gauss(0.0, 0.5)
        arms = earned(("live", "v1", champion), ("calmer", "v2", challenger))
        found.append(matured(offset, moment, partition=partition, symbol=symbol, arms=arms))
    return found


def told(found: Sequence[OutcomeMatured], declaration: Declaration = TOGETHER) -> list[ExperimentPartial]:
    """Partials (records of one symbol's sums) that the experiments node writes for these outcomes."""
    node = Partition(ExperimentsNode({"calmer": declaration}, SIGNING), 0)
    written = [record for offset, each in enumerate(found) for record in node.receive(offset, each)]
    return [record for record in written if isinstance(record, ExperimentPartial)]


def interleaved(of: Sequence[Sequence[ExperimentPartial]], random: Random, repeats: float) -> list[ExperimentPartial]:
    """Merge streams at random, each in its own order, with some parts repeated as a restarted writer repeats them.

    Args:
        of: records of each symbol.
        random: source of the random choices.
        repeats: probability of a repeat after each run of records of one symbol.
    """
    places, found = [0] * len(of), []
    while open_ := [number for number, place in enumerate(places) if place < len(of[number])]:
        number = random.choice(open_)
        for _ in range(random.randint(1, 40)):
            if places[number] < len(of[number]):
                found.append(of[number][places[number]])
                places[number] += 1
        if random.random() < repeats:
            places[number] = max(0, places[number] - random.randint(1, 30))
    return found


def decided(
    partials: Sequence[ExperimentPartial], declaration: Declaration = TOGETHER, restores: Sequence[int] = ()
) -> list[bytes]:
    """All outputs of the pooling node for these records, each once.

    Args:
        partials: input of the node, in order.
        declaration: declaration of the experiment.
        restores: indices of records before which the node is restored from its snapshots.
    """
    node = PoolingNode({"calmer": declaration}, SIGNING)
    partition, written = Partition(node, 0), dict[bytes, None]()
    for offset, partial in enumerate(partials):
        if offset in restores:
            stored = {name: partition.snapshot(name) for name in partition.keys}
            partition = Partition(PoolingNode({"calmer": declaration}, SIGNING), 0, partition.offset)
            for name, snapshot in stored.items():
                partition.restore(name, msgspec.msgpack.decode(snapshot, type=KeySnapshot))
        signed = SIGNING.sign(partial, partial.id)
        written |= dict.fromkeys(map(encode, partition.apply(offset, b"calmer", encode(signed))))
    return list(written)


def records(written: Sequence[bytes], kind: type[Struct]) -> list[Struct]:
    """Decode the records of one type among these."""
    decoder = msgspec.json.Decoder(kind)
    tag = kind.__struct_config__.tag
    return [decoder.decode(value) for value in written if f'"kind":"{tag}"'.encode() in value]
