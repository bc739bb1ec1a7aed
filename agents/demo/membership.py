"""Finds which worker owns which partition, and waits until all workers are ready."""

import asyncio
from collections.abc import Callable

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment
from aiokafka.errors import GroupCoordinatorNotAvailableError, IncompatibleBrokerVersion

from agents.broker.cluster import admin
from agents.config.settings import Settings
from agents.process.waiting import waiting_for
from agents.telemetry.health_queries import ask_all, is_live, standing
from schemas.errors import EnvironmentProblem
from schemas.topics import TICKS

LOOK_S = 0.1
PATIENCE_S = 120.0
"""Two cores that other programs keep busy took 25 s for what takes 3 s on quiet ones."""


async def owners(cluster: AIOKafkaAdminClient, settings: Settings) -> dict[int, str]:
    """For each partition of `ticks`, the name in the consumer group of the worker that owns it.

    The result is empty while the group rebalances. The worker with number 2 in the group `tickloop` is named
    `tickloop-2`. Its member id, which the broker makes, is this name, a hyphen and a random UUID.
    """
    try:
        (answer,) = await cluster.describe_consumer_groups([settings.group])
    except GroupCoordinatorNotAvailableError:  # no group was ever formed on this cluster
        return {}
    except IncompatibleBrokerVersion:  # the mock cluster cannot say, and takes one worker only
        return dict.fromkeys(range(settings.partitions), f"{settings.group}-1")
    (group,) = answer.to_object()["groups"]
    if group["state"] != "Stable":
        return {}
    ticks = settings.topic(TICKS.name)
    return {
        number: member["member_id"][: -len("-00000000-0000-0000-0000-000000000000")]
        for member in group["members"]
        for topic, numbers in ConsumerProtocolMemberAssignment.decode(member["member_assignment"]).assignment
        if topic == ticks
        for number in numbers
    }


async def wait_for_owners(cluster: AIOKafkaAdminClient, settings: Settings) -> dict[int, str]:
    """Wait until every worker owns partitions of `ticks`, and return the owner's name for each partition."""
    sharing = min(settings.workers, settings.partitions)
    while True:
        owned = await owners(cluster, settings)
        if len(owned) == settings.partitions and len(set(owned.values())) == sharing:
            return owned
        await asyncio.sleep(LOOK_S)


async def wait_for_workers(
    bootstrap: str, settings: Settings, say: Callable[[str], None], patience_s: float = PATIENCE_S
) -> dict[int, str]:
    """Wait until every worker owns partitions of `ticks` and is ready, and return the owner's name for each partition.

    Owning partitions is not enough, because a worker then still has to check the topics and restore its state.

    Args:
        bootstrap: addresses of the brokers, `host:port[,host:port...]`.
        settings: settings of the workers, which must serve their health.
        say: called now and then with a sentence about what is missing, if the wait is long.
        patience_s: longest wait, seconds.

    Raises:
        EnvironmentProblem: the workers are not ready within `patience_s`.
    """
    logs, stands = settings.home_path / "logs", ""
    what = f"{settings.workers} workers to share {settings.partitions} partitions"
    try:
        with waiting_for(what, say, f"their logs are in {logs}") as waiting:
            async with admin(bootstrap) as cluster, asyncio.timeout(patience_s):
                while True:
                    answers = await ask_all(settings)
                    stands = waiting.stands = standing(answers)
                    if all(map(is_live, answers.values())):
                        owned = await wait_for_owners(cluster, settings)
                        # The group may have been formed after they said so: what they say now is about it.
                        if all(map(is_live, (await ask_all(settings)).values())):
                            return owned
                    await asyncio.sleep(LOOK_S)
    except TimeoutError as error:
        raise EnvironmentProblem(
            f"expected {settings.workers} workers to share {settings.partitions} partitions and to be ready within "
            f"{patience_s:.0f} s, was: {stands or 'no answer of the cluster'}; fix: see the logs in {logs}; where they "
            "say nothing is wrong, this machine is too busy: end other programs, or start fewer `--workers`"
        ) from error
