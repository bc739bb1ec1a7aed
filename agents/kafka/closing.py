"""Changes aiokafka so that the call of a consumer's `stop()` does not cancel the calling task.

After a failed fetch, aiokafka's fetching task sleeps before it tries again. If the consumer is stopped
meanwhile, aiokafka cancels that sleep, and passes the cancellation on to the task that called `stop()`. The
calling task would then end silently as cancelled, although nobody cancelled it. With this change the fetching
task ends normally, and no cancellation is passed on.
"""

import asyncio
from typing import Any

from aiokafka.consumer import fetcher

_fetch = fetcher.Fetcher._proc_fetch_request


def install() -> None:
    """Change aiokafka, in this process, so that the call of a consumer's `stop()` never cancels the calling task."""
    fetcher.Fetcher._proc_fetch_request = _fetch_or_nothing


async def _fetch_or_nothing(self: Any, *request: Any) -> Any:
    try:
        return await _fetch(self, *request)
    except asyncio.CancelledError:
        return False
