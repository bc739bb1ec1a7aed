"""Which worker has which partition, as the group's coordinator says, and which are ready, as they say themselves."""

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
    """Owner of each partition of `ticks`; empty while the group is being formed.

    A worker in slot 2 of the group `tickloop` is called `tickloop-2`: the broker puts the stable name of a member,
    and a hyphen, before the random part (a UUID) of its id.
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
    """Owner of each partition, as soon as all workers have some."""
    sharing = min(settings.workers, settings.partitions)
    while True:
        owned = await owners(cluster, settings)
        if len(owned) == settings.partitions and len(set(owned.values())) == sharing:
            return owned
        await asyncio.sleep(LOOK_S)


async def wait_for_workers(
    bootstrap: str, settings: Settings, say: Callable[[str], None], patience_s: float = PATIENCE_S
) -> dict[int, str]:
    """Owner of each partition, as soon as all workers have some and each says that its state is live.

    A group that has shared out its partitions is not ready: its workers look at their logs then, and recover.

    Args:
        bootstrap: address of the cluster.
        settings: of the workers; they serve `/readyz`.
        say: gets a line now and then when it takes long.
        patience_s: how long it may take.

    Raises:
        EnvironmentProblem: it took longer.
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
