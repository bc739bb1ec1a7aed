"""A worker's place in the group: one process holds it, and the one that was replaced ends.

`aiokafka` joins under a stable name but asks for heartbeats and commits without it. What comes back then does not say
whether the place was taken or has timed out, and it would take the place back at once: two processes under one name
were measured to throw each other out several times a second, for ever.
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
    """Have a static member that lost its place ask for it as who it was: the broker knows who holds it now.

    Three answers: it still is a member and goes on; its session had timed out and it joins as a new one; another
    process is there under its name, and this one ends.
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
