"""What the references of a partition did lately, which the features of all its symbols may look at.

A reference is a symbol whose last state the features of other symbols look at, such as SPY for all shares.
"""

from dataclasses import dataclass, field
from typing import Final

from msgspec import MsgspecError, msgpack

from schemas.errors import Refused, StateError
from schemas.positions import position_of
from schemas.ticks import Quote, Trade
from streams.market.features.reference_history import WINDOW_NS, ReferenceHistory, extend
from streams.market.tick_order import GOES_ON, JUMPED, Admission, AdmissionState

NO_COPY: Final = -1


@dataclass
class ReferenceState:
    """What a partition knows of one reference.

    Attributes:
        admission: time, sequence numbers and refused ticks of the reference, with which its next tick is compared.
        history: its price, queue imbalance and spread in the last seconds.
        price: its last price, with which the next one is compared, quote currency; 0 before the first tick.
        mid, imbalance, spread, quoted_at: mid, queue imbalance, spread and event time of its last quote; 0 before the
            first, and if it is older than the history.
        traded, traded_at: price and event time of its last trade; 0 before the first.
        sized: whether a trade with a size has come; from then on trades of size 0 are ignored.
        copied: offset of the last tick of which a worker's copy was taken; -1 if there was none.
    """

    admission: AdmissionState = field(default_factory=AdmissionState)
    history: ReferenceHistory = field(default_factory=ReferenceHistory)
    price: float = 0.0
    mid: float = 0.0
    imbalance: float = 0.0
    spread: float = 0.0
    quoted_at: int = 0
    traded: float = 0.0
    traded_at: int = 0
    sized: bool = False
    copied: int = NO_COPY


class References:
    """The references of one partition, updated by their own ticks or by copies of these in the same partition.

    Each partition makes its own checks of the order of a reference's ticks, with the checks of any symbol
    (`streams.market.tick_order`): a tick that contradicts earlier ones is not taken, a lasting change is.

    Args:
        admissions: for each reference, the checks of time and price of its ticks.

    Attributes:
        states: what is known of each reference.
    """

    def __init__(self, admissions: dict[str, Admission]) -> None:
        self._admissions = admissions
        self.states = {symbol: ReferenceState() for symbol in admissions}

    def history(self, symbol: str) -> ReferenceHistory | None:
        """What a reference did lately; None if the symbol is no reference."""
        found = self.states.get(symbol)
        return None if found is None else found.history

    def take(self, tick: Quote | Trade, of: str = "") -> None:
        """Take a tick of a reference, or ignore it: it contradicts earlier ones, or is a repeat.

        Args:
            tick: quote or trade that has passed the checks of a tick by itself.
            of: `topic:partition:offset` of the tick, if this is a copy that a worker made; otherwise empty.
        """
        state = self.states[tick.symbol]
        offset = position_of(of)[0] if of else NO_COPY
        if NO_COPY < offset <= state.copied and tick.ts_event <= state.admission.clock:
            return
        if isinstance(tick, Trade) and tick.size == 0.0 and state.sized:
            return
        price = 0.5 * (tick.bid + tick.ask) if isinstance(tick, Quote) else tick.price
        try:
            taken = self._admissions[tick.symbol].admit(state.admission, tick, price, state.price)
        except Refused:
            return
        finally:
            state.copied = max(state.copied, offset)
        if taken not in (GOES_ON, JUMPED):
            state.history = ReferenceHistory()
            state.mid = state.imbalance = state.spread = state.traded = 0.0
        now = state.admission.clock
        state.price = price
        if isinstance(tick, Quote):
            sizes = tick.bid_size + tick.ask_size
            state.mid = price
            state.imbalance = (tick.bid_size - tick.ask_size) / sizes if sizes > 0.0 else 0.0
            state.spread = (tick.ask - tick.bid) / price * 1e4
            state.quoted_at = now
        else:
            if now - state.quoted_at > WINDOW_NS:
                state.mid = state.imbalance = state.spread = 0.0
            state.sized = state.sized or tick.size > 0.0
            state.traded, state.traded_at = price, now
        traded = state.traded and (not state.mid or now - state.traded_at <= WINDOW_NS)
        extend(state.history, now, (state.traded if traded else state.mid, state.imbalance, state.spread))

    def dump(self) -> bytes:
        """Everything that is known of the references, as bytes."""
        return msgpack.encode(self.states)

    def load(self, snapshot: bytes) -> None:
        """Take over what `dump` returned, for the references that there still are.

        Raises:
            StateError: the bytes are something else.
        """
        try:
            stored = msgpack.decode(snapshot, type=dict[str, ReferenceState])
        except MsgspecError as error:
            raise StateError(
                f"expected what was known of references, was something else: {error}; fix: put back the code that "
                "stored it; or `tickloop topics reset`, which computes everything anew from the ticks"
            ) from error
        self.states.update((symbol, state) for symbol, state in stored.items() if symbol in self.states)
