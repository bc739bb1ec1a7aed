"""Sends a command that was built as a `Request`: gives it its event time, writes it, and reports what came of it."""

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
        command: the command without its signature. On the topic it is signed if the deployment has a key.
        partition, offset: where the command is stored on the topic `commands`.
        versions: records about model versions that the command caused; empty while there is no answer.
        job: the retrain that the command asked for; None: it asked for none, or there is no answer yet.
        refused: why the command was refused; empty: it was not.
        answered: whether `versions` or `job` holds an answer, which came while the sender waited; False if
            the command was refused.
    """

    command: Command
    partition: int
    offset: int
    versions: list[ModelVersion]
    job: RetrainJob | None
    refused: str
    answered: bool


async def send(client: Commander, request: Request, place: LogPlace, patience_s: float = 0.0) -> Sent:
    """Write the requested command to the partition of its symbol, and wait for the answer.

    The command gets the event time of the symbol's latest record, or the time of this machine's clock if the symbol
    has no record.

    Args:
        client: connected client that writes the command.
        request: the command, still without an event time.
        place: partition and latest event time of the symbol, from `Commander.place_of`.
        patience_s: longest wait for an answer, seconds; 0: none.
    """
    command = request.dated(place.ts_event or time.time_ns())
    offset, answer = await client.put(command, place.partition, patience_s)
    answered = bool(answer.versions) or answer.job is not None
    return Sent(command, place.partition, offset, answer.versions, answer.job, answer.refused, answered)
