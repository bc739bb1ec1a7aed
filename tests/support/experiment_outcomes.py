"""Makes outcomes of two model versions side by side, and runs the experiments node on them."""

from collections.abc import Iterator
from random import Random

from msgspec import Struct

from schemas.outcomes import OutcomeMatured
from streams.engine.partition import Partition
from streams.experiments.declaration import Declaration, WatchParameters
from streams.experiments.node import ExperimentsNode
from streams.experiments.parameters import ExperimentParameters
from tests.support.matured import earned, matured

TEST = ExperimentParameters(primary="returns", batch=10, expected=500.0, warmup=50, longest=5_000, minimum_batches=20)


CALMER = Declaration(test=TEST, apply="automatic", watch=WatchParameters(run=2_000.0, canary=50, confirmed=500))


def outcome(number: int, arms: tuple[tuple[str, str, float], ...], symbol: str = "X") -> OutcomeMatured:
    """Outcome of prediction `number`.

    Args:
        number: offset of the predicted tick; also its event time.
        arms: name, version and net return (bps) of each version that ran, the live one first.
        symbol: symbol of the tick.
    """
    return matured(number, number + 1, symbol=symbol, arms=earned(*arms))


def compared(first: int, count: int, edge: float, seed: int = 1, symbol: str = "X") -> Iterator[OutcomeMatured]:
    random = Random(seed)
    for number in range(first, first + count):
        common = random.gauss(0.0, 1.0)
        challenger = common + random.gauss(edge, 0.5)
        yield outcome(number, (("live", "v1", common), ("calmer", "v2", challenger)), symbol)


def promoted(first: int, count: int, edge: float, seed: int = 2) -> Iterator[OutcomeMatured]:
    random = Random(seed)
    for number in range(first, first + count):
        common = random.gauss(0.0, 1.0)
        winner = common + random.gauss(edge, 0.5)
        yield outcome(number, (("live", "v2", winner), ("v1", "v1", common)))


def run(node: ExperimentsNode, outcomes: Iterator[OutcomeMatured]) -> list[Struct]:
    partition = Partition(node, 0)
    return [record for offset, each in enumerate(outcomes) for record in partition.receive(offset, each)]
