"""Asks the processes of this machine for their health: `/readyz` of workers, `/healthz` of the dashboard.

Several systems may run on one machine, and each of them has a worker-1: an answer counts only if it is about the system
that is asked for.
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
    """The answer of a program that is no part of this system.

    Attributes:
        who: for people: which part of which system, or `another program`.
    """

    who: str


Answer = Verdict | Stranger | None
"""None: nobody answers."""


async def ask_worker(settings: Settings, slot: int, cluster: str = "") -> Answer:
    """What the worker in a slot says about itself.

    Args:
        settings: of its system.
        slot: its number.
        cluster: id of the cluster of its system, empty if it is not known.
    """
    return await _ask(settings, f"{settings.metrics_host}:{settings.metrics_port + slot}", "/readyz", cluster)


async def ask_dashboard(settings: Settings, cluster: str = "") -> Answer:
    """What the dashboard says about itself, as `ask_worker` does."""
    return await _ask(settings, f"{settings.dashboard_host}:{settings.dashboard_port}", "/healthz", cluster)


async def ask_all(settings: Settings, cluster: str = "") -> dict[int, Answer]:
    """Every slot of `tickloop up`, by number."""
    slots = range(1, settings.workers + 1)
    return dict(zip(slots, await asyncio.gather(*(ask_worker(settings, slot, cluster) for slot in slots)), strict=True))


async def _ask(settings: Settings, address: str, path: str, cluster: str) -> Answer:
    verdict = await verdict_at(address, path)
    if not isinstance(verdict, Verdict) or verdict.is_of(settings, cluster):
        return verdict
    return Stranger(who(verdict))


async def verdict_at(address: str, path: str = "/healthz") -> Answer:
    """What is said at `host:port`, whichever system it is of."""
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
        return Stranger(ANOTHER_PROGRAM)  # it speaks something else
    except (aiohttp.ClientError, TimeoutError):
        return None


async def _read(response: aiohttp.ClientResponse) -> bytes:
    """An answer, or as much of it as shows that it is none: anything may listen there."""
    body = bytearray()
    async for block in response.content.iter_chunked(MOST_BYTES):
        body += block
        if len(body) > MOST_BYTES:
            break
    return bytes(body)


async def holder(address: str) -> str:
    """Who listens at `host:port`, for people."""
    found = await verdict_at(address)
    return who(found) if isinstance(found, Verdict) else ANOTHER_PROGRAM


def who(verdict: Verdict) -> str:
    """Whose health something is.

    >>> who(Verdict(True, "lab-tickloop", "worker-1", "0.1.0", (), "/srv/loop"))
    'worker-1 of /srv/loop (group lab-tickloop)'
    """
    is_dashboard = any(check.name == "follower" for check in verdict.checks)
    name = verdict.worker or ("the dashboard" if is_dashboard else "a worker")
    return f"{name} of {verdict.home or 'another system'} (group {verdict.group})"


def is_live(answer: Answer) -> bool:
    """Whether a worker says that its state is live, so that it answers the ticks that come now.

    >>> from agents.telemetry.health import HealthCheck
    >>> recovering = HealthCheck("recovery", False, 1.0, 0.0, "", "1.0 s that state is not live")
    >>> [is_live(each) for each in (None, Verdict(True, "tickloop", "worker-1", "0.1.0", ()))]
    [False, True]
    >>> is_live(Verdict(False, "tickloop", "worker-1", "0.1.0", (recovering,)))
    False
    """
    return isinstance(answer, Verdict) and all(check.ok for check in answer.checks if check.name == RECOVERY)


def is_working(answer: Answer) -> bool:
    """Whether a worker answers, and nothing is wrong with it but that it may still bring its state up to date.

    >>> is_working(None), is_working(Verdict(True, "tickloop", "worker-1", "0.1.0", ()))
    (False, True)
    """
    return isinstance(answer, Verdict) and all(check.ok for check in answer.checks if check.name != RECOVERY)


def state(answer: Answer) -> str:
    """A worker's state in a few words.

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
    """The states of all workers, by slot, in a few words.

    >>> standing({1: None, 2: Verdict(True, "tickloop", "worker-2", "0.1.0", ())})
    'worker-1 does not answer, worker-2 ready'
    """
    return ", ".join(f"worker-{slot} {state(answer)}" for slot, answer in answers.items())
