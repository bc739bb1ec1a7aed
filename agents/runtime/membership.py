"""Ensures that only one process at a time is a worker of a given name in the consumer group.

The name is the static member id. `aiokafka` joins under it, but sends heartbeats and commits without it. When these
fail, `aiokafka` cannot tell whether its session has timed out or another process has joined under the name: it
joins again in either case. Two processes of one name would then replace each other several times a second, for ever.
"""

from typing import Any

from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.errors import UnknownMemberIdError
from aiokafka.protocol.commit import OffsetCommitRequest
from aiokafka.protocol.group import JoinGroupRequest

from agents.runtime.crash import stop_the_process
from schemas.errors import EnvironmentProblem

FENCED_INSTANCE_ID = 82
"""Error code of the protocol, unknown to `aiokafka`: another member has joined under this name."""


def end_when_replaced(coordinator: GroupCoordinator) -> None:
    """Change a consumer's group coordinator so that this process ends when another one has joined under its name.

    Without the change the consumer would join again as a new member and push the other process out. With it the
    consumer asks to join under its former member id. The broker gives one of three answers:

    * It confirms the member: the consumer goes on.
    * It does not know the member any more, since the session timed out: the consumer joins as a new member.
    * It says that another process has joined under the name: this process ends.
    """
    send, reset = coordinator._send_req, coordinator.reset_generation

    async def send_and_look(request: Any) -> Any:
        response = await send(request)
        if isinstance(request, JoinGroupRequest):
            if response.error_code == FENCED_INSTANCE_ID:
                stop_the_process(_replaced(coordinator._group_instance_id))
            if response.error_code == UnknownMemberIdError.errno:
                coordinator.member_id = JoinGroupRequest.UNKNOWN_MEMBER_ID
        return response

    def reset_but_remember_who_it_was() -> None:
        if coordinator._group_instance_id is None or coordinator.member_id == JoinGroupRequest.UNKNOWN_MEMBER_ID:
            reset()
            return
        coordinator.generation = OffsetCommitRequest.DEFAULT_GENERATION_ID
        coordinator.request_rejoin()

    coordinator._send_req, coordinator.reset_generation = send_and_look, reset_but_remember_who_it_was


def _replaced(name: str | None) -> EnvironmentProblem:
    return EnvironmentProblem(
        f"expected to be the only worker named {name!r}, another one has taken its place; "
        "fix: give every worker process a --slot of its own"
    )
