"""The market node: ticks in; predictions, outcomes and dead letters out."""

from collections.abc import Sequence
from typing import Any

from msgspec import MsgspecError, Struct, msgpack

from schemas.codec import encode
from schemas.predictions import Prediction
from schemas.ticks import Directive, Quote, Trade
from schemas.topics import BREAKS, DEAD_LETTERS, OUTCOMES, PREDICTIONS, TICKS
from streams.engine.node import Node, not_a_snapshot
from streams.engine.other_parameters import OtherParameters
from streams.engine.signing import UNSIGNED, Signing
from streams.market.known_names import expect_names
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
    """Predicts the next move of every symbol, scores itself and learns.

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
        self._load = msgpack.Decoder(SymbolState).decode
        self._dump = msgpack.Encoder().encode

    def decode(self, value: bytes | None) -> Any:
        """Bytes to a tick that makes sense by itself; raises `Refused` for any other."""
        event = super().decode(value)
        self.check(event)
        if type(event) is Directive:
            self._signing.check(event)
        return event

    def admit(self, event: Any, record_id: str) -> None:
        """See `Node.admit`: a directive must have been signed for this place."""
        if type(event) is Directive:
            self._signing.admit(event, record_id)

    def receive(self, record: Struct) -> Any:
        """See `Node.receive`: a quote or a trade of plain finite numbers is its own bytes decoded."""
        if type(record) is Quote:
            bid, ask, bid_size, ask_size = record.bid, record.ask, record.bid_size, record.ask_size
            plain = type(bid) is type(ask) is type(bid_size) is type(ask_size) is float
            total = bid + ask + bid_size + ask_size
        elif type(record) is Trade:
            price, size = record.price, record.size
            plain = type(price) is type(size) is float and len(record.side) <= LONGEST_PLAIN
            total = price + size
        else:
            return self.decode(encode(record))
        if plain and total - total == 0.0 and len(record.symbol) <= LONGEST_PLAIN:
            self.check(record)
            return record
        return self.decode(encode(record))

    def check(self, event: Any) -> None:
        """Let a tick pass that makes sense by itself; raises `Refused` for any other."""
        self._checks.get(event.symbol, self._check)(event)

    def open(self, key: str) -> SymbolState:
        """State of a symbol that was never seen."""
        return self._pipelines.get(key, self._pipeline).open()

    def may_leave(self, state: SymbolState) -> bool:
        """See `Node.may_leave`: a symbol in its first warm-up, of which nothing was scored and nothing was asked."""
        arms, judged = state.arms, state.arms.judged
        asked = arms.next_number > 1 or arms.applied or judged.ids or judged.floors
        # A break or a jump begins a warm-up of its own, and what came before it may have been long.
        return not (state.scored_at or state.admission.generation or state.admission.jumps or asked)

    def step(self, state: SymbolState, event: Any, record_id: str) -> Sequence[Struct]:
        """Outcomes that the tick brings to light or the break that it is, then the prediction that answers it.

        Nothing for a directive.
        """
        pipeline = self._pipelines.get(event.symbol, self._pipeline)
        if state.made_with != pipeline.made_with:
            raise OtherParameters(_other_parameters(state, (pipeline,)), state.made_with)
        if type(event) is Directive:
            if self._signing.is_new(state.arms.judged, event, record_id):
                pipeline.direct(state, event)
            return ()
        return pipeline.take(state, event, record_id)

    def explain(self, state: SymbolState, prediction: Prediction) -> SizeExplained:
        """Every number that led to the position of `prediction`, which must be the last one made from `state`."""
        return self._pipelines.get(prediction.symbol, self._pipeline).explain(state, prediction)

    def dump(self, state: SymbolState) -> bytes:
        """Snapshot: MessagePack, in which doubles keep all their bits."""
        return self._dump(state)

    def load(self, snapshot: bytes) -> SymbolState:
        """State from a snapshot.

        Raises:
            StateError: it is damaged, or of another layout, or was computed with parameters that no symbol has now.
        """
        try:
            state = self._load(snapshot)
        except MsgspecError as error:
            raise not_a_snapshot(self, error) from error
        pipelines = (self._pipeline, *self._pipelines.values())
        for pipeline in pipelines:
            if state.made_with == pipeline.made_with:
                try:
                    pipeline.revive(state)
                except (MsgspecError, ValueError) as error:
                    raise not_a_snapshot(self, error, "the states of the components") from error
                return state
        raise OtherParameters(_other_parameters(state, pipelines), state.made_with)


def _other_parameters(state: SymbolState, pipelines: Sequence[Pipeline]) -> str:
    expected = " or ".join(pipeline.made_with[:12] for pipeline in pipelines)
    return (
        f"expected a snapshot computed with the parameters {expected}, was {state.made_with[:12]}; "
        "fix: restore the earlier parameters; or `tickloop topics reset` to compute everything anew, or start under "
        "another prefix and replay the ticks"
    )
