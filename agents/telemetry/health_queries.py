"""Asks the processes on this machine for their health: `/readyz` of workers, `/healthz` of the dashboard.

Several systems may run on one machine, each with its own `worker-1`. So an answer only counts if it
comes from the system that the caller asks about.
"""

import asyncio
from collections.abc import Mapping

import aiohttp
from msgspec import Struct

from agents.config.settings import Settings
from agents.telemetry.health import RECOVERY, Verdict
from schemas.codec import decoder
from schemas.errors import Refused

ANSWER_WITHIN_S = 2.0
MOST_BYTES = 64 * 1024

ANOTHER_PROGRAM = "another program"

_verdict = decoder(Verdict, MOST_BYTES)


class Stranger(Struct, frozen=True):
    """Answer of a program that does not belong to the system that the caller asks about.

    Attributes:
        who: name of the program for people: a part of another system, or `another program`.
    """

    who: str


Answer = Verdict | Stranger | None
"""None if nothing answers."""


async def ask_worker(settings: Settings, slot: int, cluster: str = "") -> Answer:
    """Ask a worker whether it is healthy and ready.

    Args:
        settings: settings of the system.
        slot: number of the worker, by which its port is known.
        cluster: id of the system's cluster; empty if it is not known.

    Returns:
        The worker's answer; a `Stranger` if something else listens on its port; None if nothing answers
        within 2 seconds.
    """
    return await _ask(settings, f"{settings.metrics_host}:{settings.metrics_port + slot}", "/readyz", cluster)


async def ask_dashboard(settings: Settings, cluster: str = "") -> Answer:
    """Ask the dashboard whether it is healthy.

    Args:
        settings: settings of the system.
        cluster: id of the system's cluster; empty if it is not known.

    Returns:
        The dashboard's answer; a `Stranger` if something else listens on its port; None if nothing answers
        within 2 seconds.
    """
    return await _ask(settings, f"{settings.dashboard_host}:{settings.dashboard_port}", "/healthz", cluster)


async def ask_all(settings: Settings, cluster: str = "") -> dict[int, Answer]:
    """Ask every worker that `tickloop up` starts, all at once; returns answers by number of the worker, from 1.

    Args:
        settings: settings of the system.
        cluster: id of the system's cluster; empty if it is not known.
    """
    slots = range(1, settings.workers + 1)
    return dict(zip(slots, await asyncio.gather(*(ask_worker(settings, slot, cluster) for slot in slots)), strict=True))


async def _ask(settings: Settings, address: str, path: str, cluster: str) -> Answer:
    verdict = await verdict_at(address, path)
    if not isinstance(verdict, Verdict) or verdict.is_of(settings, cluster):
        return verdict
    return Stranger(who(verdict))


async def verdict_at(address: str, path: str = "/healthz") -> Answer:
    """Ask whatever listens at an address for its health, whichever system it belongs to.

    Args:
        address: `host:port`.
        path: path of the health check.

    Returns:
        The answer; a `Stranger` if the program there speaks another protocol; None if nothing answers within
        2 seconds.
    """
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(ANSWER_WITHIN_S)) as session,
            session.get(f"http://{address}{path}") as response,
        ):
            verdict: Verdict = _verdict(await _read(response))
            return verdict
    except Refused:
        return Stranger(ANOTHER_PROGRAM)
    except (aiohttp.ServerDisconnectedError, aiohttp.ClientResponseError):
        return Stranger(ANOTHER_PROGRAM)  # it does not speak HTTP
    except (aiohttp.ClientError, TimeoutError):
        return None


async def _read(response: aiohttp.ClientResponse) -> bytes:
    """Body of a response, cut once it is too long for a health answer, since any program may listen there."""
    body = bytearray()
    async for block in response.content.iter_chunked(MOST_BYTES):
        body += block
        if len(body) > MOST_BYTES:
            break
    return bytes(body)


async def holder(address: str) -> str:
    """Name for people of the program that listens at `host:port`: a part of a system, or `another program`."""
    found = await verdict_at(address)
    return who(found) if isinstance(found, Verdict) else ANOTHER_PROGRAM


def who(verdict: Verdict) -> str:
    """Name for people of the process that gave a health answer.

    >>> who(Verdict(True, "lab-tickloop", "worker-1", "0.1.0", checks=(), home="/srv/loop"))
    'worker-1 of /srv/loop (group lab-tickloop)'
    """
    is_dashboard = any(check.name == "follower" for check in verdict.checks)
    name = verdict.worker or ("the dashboard" if is_dashboard else "a worker")
    return f"{name} of {verdict.home or 'another system'} (group {verdict.group})"


def is_live(answer: Answer) -> bool:
    """Whether a worker answered, and has restored its state, so that it predicts the ticks that come now.

    >>> from agents.telemetry.health import HealthCheck
    >>> recovering = HealthCheck("recovery", ok=False, value=1.0, limit=0.0, since="", says="1.0 s")
    >>> [is_live(each) for each in (None, Verdict(True, "tickloop", "worker-1", "0.1.0", checks=()))]
    [False, True]
    >>> is_live(Verdict(False, "tickloop", "worker-1", "0.1.0", checks=(recovering,)))
    False
    """
    return isinstance(answer, Verdict) and all(check.ok for check in answer.checks if check.name == RECOVERY)


def is_working(answer: Answer) -> bool:
    """Whether a worker answered and has passed all its checks, apart from the check that its state is restored.

    A worker that still restores its state therefore counts as working.

    >>> is_working(None), is_working(Verdict(True, "tickloop", "worker-1", "0.1.0", checks=()))
    (False, True)
    """
    return isinstance(answer, Verdict) and all(check.ok for check in answer.checks if check.name != RECOVERY)


def state(answer: Answer) -> str:
    """State of a worker in a few words, from its health answer.

    >>> state(None), state(Verdict(True, "tickloop", "worker-1", "0.1.0", ())), state(Stranger("another program"))
    ('does not answer', 'ready', 'does not answer: its port is taken by another program')
    """
    if answer is None:
        return "does not answer"
    if isinstance(answer, Stranger):
        return f"does not answer: its port is taken by {answer.who}"
    wrong = [check for check in answer.checks if not check.ok]
    if not wrong:
        return "ready"
    if [check.name for check in wrong] == [RECOVERY]:
        return "recovering"
    return "not well: " + "; ".join(f"{check.name}: {check.says}" for check in wrong)


def standing(answers: Mapping[int, Answer]) -> str:
    """States of all workers in a few words, from their health answers by number of the worker.

    >>> standing({1: None, 2: Verdict(True, "tickloop", "worker-2", "0.1.0", checks=())})
    'worker-1 does not answer, worker-2 ready'
    """
    return ", ".join(f"worker-{slot} {state(answer)}" for slot, answer in answers.items())
