"""Waits until workers have computed everything up to given ends of the logs."""

import asyncio
from collections.abc import Callable, Mapping

from aiokafka.admin import AIOKafkaAdminClient

from agents.clients.committed import committed
from agents.config.settings import Settings
from agents.kafka import TopicPartition
from agents.operations.recompute import has_members

LOOK_S = 0.2


async def until_workers_reach(
    ends: Mapping[TopicPartition, int],
    settings: Settings,
    cluster: AIOKafkaAdminClient,
    timeout_s: float,
    say: Callable[[str], None],
    workers_start: bool = False,
) -> dict[int, str]:
    """Wait until checkpoints cover the tick log up to `ends`, and so everything that follows from it.

    Args:
        ends: of the tick log.
        timeout_s: longest wait in which nothing moves.
        workers_start: whether workers that do not run yet are waited for, too.

    Returns:
        A sentence for each partition in which they did not get there.
    """
    clock = asyncio.get_running_loop().time
    before, deadline = -1, clock() + timeout_s
    while True:
        reached = await committed(cluster, settings.group)
        lag = {tp: end - reached.get(tp, 0) for tp, end in ends.items() if reached.get(tp, 0) < end}
        running = await has_members(cluster, settings.group) if lag and not workers_start else True
        if not lag or not running or clock() > deadline:
            break
        if sum(lag.values()) != before:
            before, deadline = sum(lag.values()), clock() + timeout_s
            say(f"waiting for the workers: {before:,} ticks to go")
        await asyncio.sleep(LOOK_S)
    why = "the workers did not move" if running else "no worker runs"
    return {tp.partition: f"{left:,} records of {tp.topic}-{tp.partition} to go, {why}" for tp, left in lag.items()}
