"""Which worker has which partition: what the group's coordinator says."""

import asyncio

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment
from aiokafka.errors import GroupCoordinatorNotAvailableError, IncompatibleBrokerVersion

from agents.broker.answer import admin
from agents.settings import Settings
from schemas.errors import EnvironmentProblem
from schemas.topics import TICKS

LOOK_S = 0.1


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


async def wait_for_workers(bootstrap: str, settings: Settings, patience_s: float) -> dict[int, str]:
    """Owner of each partition, as soon as all workers have some.

    Raises:
        EnvironmentProblem: they had not in time.
    """
    sharing = min(settings.workers, settings.partitions)
    try:
        async with admin(bootstrap) as cluster, asyncio.timeout(patience_s):
            while True:
                owned = await owners(cluster, settings)
                if len(owned) == settings.partitions and len(set(owned.values())) == sharing:
                    return owned
                await asyncio.sleep(LOOK_S)
    except TimeoutError as error:
        raise EnvironmentProblem(
            f"expected {settings.workers} workers to share {settings.partitions} partitions within "
            f"{patience_s:.0f} s; fix: see their logs in {settings.home_path / 'logs'}"
        ) from error
