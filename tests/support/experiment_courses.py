"""Records of experiments for tests of pages: one with a winner that was rolled back, one undecided, one just begun."""

from random import Random

from msgspec import Struct
from msgspec.structs import replace

from agents.experiments.status import Course, courses_of
from schemas.experiments import ExperimentDecided, ExperimentMoved, ExperimentPartial
from streams.engine.partition import Partition
from streams.experiments.declaration import Declaration, WatchParameters
from streams.experiments.node import ExperimentsNode
from streams.experiments.parameters import ExperimentParameters
from streams.experiments.pooling_node import PoolingNode
from tests.support.matured import earned, matured
from tests.support.pooled_partials import SYMBOLS, TOGETHER, outcomes

DECLARED = Declaration(
    apply="recommend",
    test=ExperimentParameters(
        primary="returns",
        guardrails={"win_rate": 0.2},
        batch=10,
        expected=500.0,
        warmup=50,
        longest=5_000,
        minimum_batches=20,
    ),
    watch=WatchParameters(run=2_000.0, canary=50, confirmed=500),
)
NS = 1_723_075_200_000_000_000


def courses() -> dict[str, Course]:
    """Records of an experiment that decides on three symbols separately, by symbol."""
    node = ExperimentsNode({"calmer": DECLARED})
    records: list[Struct] = []
    for symbol, count, edge, then in (("AAA", 900, 0.25, 900), ("BBB", 5_100, 0.0, 0), ("CCC", 120, 0.0, 0)):
        partition, random = Partition(node, 0), Random(1)
        for number in range(count + then):
            net, gain = random.gauss(0.0, 1.0), random.gauss(edge, 0.5)
            if number < count:
                arms = (("live", "v1", net), ("calmer", "v2", net + gain))
            else:
                arms = (("live", "v2", net - gain), ("v1", "v1", net))
            moment = NS + number * 10**9
            records += partition.receive(number, matured(number, moment, symbol=symbol, arms=earned(*arms)))
    moves = [record for record in records if isinstance(record, ExperimentMoved)]
    decisions = [record for record in records if isinstance(record, ExperimentDecided)]
    return courses_of(moves, decisions)["calmer"]


POOLED = replace(TOGETHER, apply="recommend")


def pooled_courses(count: int = 900, edge: float = 0.35) -> dict[str, Course]:
    """Records of an experiment that decides on three symbols together, by symbol; `*` has those of all together.

    Args:
        count: number of outcomes of each symbol.
        edge: mean advantage of the version under test for a prediction, bps.
    """
    experiments, pool = ExperimentsNode({"calmer": POOLED}), Partition(PoolingNode({"calmer": POOLED}), 0)
    records: list[Struct] = []
    for number, symbol in enumerate(SYMBOLS):
        partition = Partition(experiments, number)
        for offset, outcome in enumerate(outcomes(symbol, number, count, edge, number + 1)):
            outcome = replace(outcome, ts_event=NS + outcome.ts_event)
            for record in partition.receive(offset, outcome):
                records.append(record)
                if isinstance(record, ExperimentPartial):
                    records += pool.receive(pool.offset + 1, record)
    moves = [record for record in records if isinstance(record, ExperimentMoved)]
    decisions = [record for record in records if isinstance(record, ExperimentDecided)]
    return dict(sorted(courses_of(moves, decisions)["calmer"].items()))


def renamed(course: Course, text: str) -> Course:
    """A copy of the records in which `text` replaces names and sentences."""
    moves = [replace(each, symbol=text, experiment=text, reason=text, challenger=text) for each in course.moves]
    return Course(moves, [replace(each, symbol=text, experiment=text, reason=text) for each in course.decisions])
