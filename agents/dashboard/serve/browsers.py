"""Sends changes to each open page as server-sent events: at most twice a second, and only what changed."""

import asyncio

import msgspec
from aiohttp import web
from msgspec import Struct

from agents.dashboard.serve.view import PageView, SentPart, course_of

PACE_S = 0.5
"""Time between updates of the page, seconds."""

ROWS_EVERY = 2
"""Table and charts are sent at every second update, which keeps the load of a thousand symbols low."""

ALIVE_S = 10.0

encode = msgspec.json.Encoder().encode


class Selection(Struct):
    """What a person has selected on one open page.

    Attributes:
        symbol: whose charts are shown; empty for the first symbol.
        experiment: `experiment|symbol` whose charts are shown; empty for none.
    """

    symbol: str = ""
    experiment: str = ""


class Browser:
    """One open page, with a record of what the server has sent to it.

    Args:
        response: stream on which events are sent to the page.
        look: what is selected on the page.
    """

    def __init__(self, response: web.StreamResponse, look: Selection) -> None:
        self.look = look
        self._response = response
        self._has: dict[str, int] = {}
        self._rows = 0
        self._course = SentPart()
        self._figures = b""
        self._generation = 0

    async def beat(self, view: PageView, number: int) -> int:
        """Send everything that changed since the last call; returns the number of bytes sent.

        Args:
            view: encoded parts of the page.
            number: number of this update. If it is odd, changes to the table and to a symbol's charts
                are left for the next call; the first table, and the charts of a newly selected symbol,
                are sent at once.

        Raises:
            ConnectionError: the page was closed.
        """
        if view.watched.generation != self._generation:
            self._generation = view.watched.generation
            self._rows, self._course = 0, SentPart()
        sent = 0
        for name, part in view.parts.items():
            if part.version > self._has.get(name, 0):
                self._has[name] = part.version
                sent += await self._send(name, part.payload)
        symbols = view.board.symbols
        if number % ROWS_EVERY == 0 or self._rows == 0:
            since, self._rows = self._rows, symbols.change
            if (rows := view.rows(since)) is not None:
                sent += await self._send("rows", encode(rows))
        state = symbols.get(self.look.symbol) or next(iter(symbols), None)
        if state is not None and (number % ROWS_EVERY == 0 or state.name != self._course.symbol):
            course = course_of(state, view.board, self._course)
            if course is not None:
                sent += await self._send("course", encode(course))
        if self.look.experiment:
            figures = view.evidence(self.look.experiment)
            if figures is not self._figures:
                self._figures = figures
                sent += await self._send("evidence", figures)
        return sent

    async def stay(self) -> None:
        """Send an empty event, so that the server and the page each notice when the other is gone.

        Raises:
            ConnectionError: the page was closed.
        """
        await self._send("here", b"{}")

    async def _send(self, event: str, payload: bytes) -> int:
        message = b"event: " + event.encode() + b"\ndata: " + payload + b"\n\n"
        await self._response.write(message)
        return len(message)


async def serve(browser: Browser, view: PageView, pulse: "Pulse") -> None:
    """Send changes to one page until it is closed, with an empty event after 10 seconds without a change.

    Args:
        browser: the page.
        view: encoded parts of the page.
        pulse: sets the times at which changes are sent.

    Raises:
        ConnectionError: the page was closed.
    """
    loop = asyncio.get_running_loop()
    said = loop.time()
    while True:
        number = await pulse.next()
        if await browser.beat(view, number):
            said = loop.time()
        elif loop.time() - said > ALIVE_S:
            await browser.stay()
            said = loop.time()


class Pulse:
    """Updates the parts of the page twice a second for all open pages, and then wakes whoever waits in `next`.

    Attributes:
        looking: number of open pages; nothing is updated while it is 0.
    """

    def __init__(self) -> None:
        self._beat = asyncio.Condition()
        self._number = 0
        self.looking = 0

    async def next(self) -> int:
        """Wait for the next update, and return its number."""
        async with self._beat:
            await self._beat.wait()
            return self._number

    async def run(self, view: PageView) -> None:
        """Update the parts of the page every half second until cancelled."""
        while True:
            if self.looking:
                view.refresh()
                async with self._beat:
                    self._number += 1
                    self._beat.notify_all()
            await asyncio.sleep(PACE_S)
