"""Reads blocks from a source that may block for ever, such as a pipe, without blocking the event loop."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from threading import Thread
from typing import TypeVar

Block = TypeVar("Block")

AHEAD = 8


async def awaited(blocks: Iterator[Block]) -> AsyncIterator[Block]:
    """Yield the items of a blocking iterator, which a separate thread reads, at most eight items ahead of the caller.

    Raises:
        Exception: whatever the iterator raised, raised again here.
    """
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue[Block | Exception | None] = asyncio.Queue(AHEAD)

    def hand_over(item: Block | Exception | None) -> None:
        handing = queue.put(item)
        try:
            asyncio.run_coroutine_threadsafe(handing, loop).result()
        except RuntimeError:  # the event loop ended before the feed, so nobody waits for the blocks
            handing.close()

    def pump() -> None:
        try:
            for block in blocks:
                hand_over(block)
                if loop.is_closed():
                    return
        except Exception as error:  # noqa: BLE001 - whoever waits for blocks gets it, from wherever it came
            hand_over(error)
        else:
            hand_over(None)

    # A daemon: a read of a silent pipe cannot be interrupted, and must not keep the process from ending.
    Thread(target=pump, name="standing input", daemon=True).start()
    while (item := await queue.get()) is not None:
        if isinstance(item, Exception):
            raise item
        yield item
