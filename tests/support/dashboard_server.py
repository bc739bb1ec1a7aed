"""A dashboard on a board that a test feeds, without a broker."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from aiohttp import web

from agents.config.settings import Settings
from agents.dashboard.follow.topics_state import Board
from agents.dashboard.follow.watch import TopicWatch
from agents.dashboard.serve.guard import Guard
from agents.dashboard.serve.server import Server

TOKEN = "a-token-of-tests"


class Fed(TopicWatch):
    """Follows nothing: the test says what there is."""

    async def run(self) -> None:
        await asyncio.Event().wait()


def server(board: Board | None = None) -> Server:
    """A server on a board."""
    watch = Fed(Settings())
    if board is not None:
        watch.board = board
    return Server(Settings(), Guard(TOKEN, "127.0.0.1"), watch)


@contextmanager
def served(made: Server, port: int = 0) -> Iterator[str]:
    """Its address while it runs in a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    def done(coroutine: object) -> object:
        return asyncio.run_coroutine_threadsafe(coroutine, loop).result(20)  # type: ignore[arg-type]

    runner = web.AppRunner(made.app(), shutdown_timeout=0.2)
    done(runner.setup())
    site = web.TCPSite(runner, "127.0.0.1", port)
    done(site.start())
    try:
        host, bound = runner.addresses[0][:2]
        yield f"http://{host}:{bound}"
    finally:
        done(runner.cleanup())
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
