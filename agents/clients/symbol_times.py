"""Finds the event time of each symbol's newest tick on a topic; refuses ticks to be sent that begin before it."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from statistics import median_low

from msgspec import Struct

from agents.clients.reader import read_blocks
from schemas.codec import decoder
from schemas.errors import ConfigurationError, Refused
from schemas.ticks import Directive, Tick
from streams.engine.feed import Feed, RawTick
from streams.sources.damaged_files import BrokenFile

NEWEST = 1_000
"""Newest records of each partition that are read; symbols without one among them are unknown."""

VOICES = 20
"""Ticks of a symbol that are compared, so that one with a wrong date does not decide."""

FAR_NS = 14 * 24 * 3_600 * 10**9
"""Gap between log and feed, ns, from which it is mentioned: workers accept such a jump only after several ticks."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


RECONNECT_NS = 60 * 10**9
"""How far, ns, a feed of standard input may begin before the log's end: a reconnecting feed may repeat some ticks."""


class SetBack(ConfigurationError):
    """Raised when a feed (ticks to be sent) begins before the newest ticks that are already on the topic."""


class SymbolTimes(Struct, frozen=True):
    """Event time of the newest tick of each symbol on a topic of ticks.

    Attributes:
        topic: name of the topic on the broker, prefix included.
        newest: event time of the newest tick by symbol, ns since 1970, UTC.
    """

    topic: str
    newest: dict[str, int]


async def symbol_times(bootstrap: str, topic: str) -> SymbolTimes:
    """Return the event time of each symbol's newest tick, from the newest 1,000 records of every partition.

    A symbol without a tick among these is left out. A few ticks with a wrong date do not change the result.

    Args:
        bootstrap: address of the cluster.
        topic: name of the topic of ticks on the broker, prefix included.

    Raises:
        EnvironmentProblem: no cluster answers, or it has no such topic.
    """
    decode = decoder(Tick)
    voices: defaultdict[str, list[int]] = defaultdict(list)
    async for block in read_blocks(bootstrap, topic, start=-NEWEST, each=True, until_end=True, repeats=True):
        for record in block:
            try:
                tick = decode(record.value)
            except Refused:
                continue  # the market node says what it was
            if not isinstance(tick, Directive):
                voices[tick.symbol].append(tick.ts_event)
    return SymbolTimes(topic, {symbol: newest(times[-VOICES:]) for symbol, times in voices.items()})


def newest(times: list[int]) -> int:
    """Return the latest of these event times, ignoring those more than 14 days after the median as wrong dates.

    Args:
        times: event times, ns; at least one.

    >>> newest([1, 3, 2, 10**18])
    3
    """
    middle = median_low(times)
    return max(each for each in times if each <= middle + FAR_NS)


def earliest(times: list[int]) -> int:
    """Return the earliest of these event times, ignoring those more than 14 days before the median as wrong dates.

    Args:
        times: event times, ns; at least one.

    >>> earliest([10**18 + 2, 1, 10**18 + 1])
    1000000000000000001
    """
    middle = median_low(times)
    return min(each for each in times if each >= middle - FAR_NS)


def beginnings(feed: Iterable[Feed]) -> dict[str, int]:
    """Return for each symbol of a feed the event time, ns, at which its ticks begin.

    This is the earliest event time among the symbol's first 20 ticks. Times more than 14 days before the
    median of these ticks are ignored as wrong dates. Unreadable ticks are skipped. If the feed breaks off
    with an error, the result covers the ticks before the error.
    """
    times: defaultdict[str, list[int]] = defaultdict(list)
    with suppress(BrokenFile, Refused):  # reported when sending reaches it
        for item in feed:
            if not isinstance(item, RawTick | Directive) and len(times[item.symbol]) < VOICES:
                times[item.symbol].append(item.ts_event)
    return {symbol: earliest(found) for symbol, found in times.items() if found}


def expect_later(
    begins: Mapping[str, int], held: SymbolTimes, say: Callable[[str], None], tolerance_ns: int = 0
) -> None:
    """Refuse a feed (ticks to be sent) that begins before the newest tick of one of its symbols on the topic.

    If a symbol begins more than 14 days after its newest tick, the feed is accepted, but `say` is called.

    >>> held = SymbolTimes("ticks", {"X": 1_723_161_255_000_000_000})
    >>> expect_later({"X": 1_723_161_255_000_000_001, "Y": 1}, held, print)
    >>> expect_later({"X": 1_723_161_254_000_000_000}, held, print)
    Traceback (most recent call last):
    ...
    agents.clients.symbol_times.SetBack: X: expected ticks later than 2024-08-08T23:54:15Z, the newest of it on ticks, \
was 2024-08-08T23:54:14Z, as if it was published before; nothing of it was sent; fix: a run of its own (`tickloop \
replay FILE`), topics without these ticks (`tickloop broker reset`, or another TICKLOOP_PREFIX), or on \
purpose (--set-back); docs/faq.md says more

    Args:
        begins: event time with which each symbol of the feed begins, ns.
        held: newest event times on the topic; symbols that are not among them are not checked.
        say: called with a sentence if symbols begin more than 14 days after their newest ticks; the sentence is about
            the symbol that begins the most days later.
        tolerance_ns: how far before the newest tick a symbol may begin, ns.

    Raises:
        SetBack: a symbol begins earlier than `tolerance_ns` allows; the message names the symbol that lies back
            furthest, its two times, and the fixes.
    """
    apart = {symbol: begin - held.newest[symbol] for symbol, begin in begins.items() if symbol in held.newest}
    if not apart:
        return
    first = min(apart, key=lambda symbol: (apart[symbol], symbol))
    if apart[first] < -tolerance_ns:
        others = sum(each < -tolerance_ns for each in apart.values()) - 1
        beside = f" (and {others} more)" if others else ""
        raise SetBack(
            f"{first}{beside}: expected ticks later than {iso(held.newest[first])}, the newest of it on {held.topic}, "
            f"was {iso(begins[first])}, as if it was published before; nothing of it was sent; fix: a run of its own "
            "(`tickloop replay FILE`), topics without these ticks (`tickloop broker reset`, or another "
            "TICKLOOP_PREFIX), or on purpose (--set-back); docs/faq.md says more"
        )
    last = max(apart, key=lambda symbol: (apart[symbol], symbol))
    if apart[last] > FAR_NS:
        say(
            f"{last}: begins at {iso(begins[last])}, {apart[last] / 86_400e9:,.0f} days after the newest tick that "
            f"{held.topic} has of it ({iso(held.newest[last])}): workers begin it anew there, after some ticks"
        )


def iso(ts_event: int) -> str:
    """Return an event time, ns since 1970, as ISO 8601 in UTC; with nanoseconds unless it is a whole second.

    >>> iso(1_723_161_255_000_000_000), iso(1_723_161_255_088_169_167), iso(-1)
    ('2024-08-08T23:54:15Z', '2024-08-08T23:54:15.088169167Z', '1969-12-31T23:59:59.999999999Z')
    """
    seconds, rest = divmod(ts_event, 10**9)
    fraction = f".{rest:09d}" if rest else ""
    return (EPOCH + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S") + fraction + "Z"
