"""The vector of one symbol: the values of all its computed features, as one list of numbers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from math import isfinite
from operator import itemgetter
from typing import Any

from msgspec import convert, json, to_builtins

from schemas.ticks import Quote, Trade
from streams.engine.faults import Faults
from streams.market.features.moment import Moment
from streams.market.features.parameters import ReferenceParameters
from streams.market.features.reference_history import ReferenceHistory
from streams.market.features.references import ABSENT, WIDTH
from streams.market.features.registry import FEATURES, FeatureParameters, chosen

View = Callable[[Sequence[float]], Sequence[float]]
"""Function from the vector of all features to those that a component needs, in the component's order."""

Histories = Callable[[str], ReferenceHistory | None]
"""Function from the symbol of a reference to what it did lately; None if nothing is known of it."""


def picking(places: Sequence[int]) -> View:
    """Return a function that picks the numbers at the given places out of a vector, in the order of `places`.

    >>> picking([2, 0])([0.1, 0.2, 3.0]), picking([1])([0.1, 0.2, 3.0]), picking([])([0.1])
    ((3.0, 0.1), (0.2,), ())
    """
    if len(places) == 1:
        (at,) = places
        return lambda vector: (vector[at],)
    return itemgetter(*places) if places else lambda vector: ()


@dataclass
class FeatureState:
    """Everything that the features of one symbol remember between two ticks.

    Attributes:
        now: the market as of the last tick.
        families: states of the computed families (groups of features), in the order of `Features.names`.
        vector: values of the features after the last tick, in the order of `Features.names`.
    """

    now: Moment
    families: list[Any]
    vector: list[float]


