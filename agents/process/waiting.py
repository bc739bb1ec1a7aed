"""Reports what a command is waiting for if that takes long, so that a slow start does not look like a hang."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from time import monotonic

FIRST_S = 2.0
"""A wait that is over by then is not worth a line."""

LATER_S = (10.0, 30.0, 60.0)
"""Then it is said again; after the last of them, as often as that."""


class Wait:
    """Makes the lines that report what a command is waiting for.

    Args:
        what: what is awaited, in words that fit after "waiting for".
        fix: where to look if the wait is long; added from the second report on; empty: nothing is added.

    Attributes:
        stands: present state of what is awaited, in a few words; empty: unknown. The code that waits keeps it up to
            date.
    """

    def __init__(self, what: str, fix: str = "") -> None:
        self.stands = ""
        self._what, self._fix = what, fix

    def line(self, seconds: float) -> str:
        """Return the line to report after a wait of this many seconds.

        >>> waiting = Wait("2 workers", fix="their logs are in /srv/loop/logs")
        >>> waiting.stands = "worker-1 recovering"
        >>> print(waiting.line(seconds=2.0))
        waiting for 2 workers (2 s so far): worker-1 recovering
        >>> print(waiting.line(seconds=30.4))
        waiting for 2 workers (30 s so far): worker-1 recovering; their logs are in /srv/loop/logs
        """
        so_far = f"waiting for {self._what} ({seconds:.0f} s so far)"
        where = f"; {self._fix}" if self._fix and seconds > FIRST_S else ""
        return so_far + (f": {self.stands}" if self.stands else "") + where


@contextmanager
def waiting_for(what: str, say: Callable[[str], None], fix: str = "") -> Iterator[Wait]:
    """Report what the block is waiting for, after 2, 10, 30 and 60 seconds and then every minute, until the block ends.

    The reports come from a separate thread, since the block may keep its own thread busy.

    Args:
        what: what is awaited, in words that fit after "waiting for".
        say: called with each report, in the separate thread.
        fix: where to look if the wait is long; added from the second report on; empty: nothing is added.
    """
    waiting, over = Wait(what, fix), Event()
    teller = Thread(target=_tell, args=(waiting, say, over), name="waiting", daemon=True)
    teller.start()
    try:
        yield waiting
    finally:
        over.set()
        teller.join()


def _tell(waiting: Wait, say: Callable[[str], None], over: Event) -> None:
    began = monotonic()
    for due in moments():
        if over.wait(max(0.0, began + due - monotonic())):
            return
        say(waiting.line(due))


def moments() -> Iterator[float]:
    """Yield, without end, the times at which a wait is reported, in seconds from its beginning.

    >>> from itertools import islice
    >>> [*islice(moments(), 6)]
    [2.0, 10.0, 30.0, 60.0, 120.0, 180.0]
    """
    yield FIRST_S
    yield from LATER_S
    due = LATER_S[-1]
    while True:
        due += LATER_S[-1]
        yield due
