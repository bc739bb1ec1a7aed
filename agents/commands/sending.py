"""A command on its topic, signed; and a request as one, with what the lifecycle node made of it."""

import time

from msgspec import Struct

from agents.commands.commander import Commander, LogPlace
from agents.commands.requests import Request
from schemas.commands import Command
from schemas.retraining import RetrainJob
from schemas.versions import ModelVersion


class Sent(Struct):
    """A command that was written, and what came of it; the command line prints it with `--json`.

    Attributes:
        command: as it was asked for; on the topic it is signed where the deployment has a key.
        partition, offset: where it lies.
        versions: what it made of versions; empty while no worker has answered.
        job: the retrain that it became, if it asked for one.
        refused: why the lifecycle node refused it, or empty.
        answered: whether it was carried out in time.
    """

    command: Command
    partition: int
    offset: int
    versions: list[ModelVersion]
    job: RetrainJob | None
    refused: str
    answered: bool


async def send(client: Commander, request: Request, place: LogPlace, patience_s: float = 0.0) -> Sent:
    """Write what is asked for where its symbol lives, and wait for what comes of it.

    The event time is that of the symbol's latest record; of a symbol that has none it is this machine's clock.

    Args:
        client: connected.
        request: what is asked for.
        place: of its symbol.
        patience_s: how long to wait for an answer of the lifecycle node, seconds.
    """
    command = request.dated(place.ts_event or time.time_ns())
    offset, answer = await client.put(command, place.partition, patience_s)
    answered = bool(answer.versions) or answer.job is not None
    return Sent(command, place.partition, offset, answer.versions, answer.job, answer.refused, answered)
