"""Waits until the workers have computed everything up to given offsets."""

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
    """Wait until the workers have applied the ticks up to `ends` and stored the resulting state.

    The wait ends early when the workers have not advanced for `timeout_s` seconds, or when no worker runs.

    Args:
        ends: end offset of each partition of the topic `ticks`.
        settings: settings of the system.
        cluster: connected admin client.
        timeout_s: longest wait without any progress, seconds.
        say: called with the number of ticks that are left, whenever it changes.
        workers_start: whether to wait also while no worker runs, because workers are being started.

    Returns:
        A phrase that says what is missing, for each partition whose end was not reached; empty if all ends were.
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
