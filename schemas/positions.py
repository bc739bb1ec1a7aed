"""Functions that make and take apart record ids. An id tells from which input record a record was computed.

An id is `topic:partition:offset` of that input record. Each step that makes several records out of one adds an index to
the id. The offset and the indices are the id's *position*. Within one partition, positions only grow. So a reader that
drops records at or before the last position it has seen takes every record exactly once.

The sender of a command chooses the command's id freely. Three kinds of ids, however, are made here, so that they tell
where they come from: those of automatic retrains, of the commands that start a retrained model, and of the decisions of
experiments over several symbols.
"""

import re
from typing import Final, NamedTuple

Position = tuple[int, ...]

MOST_DIGITS = 19
"""Digits of a number in an id: offsets have 63 bits."""

POOLED = "pooled:"
"""Prefix of the ids of commands that pooled experiments send."""

_POOLED = re.compile(f"{POOLED}([0-9]{{1,6}}):[0-9]+:")


def root_id(topic: str, partition: int, offset: int) -> str:
    """Id of an input record, made of the place where it was written: `topic:partition:offset`.

    >>> root_id("ticks", partition=3, offset=1042)
    'ticks:3:1042'
    """
    return f"{topic}:{partition}:{offset}"


def position_of(record_id: str) -> Position:
    """Tuple of the numbers in a record id that follow topic and partition: the offset, then the indices.

    An index tells apart the records that were made from one record. Of two records from the same partition, the later
    one has the greater tuple. Tuples from different partitions cannot be compared.

    >>> position_of("ticks:3:1042:0")
    (1042, 0)
    >>> position_of("ticks:3:1042") < position_of("ticks:3:1042:0") < position_of("ticks:3:1043")
    True

    Raises:
        ValueError: the offset or an index is not a plain number, as in an id that a person chose.
    """
    return tuple(map(_plain, record_id.split(":")[2:]))


def topic_of(record_id: str) -> str:
    """The topic that an id begins with: everything before the first colon, or the whole id if it has none.

    >>> topic_of("ticks:3:1042:0"), topic_of("mine"), topic_of("")
    ('ticks', 'mine', '')
    """
    return record_id.partition(":")[0]


def along(record_id: str) -> str:
    """The topic and partition that an id begins with; positions of two ids may be compared only if these are equal.

    >>> along("ticks:3:1042:0"), along("mine")
    ('ticks:3', 'mine')
    """
    return ":".join(record_id.split(":")[:2])


def root_of(record_id: str) -> str:
    """Id of the input record that a record was computed from: the first three parts of the record's id.

    An id of fewer parts is returned as it is.

    >>> root_of("ticks:3:1042:0:1"), root_of("ticks:3:1042"), root_of("mine")
    ('ticks:3:1042', 'ticks:3:1042', 'mine')
    """
    return ":".join(record_id.split(":")[:3])


def parent_of(record_id: str) -> str:
    """Id of the record from which a record was made: the given id without its last part.

    The result is such an id only if the given id ends with an index. For an id without a colon the result
    is empty.

    >>> parent_of("ticks:3:1042:0:2"), parent_of("mine")
    ('ticks:3:1042:0', '')
    """
    return record_id.rpartition(":")[0]


def lies_behind(record_id: str, root: str) -> bool:
    """Whether a record was computed from an input record, or is that record, judging by the two ids.

    Args:
        record_id: id of the record; an id that a person chose gives False.
        root: id of the input record, `topic:partition:offset`.

    >>> [lies_behind(each, root="ticks:0:5") for each in ("ticks:0:5:1", "ticks:0:51", "mine")]
    [True, False, False]
    """
    try:
        return record_id == root or (record_id.startswith(f"{root}:") and bool(position_of(record_id)))
    except ValueError:
        return False


class AsOf(NamedTuple):
    """Topic, partition and offset of an input record.

    Attributes:
        topic: name of the topic, without the prefix that a deployment may put before topic names.
        partition: partition of the record.
        offset: offset of the record.
    """

    topic: str
    partition: int
    offset: int


