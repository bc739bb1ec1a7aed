"""What the consumer takes from a fetch, what it puts back since nobody would process it, and what it hands on."""

import asyncio
from collections.abc import Callable
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any, cast

from aiokafka.consumer.subscription_state import TopicPartitionState
from faust.types import TP
from mode import Service
from mode.utils.queues import FlowControlEvent, ThrowableQueue

from agents.kafka.fetches import Fetched
from agents.runtime.transport import Consumer, ConsumerThread

TICKS, CHANGELOG, GONE = TP("ticks", 0), TP("snapshots-changelog", 0), TP("ticks", 9)
Records = dict[TP, Fetched]


class Holding:
    """A consumer with two fetched records of each partition, from offset 6 on; a test changes it during a fetch."""

    _closed = False

    def __init__(self, happens: Callable[[], None]) -> None:
        self._fetcher = self._subscriptions = self
        self.fetch_context = nullcontext
        self._happens = happens
        self.sought: dict[TP, int] = {}

    async def fetched_records(self, partitions: set[TP], **_: object) -> Records:
        """Return the fetched records of these partitions; an empty set means all, as in aiokafka."""
        self._happens()
        held = (TICKS, CHANGELOG, GONE)
        two = [SimpleNamespace(offset=at) for at in (7, 8)]
        return {tp: Fetched.of(two, 6, 9) for tp in held if not partitions or tp in partitions}

    def assignment(self) -> set[TP]:
        return {TICKS, CHANGELOG}

    def seek(self, tp: TP, offset: int) -> None:
        self.sought[tp] = offset


async def fetch(active: set[TP], happens: Callable[[Any], None]) -> tuple[Records, dict[TP, int]]:
    """Fetch while `happens` changes the consumer; return the records handed on, and the offsets put back."""
    flow = SimpleNamespace(flow_active=True)
    consumer = Holding(lambda: happens(flow))
    thread = object.__new__(ConsumerThread)
    thread.consumer = cast(Any, flow)
    handed = await thread._fetch_records(cast(Any, consumer), active, timeout=1.0)
    return handed, consumer.sought


async def test_records_of_active_partitions_are_handed_over() -> None:
    handed, sought = await fetch({TICKS}, lambda flow: None)
    assert [record.offset for record in handed[TICKS]] == [7, 8]
    assert list(handed) == [TICKS]
    assert sought == {}


async def test_all_is_put_back_when_the_flow_stopped_meanwhile() -> None:
    """A rebalance pauses all partitions during the fetch, and one of them is no longer assigned."""
    active = {TICKS}

    def rebalance(flow: Any) -> None:
        active.clear()
        flow.flow_active = False

    handed, sought = await fetch(active, rebalance)
    assert handed == {}
    assert sought == {TICKS: 6, CHANGELOG: 6}


async def test_what_became_active_while_all_was_taken_is_handed_over_and_the_rest_put_back() -> None:
    class Later(set[TP]):
        """Empty while `aiokafka` looks, the changelogs' when the thread does."""

        def __bool__(self) -> bool:
            return False

    handed, sought = await fetch(Later({CHANGELOG}), lambda flow: None)
    assert list(handed) == [CHANGELOG]
    assert sought == {TICKS: 6}


class Faust:
    """A consumer with the queue of one agent, which has room for one fetch."""

    def __init__(self) -> None:
        self.flow = FlowControlEvent(initially_suspended=False)
        self.queue: ThrowableQueue[Any] = ThrowableQueue(maxsize=1, flow_control=self.flow, clear_on_resume=True)
        self.consumer = object.__new__(Consumer)
        Service.__init__(self.consumer)
        self.consumer.app = cast(Any, SimpleNamespace(flow_control=self.flow))
        self.consumer.suspend_flow = asyncio.Event()

    async def put(self, offset: int) -> bool:
        fetched = Fetched.of([SimpleNamespace(offset=offset)], offset, offset + 1)
        return await self.consumer._put(SimpleNamespace(queue=self.queue), (1, {0: fetched}))


async def test_what_lies_in_an_agents_queue_when_flow_goes_on_stays_there() -> None:
    """At the end of a recovery offsets are sought and fetched records queued before the flow goes on."""
    faust = Faust()
    assert await faust.put(7)
    faust.flow.resume()
    assert faust.queue.qsize() == 1


async def test_a_fetch_that_found_no_room_before_a_rebalance_is_fetched_again() -> None:
    faust = Faust()
    await faust.put(7)
    waiting = asyncio.create_task(faust.put(8))
    await asyncio.sleep(0)
    faust.consumer.suspend_flow.set()
    assert await waiting is False
    assert faust.queue.qsize() == 1


async def test_a_fetch_that_waits_for_room_is_put_when_there_is_some() -> None:
    faust = Faust()
    await faust.put(7)
    waiting = asyncio.create_task(faust.put(8))
    await asyncio.sleep(0)
    faust.queue.get_nowait()
    assert await waiting is True
    assert faust.queue.qsize() == 1


async def test_an_older_fetch_moves_a_position_back_only() -> None:
    """After an assignment, an older fetch must not move a position that was sought back.

    The records in between would be missing until a new tick comes.
    """
    ahead, behind, unknown = TP("ticks", 0), TP("ticks", 1), TP("ticks", 2)
    states = {tp: TopicPartitionState(None) for tp in (ahead, behind, unknown)}
    states[ahead].seek(5)
    states[behind].seek(9)
    assignment = SimpleNamespace(active=True, state_value=states.get)
    consumer = SimpleNamespace(
        _subscription=SimpleNamespace(subscription=SimpleNamespace(assignment=assignment)),
        seek=lambda tp, offset: states[tp].seek(offset),
    )
    back = await object.__new__(ConsumerThread)._go_back(cast(Any, consumer), dict.fromkeys(states, 7))
    assert back == {behind: 7}
    assert (states[ahead].position, states[behind].position) == (5, 7)
