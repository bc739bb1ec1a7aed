"""Checks before sending that workers will accept at least one tick of the input."""

from collections import Counter
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing

from agents.clients.publisher import Sendable
from schemas.errors import ConfigurationError, Refused
from schemas.ticks import Quote, Trade
from streams.engine.feed import RawTick
from streams.market.tick_checks import Validation, ValidationParameters

check = Validation(ValidationParameters()).check
"""The checks that every market node makes, whatever its parameters."""

MALFORMED = "malformed"
"""Reason given for rows that make no tick."""


def refusal(tick: Sendable) -> Refused | None:
    """Return why workers will refuse a tick whatever their parameters; None if they may accept it.

    >>> refusal(Quote("X", 1, bid=9.0, bid_size=1.0, ask=8.0, ask_size=1.0)).reason
    'crossed_quote'
    """
    if isinstance(tick, RawTick):
        return Refused(MALFORMED, tick.problem)
    try:
        if isinstance(tick, Quote | Trade):
            check(tick)
    except Refused as refused:
        return refused
    return None


class Judge:
    """Checks ticks before they are sent, until it meets one that workers will accept.

    The ticks before that one are counted by the reason for which workers will refuse them.

    >>> judge = Judge()
    >>> judge.look([Quote("X", 1, bid=9.0, bid_size=1.0, ask=8.0, ask_size=1.0)] * 3)
    >>> judge.expect_good("a.csv")
    Traceback (most recent call last):
    ...
    schemas.errors.ConfigurationError: a.csv: expected ticks that workers take, all 3 will come back on \
dead-letters, 3 as crossed_quote: expected a bid below the ask, was bid 9.0 and ask 8.0; fix: see what the file holds; \
--map, --symbol, --kind, --time-unit and --price-scale say how its rows become ticks
    """

    def __init__(self) -> None:
        self._is_good = False
        self._reasons: Counter[str] = Counter()
        self._first: dict[str, str] = {}

    def look(self, block: Sequence[Sendable]) -> None:
        """Check the ticks of the next block; once a tick was acceptable, nothing is checked any more."""
        if self._is_good:
            return
        for tick in block:
            why = refusal(tick)
            if why is None:
                self._is_good = True
                return
            self._reasons[why.reason] += 1
            self._first.setdefault(why.reason, why.detail)

    def expect_good(self, of_what: str) -> None:
        """Raise an error if ticks were checked and workers will refuse all of them.

        Args:
            of_what: name of the input, for the message.

        Raises:
            ConfigurationError: all will be refused; the message names the commonest reason.
        """
        if self._is_good or not self._reasons:
            return
        ((reason, count),) = self._reasons.most_common(1)
        raise ConfigurationError(
            f"{of_what}: expected ticks that workers take, all {self._reasons.total():,} will come back on dead-letters"
            f", {count:,} as {reason}: {self._first[reason]}; fix: see what the file holds; --map, --symbol, --kind, "
            "--time-unit and --price-scale say how its rows become ticks"
        )


class JudgedSource:
    """A source of blocks of ticks that can be read several times; each reading checks the ticks with a new `Judge`.

    Args:
        source: called for each reading, returns the blocks.

    Attributes:
        judge: the `Judge` of the last reading.
    """

    def __init__(self, source: Callable[[], AsyncGenerator[Sequence[Sendable], None]]) -> None:
        self._source = source
        self.judge = Judge()

    async def __call__(self) -> AsyncGenerator[Sequence[Sendable], None]:
        """Begin a new reading: yield the blocks of the source, each after it was checked."""
        judge = self.judge = Judge()
        async with aclosing(self._source()) as blocks:
            async for block in blocks:
                judge.look(block)
                yield block
