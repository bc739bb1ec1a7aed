"""Markets of several symbols with a reference (a symbol that the features of others look at), and runs over them."""

from collections.abc import Iterable, Sequence
from random import Random

from msgspec.structs import replace

from agents.clients.publisher import Addressed, with_copies
from schemas.ticks import Quote, Trade
from streams.engine.feed import payload
from streams.engine.partitioner import partition_of
from streams.engine.replay import SourceRecord
from streams.parameters import Parameters
from tests.support.market_ticks import quick_parameters

MS = 1_000_000
BEGIN = 1_723_161_600_000 * MS
LEADER = "SPY"


def looking_at(*references: str, parameters: Parameters | None = None) -> Parameters:
    """Parameters with which every symbol looks at the references."""
    given = quick_parameters() if parameters is None else parameters
    return given.referring(dict.fromkeys(references, ("*",))).spelled_out()


def led_market(seed: int, count: int, followers: Sequence[str] = ("IBM", "AIG")) -> list[Quote | Trade]:
    """Ticks with stamps of milliseconds, many of them equal: SPY quotes and trades, and others follow its price."""
    random = Random(seed)
    at, leader = BEGIN, 100.0
    prices = dict.fromkeys(followers, 50.0)
    ticks: list[Quote | Trade] = []
    for _ in range(count):
        at += random.choice((0, 0, 1, 3, 20, 60)) * MS
        if random.random() < 0.5:
            leader *= 1.0 + random.gauss(0.0, 2e-4)
            if random.random() < 0.5:
                ticks.append(Trade(LEADER, at, price=leader, size=random.choice((0.0, 100.0)), side="buy"))
            else:
                ticks.append(_quote(LEADER, at, leader, random))
            continue
        symbol = random.choice(list(followers))
        prices[symbol] += 0.3 * (leader / 2.0 - prices[symbol]) + random.gauss(0.0, 2e-3)
        ticks.append(_quote(symbol, at, prices[symbol], random))
    return ticks


def _quote(symbol: str, at: int, mid: float, random: Random) -> Quote:
    return Quote(
        symbol,
        at,
        bid=mid - 0.01,
        bid_size=float(random.randint(1, 9)),
        ask=mid + 0.01,
        ask_size=float(random.randint(1, 9)),
    )


def published(ticks: Iterable[Quote | Trade], references: Sequence[str], partitions: int) -> list[SourceRecord]:
    """The records of empty topics to which `tickloop publish` sent these ticks."""
    offsets = [0] * partitions
    log = []
    for item in with_copies(list(ticks), references, partitions):
        if isinstance(item, Addressed):
            number, key, value = item.partition, item.key, item.value
        else:
            number, key, value = partition_of(item.symbol, partitions), item.symbol.encode(), payload(item)
        log.append(SourceRecord(number, offsets[number], key, value))
        offsets[number] += 1
    return log


def at_price(tick: Quote | Trade, factor: float) -> Quote | Trade:
    """The same tick at other prices."""
    if isinstance(tick, Trade):
        return replace(tick, price=tick.price * factor)
    return replace(tick, bid=tick.bid * factor, ask=tick.ask * factor, bid_size=9.0, ask_size=1.0)
