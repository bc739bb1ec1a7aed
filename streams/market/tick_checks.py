"""Checks of one tick by itself: its symbol, time, prices and sizes."""

from typing import Any, NoReturn

from msgspec import Struct

from schemas.errors import Refused
from schemas.limits import END_OF_TIME, HIGHEST_PRICE, LARGEST_SIZE, LONGEST_SYMBOL, LOWEST_PRICE
from schemas.ticks import Quote, Trade


class ValidationParameters(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Whether two kinds of unusual ticks are accepted.

    Attributes:
        accept_locked: whether quotes whose bid equals the ask are accepted.
        accept_unknown_side: whether trades without a known aggressor are accepted. Such trades count in the traded
            volume, but neither as bought nor as sold.
    """

    accept_locked: bool = True
    accept_unknown_side: bool = True


class Validation:
    """Checks each tick by itself, without looking at earlier ones.

    >>> check = Validation(ValidationParameters()).check
    >>> check(Quote("X", 1, bid=9.0, bid_size=1.0, ask=8.0, ask_size=1.0))
    Traceback (most recent call last):
    ...
    schemas.errors.Refused: crossed_quote: expected a bid below the ask, was bid 9.0 and ask 8.0
    """

    def __init__(self, parameters: ValidationParameters) -> None:
        self._accept_locked = parameters.accept_locked
        self._accept_unknown_side = parameters.accept_unknown_side

    def check(self, event: Any) -> None:
        """Check a quote, trade or other record of a symbol; return nothing if it is valid.

        Of other records only symbol and time are checked.

        Raises:
            Refused: the record is not valid. The reason is `bad_symbol`, `bad_time`, `bad_sequence`, `bad_price`,
                `bad_size`, `crossed_quote`, `locked_quote` or `unknown_side`.
        """
        symbol = event.symbol
        if not (0 < len(symbol) <= LONGEST_SYMBOL and symbol.isascii() and symbol.isprintable() and " " not in symbol):
            raise Refused("bad_symbol", f"expected 1 to 32 printable ASCII characters, no space, was {symbol!r:.80}")
        if not 0 < event.ts_event < END_OF_TIME:
            raise Refused("bad_time", f"expected nanoseconds since 1970 from 1 to 2**63 - 1, was {event.ts_event}")
        # One chained comparison lets good ticks pass; NaN fails it like everything else that is wrong.
        kind = type(event)
        if kind is Quote:
            if not (
                LOWEST_PRICE <= event.bid < event.ask <= HIGHEST_PRICE
                and 0.0 <= event.bid_size <= LARGEST_SIZE
                and 0.0 <= event.ask_size <= LARGEST_SIZE
            ):
                self._question(event)
        elif kind is Trade:
            if not (LOWEST_PRICE <= event.price <= HIGHEST_PRICE and 0.0 <= event.size <= LARGEST_SIZE):
                _refuse_price_or_size(event, ("price",), ("size",))
            if event.side not in ("buy", "sell") and not self._accept_unknown_side:
                raise Refused("unknown_side", f"expected buy or sell, was {event.side!r:.80}")
        else:
            return
        if event.seq is not None and not -END_OF_TIME <= event.seq < END_OF_TIME:
            raise Refused("bad_sequence", f"expected a 64-bit number, was {event.seq}")

    def _question(self, quote: Quote) -> None:
        bid, ask = quote.bid, quote.ask
        if not (LOWEST_PRICE <= bid <= HIGHEST_PRICE and LOWEST_PRICE <= ask <= HIGHEST_PRICE and bid <= ask):
            if bid > ask and bid <= HIGHEST_PRICE and ask >= LOWEST_PRICE:
                raise Refused("crossed_quote", f"expected a bid below the ask, was bid {bid} and ask {ask}")
            _refuse_price_or_size(quote, ("bid", "ask"), ())
        if not (0.0 <= quote.bid_size <= LARGEST_SIZE and 0.0 <= quote.ask_size <= LARGEST_SIZE):
            _refuse_price_or_size(quote, (), ("bid_size", "ask_size"))
        if not self._accept_locked:
            raise Refused("locked_quote", f"expected a bid below the ask, was both {bid}")


def _refuse_price_or_size(event: Quote | Trade, prices: tuple[str, ...], sizes: tuple[str, ...]) -> NoReturn:
    for name in prices:
        value = getattr(event, name)
        if not LOWEST_PRICE <= value <= HIGHEST_PRICE:
            way = "; returns need prices above 0; fix: shift or difference the price" if value <= 0.0 else ""
            raise Refused("bad_price", f"expected {name} from {LOWEST_PRICE} to {HIGHEST_PRICE}, was {value}{way}")
    given = ", ".join(f"{name} {getattr(event, name)}" for name in sizes)
    raise Refused("bad_size", f"expected sizes from 0 to {LARGEST_SIZE}, was {given}")
