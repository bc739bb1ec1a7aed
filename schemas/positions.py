"""Ids of records, which say what input a record follows from.

An id is `topic:partition:offset`, followed by one index for each step that made several records out of one.
Along one partition the position in the ids only grows, so a reader that drops whatever is not beyond the last
position it saw reads every record exactly once.
"""

import re
from typing import NamedTuple

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
