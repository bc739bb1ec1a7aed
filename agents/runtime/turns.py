"""Ticks at once, everything that follows from them by turns."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from faust.types import TP

EVERY_S = 0.25
"""How long the topics that follow wait for their turn."""

TURN_S = 0.05
"""How long a turn waits for their records."""

MANY = 500
"""Records of a fetch after which more are expected: the turn goes on."""


class Turns:
    """Pauses the partitions that follow from the ticks, but for a turn now and then.

    A worker reads what it writes: the account node follows the predictions. Were they fetched as they come, every tick
    would lead to a second, small fetch, and the predictions behind it would wait. By turns they come in large ones.

    Args:
        follows: whether a topic is read by nodes that follow.
    """

    def __init__(self, follows: Callable[[str], bool]) -> None:
        self._follows = follows
        self._following: frozenset[TopicPartition] = frozenset()
        self._open = False
        self._until = 0.0

    def begin(self, consumer: AIOKafkaConsumer, active: set[TP], timeout: float) -> float:
        """Before a fetch: pause or resume; how long the fetch may wait."""
        # A rebalance may have taken partitions away that Faust still calls active.
        following = consumer.assignment() & {TopicPartition(*tp) for tp in active if self._follows(tp.topic)}
        if not following:
            return timeout
        now = time.monotonic()
        if not self._open and now >= self._until:
            consumer.resume(*following)
            self._open, self._until = True, now + TURN_S
        elif not self._open and following != self._following:
            consumer.pause(*following)
        self._following = following
        return min(timeout, max(0.001, self._until - now))

    def end(self, consumer: AIOKafkaConsumer, fetched: Mapping[TP, list[Any]]) -> None:
        """After a fetch: the turn is over unless many records came."""
        if not self._open:
            return
        found = sum(len(records) for tp, records in fetched.items() if tp in self._following)
        now = time.monotonic()
        if found >= MANY:
            self._until = now + TURN_S
        elif found or now >= self._until:
            consumer.pause(*(self._following & consumer.assignment()))
            self._open, self._until = False, now + EVERY_S