def as_of(record_id: str) -> AsOf:
    """Topic, partition and offset of the input record that an id begins with.

    >>> as_of("ticks:3:1097:0:1")
    AsOf(topic='ticks', partition=3, offset=1097)

    Raises:
        ValueError: the id does not begin with topic, partition and offset.
    """
    topic, partition, offset = record_id.split(":")[:3]
    return AsOf(topic, _plain(partition), _plain(offset))


def pooled_id(partition: int, window: int, experiment: str, symbol: str) -> str:
    """Id of the command that an experiment over several symbols sends to one of these symbols.

    Args:
        partition: partition that the symbol is on.
        window: number of the window of event time in which the experiment was decided.
        experiment: name of the experiment.
        symbol: symbol that the command is for.

    >>> pooled_id(partition=3, window=28717920, experiment="calmer", symbol="BTCUSDT")
    'pooled:3:28717920:calmer:BTCUSDT'
    """
    return f"{POOLED}{partition}:{window}:{experiment}:{symbol}"


def partition_named(record_id: str) -> int | None:
    """The partition in the id of a command that an experiment over several symbols sent; None for any other id.

    An id that begins with `pooled:` but does not go on as `pooled_id` makes it is such another id.

    >>> partition_named("pooled:3:28717920:calmer:BTCUSDT"), partition_named("ticks:3:1097:0:0")
    (3, None)
    >>> partition_named("pooled:of:mine") is None
    True
    """
    found = _POOLED.match(record_id)
    return int(found[1]) if found else None


def _plain(digits: str) -> int:
    # `int` alone would take signs, spaces, underscores and any number of digits.
    if not (0 < len(digits) <= MOST_DIGITS and digits.isascii() and digits.isdigit()):
        raise ValueError(f"expected a number of at most {MOST_DIGITS} digits, was {digits!r:.80}")
    return int(digits)


def is_root(record_id: str) -> bool:
    """Whether an id is exactly `topic:partition:offset`, with no index after it, and so names an input record.

    >>> is_root("ticks:3:1042"), is_root("ticks:3:1042:0"), is_root("mine")
    (True, False, False)
    """
    try:
        return record_id == root_id(*as_of(record_id)) and bool(topic_of(record_id))
    except ValueError:
        return False


_BREACH: Final = "retrain-"


def breach_id(outcome_id: str) -> str:
    """Id of a breach (a reason for a retrain) that was found at an outcome. The retrain job gets the same id.

    Args:
        outcome_id: id of the outcome record.

    >>> breach_id("ticks:3:1097:0")
    'retrain-ticks:3:1097:0'
    """
    return f"{_BREACH}{outcome_id}"


def outcome_of_breach(job: str) -> str:
    """Id of the outcome at which an automatic retrain was called for, given the id of the retrain job.

    The result is empty for a job that a person asked for, as its id does not begin with `retrain-`.

    >>> outcome_of_breach("retrain-ticks:3:1097:0"), outcome_of_breach("cli-3f")
    ('ticks:3:1097:0', '')
    """
    return job.removeprefix(_BREACH) if job.startswith(_BREACH) else ""


_START: Final = ":start"


def start_id(job: str) -> str:
    """Id of the command that starts the model which a retrain job made, given the id of the job.

    >>> start_id("retrain-ticks:3:1097:0")
    'retrain-ticks:3:1097:0:start'
    """
    return f"{job}{_START}"


def job_of_start(command_id: str) -> str:
    """Id of the retrain job that made the model which a command starts, given the id of the command.

    The result is empty for a command whose id does not end with `:start`.

    >>> job_of_start("retrain-ticks:3:1097:0:start"), job_of_start("cli-3f")
    ('retrain-ticks:3:1097:0', '')
    """
    return command_id.removesuffix(_START) if command_id.endswith(_START) else ""


def offset_behind(name: str) -> int | None:
    """The offset in the id of a record or of a retrain job; None for an id without an offset.

    >>> [offset_behind(each) for each in ("retrain-ticks:3:1097:0", "ticks:3:1097:0:1", "page-3f", "page:3:f")]
    [1097, 1097, None, None]
    """
    try:
        return as_of(outcome_of_breach(name) or name).offset
    except ValueError:
        return None
