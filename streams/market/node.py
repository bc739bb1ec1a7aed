"""The market node: takes ticks, returns predictions, their outcomes, and records of abrupt changes of time or price."""

from collections.abc import Sequence
from typing import Any

from msgspec import UNSET, MsgspecError, Struct, msgpack
from msgspec.structs import replace

from schemas.errors import ConfigurationError, EnvironmentProblem, ModelRefused, Refused, UnknownName
from schemas.predictions import Prediction
from schemas.ticks import Directive, Quote, ReferenceTick, Trade
from schemas.topics import BREAKS, DEAD_LETTERS, FAULTS, OUTCOMES, PREDICTIONS, TICKS
from streams.engine.node import NO_KEY, Node, not_a_snapshot
from streams.engine.signing import UNSIGNED, Signing
from streams.market.expected_names import expect_names
from streams.market.features.parameters import MOST_REFERENCES
from streams.market.models.protocol import LiveModel
from streams.market.parameters import BySymbol, MarketParameters
from streams.market.pipeline import Pipeline
from streams.market.references import References
from streams.market.sizing import SizeExplained
from streams.market.state_size import room_for_models
from streams.market.symbol_state import SymbolState
from streams.market.tick_checks import Validation
from streams.market.tick_order import Admission

DEFAULTS = BySymbol()

LACKS = "a signed directive was accepted by a node, but this process lacks a part that it names: "
"""Before what is unknown here; a node accepts a directive only if it knows all of its parts."""

LONGEST_PLAIN = 64
"""Characters; longer texts could hold more brackets than the codec lets pass."""


