"""What follows from the ticks waits for its turn, and gets one whatever comes; the consumer here only notes."""

from typing import Any

import pytest
from aiokafka import TopicPartition
from faust.types import TP

from agents.runtime import turns
from agents.runtime.turns import EVERY_S, MANY, TURN_S, Turns

TICKS = TP("ticks", 0)
FOLLOWING = TP("predictions", 0)


class Consumer:
    """Which partitions are paused."""

    def __init__(self) -> None:
        self.paused: set[TopicPartition] = set()
        self.assigned = {TICKS, FOLLOWING}

    def assignment(self) -> frozenset[TopicPartition]:
        return frozenset(TopicPartition(*tp) for tp in self.assigned)

    def pause(self, *partitions: TopicPartition) -> None:
        assert self.assignment().issuperset(partitions), "the real one raises"
        self.paused.update(partitions)

    def resume(self, *partitions: TopicPartition) -> None:
        self.paused.difference_update(partitions)


class Clock:
    now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    monkeypatch.setattr(turns, "time", found)
    return found


def begin(turn: Turns, consumer: Any, active: tuple[TP, ...] = (TICKS, FOLLOWING)) -> float:
    return turn.begin(consumer, set(active), 1.0)


def end(turn: Turns, consumer: Any, fetched: dict[TP, list[Any]]) -> None:
    turn.end(consumer, fetched)


def of_predictions() -> Turns:
    return Turns(lambda topic: topic == "predictions")


def test_a_turn_ends_with_few_records_and_comes_again(clock: Clock) -> None:
    turn, consumer = of_predictions(), Consumer()
    assert begin(turn, consumer) <= TURN_S
    assert not consumer.paused
    end(turn, consumer, {FOLLOWING: [1, 2]})
    assert consumer.paused == {TopicPartition(*FOLLOWING)}, "the ticks are never paused"
    assert begin(turn, consumer) == pytest.approx(EVERY_S), "a fetch without ticks ends when the next turn is due"
    assert consumer.paused
    clock.now += EVERY_S
    begin(turn, consumer)
    assert not consumer.paused


def test_a_turn_goes_on_while_many_records_come(clock: Clock) -> None:
    turn, consumer = of_predictions(), Consumer()
    for _ in range(5):
        begin(turn, consumer)
        end(turn, consumer, {TICKS: [0] * 4_000, FOLLOWING: [0] * MANY})
        clock.now += TURN_S / 2
        assert not consumer.paused


def test_a_turn_without_records_ends_by_the_clock(clock: Clock) -> None:
    turn, consumer = of_predictions(), Consumer()
    begin(turn, consumer)
    end(turn, consumer, {TICKS: [0]})
    assert not consumer.paused
    clock.now += TURN_S
    begin(turn, consumer)
    end(turn, consumer, {})
    assert consumer.paused


def test_partitions_that_come_between_turns_wait_too(clock: Clock) -> None:
    turn, consumer = of_predictions(), Consumer()
    begin(turn, consumer)
    end(turn, consumer, {FOLLOWING: [0]})
    consumer.assigned.add(TP("predictions", 1))
    begin(turn, consumer, (TICKS, FOLLOWING, TP("predictions", 1)))
    assert TopicPartition("predictions", 1) in consumer.paused


def test_without_anything_that_follows_nothing_is_touched(clock: Clock) -> None:
    turn, consumer = of_predictions(), Consumer()
    assert begin(turn, consumer, (TICKS,)) == 1.0
    end(turn, consumer, {TICKS: [0]})
    assert not consumer.paused


def test_partitions_that_a_rebalance_took_away_are_left_alone(clock: Clock) -> None:
    turn, consumer = of_predictions(), Consumer()
    begin(turn, consumer)
    consumer.assigned.remove(FOLLOWING)
    end(turn, consumer, {FOLLOWING: [0]})
    clock.now += EVERY_S
    assert begin(turn, consumer) == 1.0
    assert not consumer.paused
