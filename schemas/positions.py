"""Ids that say where a record comes from.

An id is `topic:partition:offset`, followed by one index for each step that made several records out of one.
Along one partition the position in the ids only grows, so a reader that drops whatever is not beyond the last
position it saw reads every record exactly once.
"""

import re
from typing import NamedTuple

Position = tuple[int, ...]

MOST_DIGITS = 19
"""Of a number in an id: offsets have 63 bits."""

POOLED = "pooled:"
"""Begin of the ids of commands that a test over several symbols leads to."""

_POOLED = re.compile(f"{POOLED}([0-9]{{1,6}}):[0-9]+:")


def root_id(topic: str, partition: int, offset: int) -> str:
    """Id of a record of a source topic.

    >>> root_id("ticks", 3, 1042)
    'ticks:3:1042'
    """
    return f"{topic}:{partition}:{offset}"


def position_of(record_id: str) -> Position:
    """Place of a record along its partition; compare positions of one partition only.

    >>> position_of("ticks:3:1042:0")
    (1042, 0)
    >>> position_of("ticks:3:1042") < position_of("ticks:3:1042:0") < position_of("ticks:3:1043")
    True

    Raises:
        ValueError: an index of it is no plain number; an id that a person chose need not have any.
    """
    return tuple(map(_plain, record_id.split(":")[2:]))


class AsOf(NamedTuple):
    """A place in the log.

    Attributes:
        topic: name of the registry.
        partition, offset: where.
    """

    topic: str
    partition: int
    offset: int


def as_of(record_id: str) -> AsOf:
    """Place of the root record that an id begins with.

    >>> as_of("ticks:3:1097:0:1")
    AsOf(topic='ticks', partition=3, offset=1097)

    Raises:
        ValueError: it begins with none.
    """
    topic, partition, offset = record_id.split(":")[:3]
    return AsOf(topic, _plain(partition), _plain(offset))


def pooled_id(partition: int, window: int, experiment: str, symbol: str) -> str:
    """Id of a command that a test over several symbols leads to: it names the partition that the symbol is on.

    >>> pooled_id(3, 28717920, "calmer", "BTCUSDT")
    'pooled:3:28717920:calmer:BTCUSDT'
    """
    return f"{POOLED}{partition}:{window}:{experiment}:{symbol}"


def partition_named(record_id: str) -> int | None:
    """Partition that the id of a command names; None of a command that no test over several symbols led to.

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
