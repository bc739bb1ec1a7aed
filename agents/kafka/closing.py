"""A consumer that is stopped ends quietly, even while a fetch of it waits to be tried again.

Where a fetch has failed, aiokafka's task for it sleeps before the next try; stopped then, the task ends cancelled, and
whoever stops the consumer gets that cancellation, which nobody asked him for: his own task ends as if he had been
cancelled, in silence. Everywhere else the client takes a cancellation of this task for "of no interest any more".
"""

import asyncio
from typing import Any

from aiokafka.consumer import fetcher

_fetch = fetcher.Fetcher._proc_fetch_request


def install() -> None:
    """Have the fetches of every consumer of this process end so."""
    fetcher.Fetcher._proc_fetch_request = _fetch_or_nothing


async def _fetch_or_nothing(self: Any, *request: Any) -> Any:
    try:
        return await _fetch(self, *request)
    except asyncio.CancelledError:
        return False
