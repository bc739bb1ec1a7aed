"""Ids of records, which say what input a record follows from: made and taken apart here, and nowhere else.

An id is `topic:partition:offset`, followed by one index for each step that made several records out of one.
Along one partition the position in the ids only grows, so a reader that drops whatever is not beyond the last
position it saw reads every record exactly once.

Ids of commands are their askers' own. Three kinds of them say what they follow from: of a retrain that a breach calls
for, of the start of what a retrain made, and of what several symbols decide together.
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
    """Id of the record of a root topic at an offset.

    >>> root_id("ticks", 3, 1042)
    'ticks:3:1042'
    """
    return f"{topic}:{partition}:{offset}"


def position_of(record_id: str) -> Position:
    """Offset and indices of an id, which grow along a partition; compare positions of one partition only.

    >>> position_of("ticks:3:1042:0")
    (1042, 0)
    >>> position_of("ticks:3:1042") < position_of("ticks:3:1042:0") < position_of("ticks:3:1043")
    True

    Raises:
        ValueError: the offset or an index is not a plain number, as in an id that a person chose.
    """
    return tuple(map(_plain, record_id.split(":")[2:]))


def topic_of(record_id: str) -> str:
    """Topic that an id begins with; of an id that a person chose its first word.

    >>> topic_of("ticks:3:1042:0"), topic_of("")
    ('ticks', '')
    """
    return record_id.partition(":")[0]


def along(record_id: str) -> str:
    """Topic and partition that an id begins with: positions are compared where they are the same.

    >>> along("ticks:3:1042:0"), along("mine")
    ('ticks:3', 'mine')
    """
    return ":".join(record_id.split(":")[:2])


def root_of(record_id: str) -> str:
    """Id of the root record that an id begins with; an id of fewer parts is its own.

    >>> root_of("ticks:3:1042:0:1"), root_of("ticks:3:1042"), root_of("mine")
    ('ticks:3:1042', 'ticks:3:1042', 'mine')
    """
    return ":".join(record_id.split(":")[:3])


def parent_of(record_id: str) -> str:
    """Id of what a record was made out of, together with others: its own without the last index.

    >>> parent_of("ticks:3:1042:0:2"), parent_of("mine")
    ('ticks:3:1042:0', '')
    """
    return record_id.rpartition(":")[0]


def lies_behind(record_id: str, root: str) -> bool:
    """Whether an id is that of a root record, or was made out of it: commands bring one of their own.

    >>> [lies_behind(each, "ticks:0:5") for each in ("ticks:0:5:1", "ticks:0:51", "mine")]
    [True, False, False]
    """
    try:
        return record_id == root or (record_id.startswith(f"{root}:") and bool(position_of(record_id)))
    except ValueError:
        return False


class AsOf(NamedTuple):
    """Topic, partition and offset of a record of a root topic.

    Attributes:
        topic: name of the topic, without the prefix of the deployment.
        partition, offset: place of the record.
    """

    topic: str
    partition: int
    offset: int


def as_of(record_id: str) -> AsOf:
    """Place of the root record that an id begins with.

    >>> as_of("ticks:3:1097:0:1")
    AsOf(topic='ticks', partition=3, offset=1097)

    Raises:
        ValueError: it does not begin with topic, partition and offset.
    """
    topic, partition, offset = record_id.split(":")[:3]
    return AsOf(topic, _plain(partition), _plain(offset))


def pooled_id(partition: int, window: int, experiment: str, symbol: str) -> str:
    """Id of a command of a pooled experiment; it names the partition that the symbol is on.

    >>> pooled_id(3, 28717920, "calmer", "BTCUSDT")
    'pooled:3:28717920:calmer:BTCUSDT'
    """
    return f"{POOLED}{partition}:{window}:{experiment}:{symbol}"


def partition_named(record_id: str) -> int | None:
    """Partition that the id of a command of a pooled experiment names; None for any other id.

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
    """Whether an id is that of a root record, and nothing more.

    >>> is_root("ticks:3:1042"), is_root("ticks:3:1042:0"), is_root("mine")
    (True, False, False)
    """
    try:
        return record_id == root_id(*as_of(record_id)) and bool(topic_of(record_id))
    except ValueError:
        return False


_BREACH: Final = "retrain-"


def breach_id(outcome_id: str) -> str:
    """Id of the breach that an outcome shows, and of the retrain that it calls for.

    >>> breach_id("ticks:3:1097:0")
    'retrain-ticks:3:1097:0'
    """
    return f"{_BREACH}{outcome_id}"


def outcome_of_breach(job: str) -> str:
    """Id of the outcome that a breach's id names; empty for a job that somebody asked for.

    >>> outcome_of_breach("retrain-ticks:3:1097:0"), outcome_of_breach("cli-3f")
    ('ticks:3:1097:0', '')
    """
    return job.removeprefix(_BREACH) if job.startswith(_BREACH) else ""


_START: Final = ":start"


def start_id(job: str) -> str:
    """Id of the command that starts what a retrain made.

    >>> start_id("retrain-ticks:3:1097:0")
    'retrain-ticks:3:1097:0:start'
    """
    return f"{job}{_START}"


def job_of_start(command_id: str) -> str:
    """Job of the retrain that made what a command starts; empty for a command that none led to.

    >>> job_of_start("retrain-ticks:3:1097:0:start"), job_of_start("cli-3f")
    ('retrain-ticks:3:1097:0', '')
    """
    return command_id.removesuffix(_START) if command_id.endswith(_START) else ""


def offset_behind(name: str) -> int | None:
    """Offset in the log of what an id, or the id of a job, comes from; none where it says none.

    >>> [offset_behind(each) for each in ("retrain-ticks:3:1097:0", "ticks:3:1097:0:1", "page-3f", "page:3:f")]
    [1097, 1097, None, None]
    """
    try:
        return as_of(outcome_of_breach(name) or name).offset
    except ValueError:
        return None