class Features:
    """Computes the features of a symbol at each tick; what must be remembered between ticks is in a `FeatureState`.

    If a family (group of features) fails, the values of all its features are 0 at this tick. A single value that is not
    finite becomes 0. Both are reported.

    Args:
        parameters: parameters of the features.
        needs: names of the features to compute. If one feature of a family is named, all features of the family are
            computed. `parameters.recorded` is not looked at: who wants those features names them here.

    Attributes:
        names: names of the computed features, in the order of their values in the vector.

    >>> features = Features(FeatureParameters(), ["spread", "ewma_volatility"])
    >>> features.names
    ('ewma_volatility', 'spread')
    >>> state = features.start(100.0)
    >>> features.quote(state, Quote("X", ts_event=1, bid=99.0, bid_size=1.0, ask=101.0, ask_size=1.0), Faults())
    True
    >>> state.vector
    [0.0, 200.0]
    """

    def __init__(self, parameters: FeatureParameters, needs: Sequence[str] = FEATURES) -> None:
        computed = chosen(needs)
        self._families = [each.build(parameters) for each in computed]
        self.names = tuple(feature.name for each in computed for feature in each.features)
        self._parameters = parameters
        self._references = [family for family, each in zip(self._families, computed, strict=True) if each.reference]
        self._advances = []
        self._trades = []
        at = 0
        for index, each in enumerate(computed[: len(computed) - len(self._references)]):
            family, width = self._families[index], len(each.features)
            self._advances.append((family.advance, each.family, width))
            trade = getattr(family, "trade", None)
            if trade is not None:
                self._trades.append((index, slice(at, at + width), trade, each.family, width))
            at += width
        self._own_width = at
        self._width = at + WIDTH * len(self._references)

    def digest(self) -> str:
        """Return the first 12 hex digits of the SHA-256 over the names of the features and all their parameters.

        >>> default, other = Features(FeatureParameters()), Features(FeatureParameters(trade_window=20))
        >>> len(default.digest()), default.digest() == other.digest()
        (12, False)
        """
        parameters = to_builtins(self._parameters)
        if self._parameters.references == ReferenceParameters():
            del parameters["references"]
        return sha256(json.encode((self.names, parameters))).hexdigest()[:12]

    def view(self, needs: Sequence[str]) -> View:
        """Return a function that picks the named features out of a vector, in the order of `needs`.

        >>> view = Features(FeatureParameters(), ["rsi", "spread"]).view(["spread"])
        >>> view([0.1, 0.2, 3.0])  # rsi, macd (computed, because rsi is of the same family), spread
        (3.0,)
        """
        return picking([self.names.index(name) for name in needs])

    def start(self, mid: float) -> FeatureState:
        """Return the state of a symbol before its first tick.

        Args:
            mid: the first reference price (mid of a quote, or price of a trade), quote currency. The features start as
                if the reference price had always been `mid`.
        """
        return FeatureState(Moment(mid), [family.start(mid) for family in self._families], [0.0] * self._width)

    def fullest(self, mid: float) -> FeatureState:
        """Return a state that takes as many bytes as any can.

        Args:
            mid: the reference price, quote currency.
        """
        families = [getattr(family, "fullest", family.start)(mid) for family in self._families]
        return FeatureState(Moment(mid), families, [0.1] * self._width)

    def revive(self, state: FeatureState) -> None:
        """Convert the parts of a state that was decoded from a snapshot, in place, to the types that the features use.

        Raises:
            ValidationError: a part does not fit its type.
        """
        state.families = [
            convert(own, family.state) for own, family in zip(state.families, self._families, strict=True)
        ]

    def quote(self, state: FeatureState, quote: Quote, faults: Faults, histories: Histories | None = None) -> bool:
        """Update all features by a quote, whose mid becomes the reference price that returns are computed from.

        Args:
            state: the symbol's state, which is changed.
            quote: the quote.
            faults: takes a report of every group of features that fails.
            histories: what references (other symbols that features look at) did lately; None if there are none.

        Returns:
            True, since a quote always sets the reference price; the method `trade` may return False.
        """
        now = state.now
        now.bid = bid = quote.bid
        now.bid_size = quote.bid_size
        now.ask = ask = quote.ask
        now.ask_size = quote.ask_size
        now.ts_event = now.quoted_at = quote.ts_event
        self._advance(state, 0.5 * (bid + ask), faults)
        if self._references:
            self._look(state, faults, histories)
        return True

    def forget_quote(self, state: FeatureState) -> None:
        """Set bid, ask and their sizes to 0, because the last quote is too old to be used.

        Until the next quote, prices of trades take the place of the mid.
        """
        now = state.now
        now.bid = now.bid_size = now.ask = now.ask_size = 0.0

    def trade(self, state: FeatureState, trade: Trade, faults: Faults, histories: Histories | None = None) -> bool:
        """Update the features that depend on trades; if there is no valid quote, update all features.

        Args:
            state: the symbol's state, which is changed.
            trade: the trade. If there is no valid quote, its price becomes the reference price that returns are
                computed from.
            faults: takes a report of every group of features that fails.
            histories: what references (other symbols that features look at) did lately; None if there are none.

        Returns:
            Whether the trade has set the reference price.
        """
        now = state.now
        now.price = price = trade.price
        now.size = trade.size
        now.side = trade.side
        now.ts_event = trade.ts_event
        vector = state.vector
        for index, at, take, name, width in self._trades:
            try:
                values = take(state.families[index], now)
                vector[at] = values if len(values) == width else _absent(name, width, "number of values", faults)
            except Exception as problem:  # noqa: BLE001 - the family may be the user's: whatever it raises is reported
                vector[at] = _absent(name, width, type(problem).__name__, faults)
        quoted = bool(now.bid)
        if not quoted:
            self._advance(state, price, faults)
        elif self._trades:
            self._refuse_what_is_not_finite(vector, faults)
        if self._references:
            self._look(state, faults, histories)
        return not quoted

    def _look(self, state: FeatureState, faults: Faults, histories: Histories | None) -> None:
        vector, families = state.vector, state.families
        del vector[self._own_width :]
        for index, family in enumerate(self._references, len(self._advances)):
            history = None if histories is None else histories(family.symbol)
            values = family.look(families[index], state.now, history)
            if values is None:
                faults.remark(family.absent)
            vector += ABSENT if values is None else values

    def _advance(self, state: FeatureState, mid: float, faults: Faults) -> None:
        now = state.now
        last = now.mid
        now.mid = mid
        now.move = mid - last
        now.change = (mid / last - 1.0) * 1e4
        vector: list[float] = []
        families = state.families
        for index, (advance, name, width) in enumerate(self._advances):
            try:
                values = advance(families[index], now)
                vector += values if len(values) == width else _absent(name, width, "number of values", faults)
            except Exception as problem:  # noqa: BLE001 - the family may be the user's: whatever it raises is reported
                vector += _absent(name, width, type(problem).__name__, faults)
        self._refuse_what_is_not_finite(vector, faults)
        state.vector = vector

    def _refuse_what_is_not_finite(self, vector: list[float], faults: Faults) -> None:
        # A sum that is NaN or infinite differs from itself less itself; each number is then looked at alone.
        total = sum(vector)
        if total - total == 0.0:
            return
        for index, value in enumerate(vector):
            if not isfinite(value):
                faults.note(f"feature {self.names[index]}", "not finite", "0 in its place")
                vector[index] = 0.0


def _absent(family: str, width: int, problem: str, faults: Faults) -> tuple[float, ...]:
    faults.note(f"features {family}", problem, "0 in their place")
    return (0.0,) * width
