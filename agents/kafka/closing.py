"""Changes aiokafka so that stopping a consumer does not cancel the task that stops it.

After a failed fetch, aiokafka's fetching task sleeps before it tries again. If the consumer is stopped
meanwhile, the sleep is cancelled, and the cancellation is passed on to the caller of `stop()`. The caller's
own task would then end silently as cancelled, although nobody cancelled it. With this change the fetching
task ends normally.
"""

import asyncio
from typing import Any

from aiokafka.consumer import fetcher

_fetch = fetcher.Fetcher._proc_fetch_request


def install() -> None:
    """Change aiokafka so that stopping a consumer of this process never cancels the task that stops it."""
    fetcher.Fetcher._proc_fetch_request = _fetch_or_nothing


async def _fetch_or_nothing(self: Any, *request: Any) -> Any:
    try:
        return await _fetch(self, *request)
    except asyncio.CancelledError:
        return False
