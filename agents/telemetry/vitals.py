"""Measurements of a worker at one moment, as plain numbers for metrics and health checks."""

from typing import NamedTuple

from aiokafka.consumer.group_coordinator import GroupCoordinator
from faust.types import TP

from agents.kafka import AIOKafkaConsumer, TopicPartition
from agents.runtime.app import LoopApp
from agents.runtime.transport import consumer_of


class PartitionVitals(NamedTuple):
    """Measurements of one node (a processing step of the worker) on one of its assigned partitions.

    Attributes:
        node: name of the node.
        source: input topic, as it is called on the broker, and number of the partition.
        next_offset: offset in the source of the next record to process.
        position: offset of the next record that the consumer will fetch; None if the consumer has not
            begun to fetch from the source.
        end: end offset of the source; None if it is not known yet.
        keys: number of keys (mostly symbols) whose state is in memory.
        event_ns: event time of the newest output, ns since 1970; 0 if there was no output yet.
        checkpoint_s: seconds since the last complete checkpoint.
        unacked_s: age in seconds of the oldest output that the broker has not acknowledged; 0 if
            there is none.
        in_hand: whether the node is processing fetched records.
        buffered: whether the client holds fetched records that the node has not taken yet.
    """

    node: str
    source: TP
    next_offset: int
    position: int | None
    end: int | None
    keys: int
    event_ns: int
    checkpoint_s: float
    unacked_s: float
    in_hand: bool
    buffered: bool = False

    @property
    def lag(self) -> int:
        """Number of records of the source that are not processed yet; 0 if the end of the source is not known.

        Transaction markers, which take up offsets too, are not counted once they have been fetched.
        """
        reached = self.next_offset if self.in_hand else max(self.next_offset, self.position or 0)
        return max(0, (self.end or 0) - reached)

    @property
    def unfetched(self) -> bool:
        """Whether the broker has records that the consumer has not fetched; False if either offset is not known."""
        return self.position is not None and self.end is not None and self.position < self.end


class Vitals(NamedTuple):
    """Measurements of a worker at one moment.

    Attributes:
        now: the moment, seconds of the monotonic clock.
        partitions: measurements of each node (processing step) on each of its assigned partitions.
        loop_s: seconds since the worker's event loop last ran; 0 before it has begun.
        broker_s: seconds since a broker last answered.
        in_hand_s: longest time in seconds that any node has been processing its present records; 0 if none is busy.
        is_member: whether the worker is in its consumer group and no rebalance is under way.
        recovering_s: seconds since the worker began to restore its state; 0 if all state is restored.
    """

    now: float
    partitions: tuple[PartitionVitals, ...]
    loop_s: float
    broker_s: float
    in_hand_s: float
    is_member: bool
    recovering_s: float


def is_member(coordinator: GroupCoordinator) -> bool:
    """Whether a consumer is a member of its group and need not rejoin, by the client's internal state.

    The state is looked at because the client can hang without an error (aiokafka issue 1154).
    """
    subscription = coordinator._subscription.subscription
    return (
        not coordinator._coordination_task.done()
        and coordinator.coordinator_id is not None
        and subscription is not None
        and not coordinator.need_rejoin(subscription)
    )


def position_of(consumer: AIOKafkaConsumer | None, tp: TP) -> int | None:
    """Offset of the next record that a consumer will fetch from a partition; None if not known.

    It is not known if there is no consumer, if the partition is not assigned to the consumer, or if
    the consumer has not begun to fetch from the partition. May be called from any thread.
    """
    subscription = consumer._subscription.subscription if consumer is not None else None
    assignment = subscription.assignment if subscription is not None else None
    if assignment is None or tp not in assignment.tps:
        return None
    position: int | None = assignment.state_value(tp)._position
    return position


def is_buffered(consumer: AIOKafkaConsumer | None, tp: TP) -> bool:
    """Whether a consumer has fetched records of a partition that the worker has not taken from it yet.

    False without a consumer. May be called from any thread.
    """
    return consumer is not None and TopicPartition(*tp) in consumer._fetcher._records


def take_vitals(app: LoopApp, now: float, answered: float, ends: dict[TP, int]) -> Vitals:
    """Measure a worker; meant to be called from another thread than the worker's.

    Args:
        app: the worker's app.
        now: present time, seconds of the monotonic clock.
        answered: when a broker last answered, by the same clock.
        ends: end offset of each source partition; those not known are missing.
    """
    runtime, consumer = app.runtime, consumer_of(app)
    partitions = []
    for binding in runtime.bindings:
        for number, live in list(binding.live.items()):
            source = TP(binding.source, number)
            unacked = live.unacked_since
            partitions.append(
                PartitionVitals(
                    binding.name,
                    source,
                    live.partition.offset + 1,
                    position_of(consumer, source),
                    ends.get(source),
                    len(live.partition.keys),
                    live.event_ns,
                    now - live.checkpointed_at,
                    0.0 if unacked is None else now - unacked,
                    binding.in_hand_since is not None,
                    is_buffered(consumer, source),
                )
            )
    in_hand = [since for binding in runtime.bindings if (since := binding.in_hand_since) is not None]
    recovering = runtime.recovering_since
    return Vitals(
        now,
        tuple(partitions),
        now - runtime.beat if runtime.beat else 0.0,
        now - answered,
        now - min(in_hand, default=now),
        consumer is not None and is_member(consumer._coordinator),
        0.0 if recovering is None else now - recovering,
    )
