"""State of a worker at one moment, as plain numbers from which metrics and health checks are computed."""

from typing import NamedTuple

from aiokafka.consumer.group_coordinator import GroupCoordinator
from faust.types import TP

from agents.kafka import AIOKafkaConsumer, TopicPartition
from agents.runtime.app import LoopApp
from agents.runtime.transport import consumer_of


class PartitionVitals(NamedTuple):
    """One assigned partition of one node.

    Attributes:
        node: name.
        source: topic on the broker and number.
        next_offset: of the source, to be applied.
        position: the consumer's, None before its first seek.
        end: of the source, None until the broker has said it.
        keys: whose state is live.
        event_ns: event time of the newest output, ns since the Unix epoch; 0 before the first.
        checkpoint_s: since all that was dirty had last been looked at and stored.
        unacked_s: since the oldest output was sent that is not acknowledged; 0 when all are.
        in_hand: whether the node is applying a fetch.
        buffered: whether the client has fetched records of it that nobody has taken yet.
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
        """Records of the source that are not applied yet; transaction markers that were fetched are none."""
        reached = self.next_offset if self.in_hand else max(self.next_offset, self.position or 0)
        return max(0, (self.end or 0) - reached)

    @property
    def unfetched(self) -> bool:
        """Whether the broker has what the consumer has not fetched."""
        return self.position is not None and self.end is not None and self.position < self.end


class Vitals(NamedTuple):
    """A worker.

    Attributes:
        now: of the monotonic clock.
        partitions: those that are assigned to it.
        loop_s: since its event loop last turned; 0 before it has begun.
        broker_s: since a broker last answered.
        in_hand_s: how long the oldest fetch that is being applied has taken so far.
        is_member: whether it has its place in the group, and no rebalance goes on.
        recovering_s: since it gave up partitions or began; 0 when all state is live.
    """

    now: float
    partitions: tuple[PartitionVitals, ...]
    loop_s: float
    broker_s: float
    in_hand_s: float
    is_member: bool
    recovering_s: float


def is_member(coordinator: GroupCoordinator) -> bool:
    """Whether a consumer is in its group, by the state of its coordination.

    It can hang there for ever without an error (aiokafka 1154): a rejoin that is wanted and never comes, or a task that
    has ended.
    """
    subscription = coordinator._subscription.subscription
    return (
        not coordinator._coordination_task.done()
        and coordinator.coordinator_id is not None
        and subscription is not None
        and not coordinator.need_rejoin(subscription)
    )


def position_of(consumer: AIOKafkaConsumer | None, tp: TP) -> int | None:
    """Where a consumer goes on, as far as it knows; from any thread."""
    subscription = consumer._subscription.subscription if consumer is not None else None
    assignment = subscription.assignment if subscription is not None else None
    if assignment is None or tp not in assignment.tps:
        return None
    position: int | None = assignment.state_value(tp)._position
    return position


def is_buffered(consumer: AIOKafkaConsumer | None, tp: TP) -> bool:
    """Whether a consumer holds fetched records of a partition; from any thread."""
    return consumer is not None and TopicPartition(*tp) in consumer._fetcher._records


def take_vitals(app: LoopApp, now: float, answered: float, ends: dict[TP, int]) -> Vitals:
    """Vitals of a worker's app, taken from another thread.

    Args:
        app: of the worker.
        now: of the monotonic clock.
        answered: when a broker last answered, by the same clock.
        ends: end offset of each source, as far as brokers have said.
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
