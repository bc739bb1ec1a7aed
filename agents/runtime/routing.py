"""Where a record that a node wrote goes: its key, and the number of its partition."""

from typing import Any, get_args

from schemas.commands import Command
from schemas.dead_letters import DeadLetter
from schemas.experiments import ExperimentPartial, PooledDecided, PooledMoved
from schemas.versions import ModelVersion
from streams.engine.partitioner import partition_of
from streams.experiments.pooling_node import home_of

KEYED = frozenset((DeadLetter, ModelVersion, ExperimentPartial, PooledMoved, PooledDecided))
"""Records with a key of their own: that which a dead letter came with, a version's, an experiment's."""

COMMANDS = frozenset(get_args(Command))


def key_of(output: Any) -> bytes | None:
    """Key of a record: its symbol, unless it has one of its own."""
    key: bytes | None = output.key if type(output) in KEYED else output.symbol.encode()
    return key


def place_of(output: Any, number: int, partitions: int) -> int:
    """Partition that a record goes to: the one that it follows from, `number`, but for two kinds.

    What symbols tell of an experiment comes together where Kafka's partitioner puts the experiment; the commands that
    its verdict leads to go back to where the symbols are: where they said they were, if there is such a partition.

    >>> from schemas.commands import StopVariant
    >>> [place_of(StopVariant(each, "X", 1, "calmer", "harm"), 5, 8) for each in ("pooled:3:17:calmer:X", "by-hand")]
    [3, 5]
    >>> place_of(StopVariant("pooled:8:17:calmer:X", "X", 1, "calmer", "harm"), 5, 8) == partition_of("X", 8)
    True
    """
    kind = type(output)
    if kind is ExperimentPartial:
        return partition_of(output.experiment, partitions)
    if kind in COMMANDS:
        home = home_of(output.id)
        if home is None:
            return number
        return home if home < partitions else partition_of(output.symbol, partitions)
    return number
