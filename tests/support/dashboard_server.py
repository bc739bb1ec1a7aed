"""A dashboard server whose state a test sets, without a broker."""

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
    """A follower of topics that reads none: tests add records to its board themselves."""

    async def run(self) -> None:
        await asyncio.Event().wait()


def server(board: Board | None = None) -> Server:
    """A dashboard server that shows `board`; None: an empty one."""
    watch = Fed(Settings())
    if board is not None:
        watch.board = board
    return Server(Settings(), Guard(TOKEN, "127.0.0.1"), watch)


@contextmanager
def served(made: Server, port: int = 0) -> Iterator[str]:
    """Run the server in a thread while the block runs, and yield its address.

    Args:
        made: the server.
        port: port to listen on; 0: any free one.
    """
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
