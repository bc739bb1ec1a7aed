"""The market node: ticks in; predictions, outcomes and dead letters out."""

from collections.abc import Sequence
from typing import Any

from msgspec import MsgspecError, Struct

from schemas.predictions import Prediction
from schemas.ticks import Directive, Quote, Trade
from schemas.topics import BREAKS, DEAD_LETTERS, OUTCOMES, PREDICTIONS, TICKS
from streams.engine.node import Node, not_a_snapshot
from streams.engine.signing import UNSIGNED, Signing
from streams.market.expected_names import expect_names
from streams.market.parameters import BySymbol, MarketParameters
from streams.market.pipeline import Pipeline
from streams.market.sizing import SizeExplained
from streams.market.state_size import check_largest_state
from streams.market.symbol_state import SymbolState
from streams.market.tick_checks import Validation

DEFAULTS = BySymbol()

LONGEST_PLAIN = 64
"""Characters; longer texts could hold more brackets than the codec lets pass."""


class MarketNode(Node[SymbolState]):
    """Node that predicts the next move of every symbol at each tick, scores its predictions and learns from them.

    Args:
        parameters: of all symbols, or of each.
        signing: tells the directives of the deployment from others; without a key any directive is taken.

    Raises:
        ConfigurationError: no pipeline can be built from the parameters, a name in them is of nothing that there is, or
            a state could become too large to store.

    >>> from schemas.ticks import Quote
    >>> node = MarketNode()
    >>> state = node.open("X")
    >>> (prediction,) = node.step(state, Quote("X", 1, 99.0, 3.0, 101.0, 1.0), "ticks:0:0")
    >>> prediction.direction, round(prediction.probability, 3), prediction.regime, prediction.position_size
    ('up', 0.655, 'calm-range', 0.0)
    """

    name = "market"
    source = TICKS
    outputs = (PREDICTIONS, OUTCOMES, BREAKS, DEAD_LETTERS)
    state = SymbolState

    def __init__(self, parameters: BySymbol | MarketParameters = DEFAULTS, signing: Signing = UNSIGNED) -> None:
        super().__init__()
        if isinstance(parameters, MarketParameters):
            parameters = BySymbol(parameters)
        expect_names(parameters.market)
        for symbol, own in parameters.symbols.items():
            expect_names(own, f"symbols.{symbol}.market")
        self._signing = signing
        self._pipeline = Pipeline(parameters.market)
        self._pipelines = {symbol: Pipeline(own) for symbol, own in parameters.symbols.items()}
        check_largest_state(self._pipeline, parameters.market, "[market]")
        for symbol, own in parameters.symbols.items():
            check_largest_state(self._pipelines[symbol], own, f"[symbols.{symbol}.market]")
        self._check = Validation(parameters.market.validation).check
        self._checks = {symbol: Validation(own.validation).check for symbol, own in parameters.symbols.items()}

    def admit(self, event: Any, record_id: str) -> None:
        """See `Node.admit`: a directive must have been signed for this place."""
        if type(event) is Directive:
            self._signing.admit(event, record_id)

    def is_plain(self, record: Struct) -> bool:
        """See `Node.is_plain`: a quote or a trade of finite numbers."""
        if type(record) is Quote:
            bid, ask, bid_size, ask_size = record.bid, record.ask, record.bid_size, record.ask_size
            plain = type(bid) is type(ask) is type(bid_size) is type(ask_size) is float
            total = bid + ask + bid_size + ask_size
        elif type(record) is Trade:
            price, size = record.price, record.size
            plain = type(price) is type(size) is float and len(record.side) <= LONGEST_PLAIN
            total = price + size
        else:
            return False
        if plain and total - total == 0.0 and len(record.symbol) <= LONGEST_PLAIN:
            self.check(record)
            return True
        return False

    def check(self, event: Any) -> None:
        """See `Node.check`: a tick must be valid by itself, a directive must be signed."""
        self._checks.get(event.symbol, self._check)(event)
        if type(event) is Directive:
            self._signing.check(event)

    def open(self, key: str) -> SymbolState:
        """State of a symbol that was never seen."""
        return self._pipelines.get(key, self._pipeline).open()

    def may_leave(self, state: SymbolState) -> bool:
        """See `Node.may_leave`: a symbol in its first warm-up, without scored predictions and without directives."""
        arms, judged = state.arms, state.arms.judged
        asked = arms.next_number > 1 or arms.applied or judged.ids or judged.floors
        # A break or a jump begins a warm-up of its own, and what came before it may have been long.
        return not (state.scored_at or state.admission.generation or state.admission.jumps or asked)

    def step(self, state: SymbolState, event: Any, record_id: str) -> Sequence[Struct]:
        """Outcomes that have matured by the tick, or the break at it, then the prediction that answers the tick.

        Empty for a directive.
        """
        pipeline = self._pipelines.get(event.symbol, self._pipeline)
        if state.made_with != pipeline.made_with:
            raise self.other_parameters(state.made_with, pipeline.made_with)
        if type(event) is Directive:
            if self._signing.meet(state.arms.judged, event, record_id):
                pipeline.direct(state, event)
            return ()
        return pipeline.take(state, event, record_id)

    def explain(self, state: SymbolState, prediction: Prediction) -> SizeExplained:
        """The numbers behind the position of `prediction`, which must be the last one made from `state`."""
        return self._pipelines.get(prediction.symbol, self._pipeline).explain(state, prediction)

    def revive(self, state: SymbolState) -> SymbolState:
        """See `Node.revive`: parts become the components' types; the parameters must be those of some symbol."""
        pipelines = (self._pipeline, *self._pipelines.values())
        for pipeline in pipelines:
            if state.made_with == pipeline.made_with:
                try:
                    pipeline.revive(state)
                except (MsgspecError, ValueError) as error:
                    raise not_a_snapshot(self, error, "the states of the components") from error
                return state
        raise self.other_parameters(state.made_with, *(pipeline.made_with for pipeline in pipelines))
