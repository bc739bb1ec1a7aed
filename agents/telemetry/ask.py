"""How the processes of this machine say that they are: `/readyz` of workers, `/healthz` of the dashboard."""

import asyncio

import aiohttp

from agents.settings import Settings
from agents.telemetry.health import Verdict
from schemas.codec import decoder
from schemas.errors import Refused

ANSWER_WITHIN_S = 2.0
MOST_BYTES = 64 * 1024

_verdict = decoder(Verdict, MOST_BYTES)


async def ask(settings: Settings, slot: int) -> Verdict | None:
    """What the worker in a slot says about itself; None if it does not answer, or if another system's does."""
    return await _ask(settings, f"http://{settings.metrics_host}:{settings.metrics_port + slot}/readyz")


async def ask_dashboard(settings: Settings) -> Verdict | None:
    """What the dashboard says about itself; None as for a worker."""
    return await _ask(settings, f"http://{settings.dashboard_host}:{settings.dashboard_port}/healthz")


async def _ask(settings: Settings, address: str) -> Verdict | None:
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(ANSWER_WITHIN_S)) as session,
            session.get(address) as response,
        ):
            verdict = _verdict(await _read(response))
    except (aiohttp.ClientError, TimeoutError, Refused):
        return None
    return verdict if verdict.group == settings.group else None


async def _read(response: aiohttp.ClientResponse) -> bytes:
    """An answer, or as much of it as shows that it is none: anything may listen there."""
    body = bytearray()
    async for block in response.content.iter_chunked(MOST_BYTES):
        body += block
        if len(body) > MOST_BYTES:
            break
    return bytes(body)


async def ask_all(settings: Settings) -> dict[int, Verdict | None]:
    """Every slot of `tickloop up`, by number."""
    slots = range(1, settings.workers + 1)
    return dict(zip(slots, await asyncio.gather(*(ask(settings, slot) for slot in slots)), strict=True))


def state(verdict: Verdict | None) -> str:
    """A worker's state in a few words.

    >>> state(None), state(Verdict(True, "tickloop", "worker-1", "0.1.0", ()))
    ('does not answer', 'ready')
    """
    if verdict is None:
        return "does not answer"
    wrong = [check for check in verdict.checks if not check.ok]
    if not wrong:
        return "ready"
    if [check.name for check in wrong] == ["recovery"]:
        return "recovering"
    return "not well: " + "; ".join(f"{check.name}: {check.says}" for check in wrong)