class MarketNode(Node[SymbolState]):
    """Node that predicts the next move of every symbol at each tick, scores its predictions and learns from them.

    Args:
        parameters: for all symbols, or for each symbol.
        signing: checks the signatures of directives, the records that start, promote or stop a variant of the pipeline
            on a symbol. If it holds no key, unsigned directives are accepted.

    Raises:
        ConfigurationError: a parameter names something that does not exist, the parameters do not fit together, or the
            state of a symbol could become too large to store.

    >>> from schemas.ticks import Quote
    >>> node = MarketNode()
    >>> state = node.open("X")
    >>> quote = Quote("X", ts_event=1, bid=99.0, bid_size=3.0, ask=101.0, ask_size=1.0)
    >>> (prediction,) = node.step(state, quote, "ticks:0:0")
    >>> prediction.direction, round(prediction.probability, 3), prediction.regime, prediction.position_size
    ('up', 0.655, 'calm-range', 0.0)
    """

    name = "market"
    source = TICKS
    outputs = (PREDICTIONS, OUTCOMES, BREAKS, FAULTS, DEAD_LETTERS)
    state = SymbolState

    def __init__(self, parameters: BySymbol | MarketParameters = DEFAULTS, signing: Signing = UNSIGNED) -> None:
        super().__init__()
        if isinstance(parameters, MarketParameters):
            parameters = BySymbol(parameters)
        expect_names(parameters.market)
        for symbol, own in parameters.symbols.items():
            expect_names(own, f"symbols.{symbol}.market")
        self.references = frozenset(parameters.references)
        if len(self.references) > MOST_REFERENCES:
            raise ConfigurationError(
                f"[references]: expected at most {MOST_REFERENCES} symbols, was {', '.join(parameters.references)}; "
                "fix: take out those that say least"
            )
        self._admissions = {
            symbol: Admission(own.admission, own.horizon_ns)
            for symbol in parameters.references
            for own in (parameters.for_symbol(symbol),)
        }
        self._noticed: References | None = None
        parameters = parameters.spelled_out()
        self._dump = msgpack.Encoder(enc_hook=_stored).encode
        self._signing = signing
        self._pipeline = Pipeline(parameters.market)
        self._pipelines = {symbol: Pipeline(own) for symbol, own in parameters.symbols.items()}
        self._pipeline.give_models(room_for_models(self._pipeline, parameters.market, "[market]"))
        for symbol, own in parameters.symbols.items():
            pipeline = self._pipelines[symbol]
            pipeline.give_models(room_for_models(pipeline, own, f"[symbols.{symbol}.market]"))
        self.failures = self._pipeline.failures
        for each in self._pipelines.values():
            each.failures = self.failures
        self._check = Validation(parameters.market.validation).check
        self._checks = {symbol: Validation(own.validation).check for symbol, own in parameters.symbols.items()}

    def admit(self, event: Any, record_id: str) -> None:
        """Check the signature of a directive that would be the first record of a symbol; quotes and trades always pass.

        A directive is a record that starts, promotes or stops a variant of the pipeline on a symbol. Its signature
        covers the partition and the offset at which the directive was written.

        Args:
            event: quote, trade or directive.
            record_id: `topic:partition:offset` of the record.

        Raises:
            Refused: the signature is missing or not valid for this partition and offset.
        """
        if type(event) is Directive:
            self._signing.admit(event, record_id)

    def is_plain(self, record: Struct) -> bool:
        """Whether a record is a valid quote or trade that stays the same when it is encoded and decoded again.

        False also if this is not certain: for a record of another type, for a number that is not a finite float, and
        for a long text.

        Raises:
            Refused: the quote or trade is not valid; the caller writes a dead letter instead.
        """
        if type(record) is ReferenceTick:
            return record.of is UNSET and self.is_plain(record.tick)
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
        marked = record.copied
        if (
            plain
            and total - total == 0.0
            and len(record.symbol) <= LONGEST_PLAIN
            and (marked is UNSET or marked is True)
        ):
            self.check(record)
            return True
        return False

    def check(self, event: Any) -> None:
        """Check a record by itself, without the state of its symbol.

        Args:
            event: a quote or trade, whose symbol, time, prices and sizes are checked; or a directive (a record that
                starts, promotes or stops a variant of the pipeline), whose symbol, time and signature are checked; or
                a copy of a reference's tick, of which the tick is checked. A reference is a symbol that the features
                of other symbols look at.

        Raises:
            Refused: the record is not valid.
        """
        tick = event.tick if type(event) is ReferenceTick else event
        self._checks.get(tick.symbol, self._check)(tick)
        if type(event) is Directive:
            self._signing.check(event)

    def key(self, event: Any) -> str:
        """Symbol of a tick or directive; none for a copy of a reference's tick, which is noticed but opens no state."""
        return NO_KEY if type(event) is ReferenceTick else super().key(event)

    def open_context(self) -> References | None:
        """What a partition knows of the references, symbols that others look at; None if there are no references."""
        return References(self._admissions) if self.references else None

    def notice(self, context: Any, event: Any, record_id: str) -> Struct | None:
        """Take a tick of a reference, or a copy of one, into what the partition knows of references.

        The next call of `step` looks at the same references.

        Args:
            context: what `open_context` returned for the partition.
            event: any event of the partition.
            record_id: `topic:partition:offset` of its record.

        Returns:
            The copy that must be written to all other partitions, if the event is a tick of a reference and its
            producer has not copied it.
        """
        self._noticed = context
        kind = type(event)
        if kind is ReferenceTick:
            if event.symbol in context.states:
                context.take(event.tick, "" if event.of is UNSET else event.of)
        elif kind is not Directive and event.symbol in context.states:
            context.take(event)
            if event.copied is not True:
                return ReferenceTick(event if event.copied is UNSET else replace(event, copied=UNSET), record_id)
        return None

    def open(self, key: str) -> SymbolState:
        """Return the initial state of the symbol `key`, which has not had a tick."""
        return self._pipelines.get(key, self._pipeline).open()

    def may_leave(self, state: SymbolState) -> bool:
        """Whether a symbol's state may be dropped to make room, since it holds nothing worth keeping.

        False as soon as one of these has happened: a prediction was chosen for scoring; time or price
        changed abruptly; a directive was carried out; or a signed directive was refused. A directive is
        a record that starts, promotes or stops a variant of the pipeline.
        """
        arms, judged = state.arms, state.arms.judged
        asked = arms.next_number > 1 or arms.applied or judged.ids or judged.floors
        # A break or a jump begins a warm-up of its own, and what came before it may have been long.
        return not (state.scored_at or state.admission.generation or state.admission.jumps or asked)

    def step(self, state: SymbolState, event: Any, record_id: str) -> Sequence[Struct]:
        """Take a quote, a trade or a directive into a symbol's state and return the records that follow from it.

        Args:
            state: the symbol's state, which is changed.
            event: the quote, trade or directive (a record that starts, promotes or stops a variant of the pipeline).
            record_id: `topic:partition:offset` of the record.

        Returns:
            First the outcomes of predictions whose horizon has ended; then, if time or price changed abruptly at this
            tick, a record of the change; then records of components that failed; last the prediction at this tick.
            Nothing follows from a directive.

        Raises:
            Refused: the record contradicts earlier ones, or the directive cannot be carried out.
            OtherParameters: the state was computed with parameters other than the present ones of this symbol.
            EnvironmentProblem: a signed directive, which a node has accepted, needs a library or a part of a plug-in
                that is not there. To pass it over would be another result.
        """
        pipeline = self._pipelines.get(event.symbol, self._pipeline)
        if state.made_with != pipeline.made_with:
            raise self.other_parameters(state.made_with, pipeline.made_with)
        if type(event) is Directive:
            if self._signing.meet(state.arms.judged, event, record_id):
                try:
                    pipeline.direct(state, event)
                except Refused as refused:
                    if self._signing and (unknown := _unknown_name(refused)) is not None:
                        raise EnvironmentProblem(
                            f"{record_id}: {LACKS}{unknown.found}; fix: {unknown.fix}"
                        ) from refused
                    raise
            return ()
        noticed = self._noticed
        return pipeline.take(state, event, record_id, None if noticed is None else noticed.history)

    def explain(self, state: SymbolState, prediction: Prediction) -> SizeExplained:
        """Return the numbers that led to the position of `prediction`, the last prediction made from `state`."""
        return self._pipelines.get(prediction.symbol, self._pipeline).explain(state, prediction)

    def revive(self, state: SymbolState) -> SymbolState:
        """Return a state that was decoded from a snapshot, its parts converted to the types that the components use.

        Raises:
            StateError: a part does not fit its type.
            OtherParameters: the state was computed with parameters that no symbol has now.
            EnvironmentProblem: a library that a further model of the state needs is not installed.
        """
        pipelines = (self._pipeline, *self._pipelines.values())
        for pipeline in pipelines:
            if state.made_with == pipeline.made_with:
                try:
                    pipeline.revive(state)
                except (MsgspecError, ModelRefused, ValueError) as error:
                    raise not_a_snapshot(self, error, "the states of the components") from error
                return state
        raise self.other_parameters(state.made_with, *(pipeline.made_with for pipeline in pipelines))


def _unknown_name(error: BaseException) -> UnknownName | None:
    """The unknown name that an error came from; None if it came from something else."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, UnknownName):
        cause = cause.__cause__
    return cause


def _stored(part: Any) -> Any:
    """A part of a state that is no plain value, as plain values: the numbers of a further model."""
    if isinstance(part, LiveModel):
        return part.stored()
    raise TypeError(f"expected a part of a state, was {type(part).__name__}")
