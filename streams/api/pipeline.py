"""The whole prediction pipeline as one Python object, with the same results as the workers on Kafka."""

from collections.abc import Mapping
from typing import Any

from msgspec import UNSET, Struct, ValidationError, convert

from schemas.errors import Refused
from schemas.outcomes import OutcomeMatured
from schemas.predictions import Prediction
from schemas.ticks import Quote, Tick, Trade
from streams.market.node import MarketNode
from streams.market.parameters import MarketParameters
from streams.market.sizing import SizeExplained
from streams.market.symbol_state import SymbolState
from streams.parameters import Parameters
from streams.scoring import tally
from streams.scoring.tally import Tally

DEFAULTS = Parameters()


class PipelinePrediction(Struct, frozen=True):
    """Prediction for one tick.

    Attributes:
        symbol: symbol of the tick.
        strategy: name of the expert (strategy or model) with the largest weight in the mixture.
        position_size: signed fraction of capital to hold; 0 if the expected edge does not exceed the cost.
        regime: kind of market, for example `calm-range`.
        confidence: calibrated probability of the predicted direction, 0.5 to 1.
        features_used: value of each feature that the prediction was computed from, by name.
        timestamp: event time of the tick, ns since 1970, UTC.
        metrics: numbers by name. Of this prediction: `probability` of an upward move, `expected_edge_bps`, `cost_bps`,
            `strategy_weight` and `regime_probability`. Of the symbol's earlier predictions: `matured`, the number whose
            horizon has passed; `accuracy` and `log_loss` (nats) of those in which the mid moved, 0 before the first;
            `expected_accuracy` and `expected_log_loss`, the values that the latest predictions imply if they are
            calibrated.
        record: the complete prediction record as on the topic `predictions`.
    """

    symbol: str
    strategy: str
    position_size: float
    regime: str
    confidence: float
    features_used: dict[str, float]
    timestamp: int
    metrics: dict[str, float]
    record: Prediction


class UnifiedMLPipeline:
    """The whole prediction pipeline behind one call, from features to position size.

    It learns as outcomes become known. It runs one partition of the market node in memory. Given the ticks of a topic,
    `predict` returns exactly the records that the workers publish.

    Args:
        parameters: parameters of the market node, for all symbols; or `Parameters`, which may differ between symbols.

    Attributes:
        node: the market node.
        outcomes: outcomes that became known at the last call of `predict`: earlier predictions of that symbol whose
            horizon has passed.

    >>> pipeline = UnifiedMLPipeline()
    >>> prediction = pipeline.predict("X", {"ts_event": 1, "bid": 99.0, "bid_size": 3.0, "ask": 101.0, "ask_size": 1.0})
    >>> prediction.strategy, prediction.regime, round(prediction.confidence, 3), prediction.position_size
    ('imbalance', 'calm-range', 0.655, 0.0)
    >>> prediction.features_used["queue_imbalance"], prediction.metrics["cost_bps"], pipeline.outcomes
    (0.5, 201.1, ())
    >>> pipeline.predict("X", {"ts_event": 2, "bid": 99.0, "bid_size": 3.0, "ask": 98.0, "ask_size": 1.0})
    Traceback (most recent call last):
    ...
    schemas.errors.Refused: crossed_quote: expected a bid below the ask, was bid 99.0 and ask 98.0
    """

    def __init__(self, parameters: Parameters | MarketParameters = DEFAULTS) -> None:
        self.node = MarketNode(parameters)
        self.outcomes: tuple[OutcomeMatured, ...] = ()
        self._states: dict[str, SymbolState] = {}
        self._tallies: dict[str, Tally] = {}
        self._last: dict[str, str] = {}
        self._calls = 0
        self._references = self.node.open_context()

    def predict(self, symbol: str, market_data: Quote | Trade | Mapping[str, Any]) -> PipelinePrediction:
        """Process the next tick of a symbol: learn from outcomes that are now known, and return a prediction.

        Args:
            symbol: symbol of the tick.
            market_data: a `Quote` or a `Trade`, or a mapping with the fields of either. A mapping may lack `symbol` and
                `kind`. Without `kind` it is taken as a quote if it has a `bid`, else as a trade.

        Raises:
            Refused: the tick is not valid, or contradicts earlier ones; nothing but counters has changed.
        """
        # Like an offset, it counts ticks that are refused too: records then equal those of a replay to the byte.
        record_id = f"ticks:0:{self._calls}"
        self._calls += 1
        self.outcomes = ()
        tick = _tick(symbol, market_data)
        self.node.check(tick)
        if self._references is not None:
            self.node.notice(self._references, tick, record_id)
        state = self._states.get(symbol)
        if state is None:
            state = self._states[symbol] = self.node.open(symbol)
            self._tallies[symbol] = tally.start()
        *matured, answer = self.node.step(state, tick, record_id)
        self.outcomes = tuple(outcome for outcome in matured if isinstance(outcome, OutcomeMatured))
        sums = self._tallies[symbol]
        for outcome in self.outcomes:
            probability = outcome.arms[0].probability
            tally.update(sums, probability, outcome.label, outcome.return_bps, outcome.cost_bps)
        assert isinstance(answer, Prediction)
        assert state.features is not None
        self._last[symbol] = record_id
        expected = state.arms.arms[0].expected
        return PipelinePrediction(
            symbol,
            answer.strategy,
            answer.position_size,
            answer.regime,
            answer.confidence,
            dict(zip(answer.features, state.features.vector, strict=True)),
            answer.ts_event,
            {
                "probability": answer.probability,
                "expected_edge_bps": answer.expected_edge_bps,
                "cost_bps": answer.cost_bps,
                "strategy_weight": answer.strategy_weight,
                "regime_probability": answer.regime_probability,
                "matured": float(sums.correlation.pairs),
                "accuracy": sums.right / max(1, sums.moved),
                "log_loss": sums.loss / max(1, sums.moved),
                "expected_accuracy": expected.accuracy,
                "expected_log_loss": expected.log_loss,
            },
            answer,
        )

    def explain(self, prediction: PipelinePrediction) -> SizeExplained:
        """The numbers from which the position of a symbol's last prediction was computed.

        >>> pipeline = UnifiedMLPipeline()
        >>> tick = {"ts_event": 1, "bid": 99.0, "bid_size": 3.0, "ask": 101.0, "ask_size": 1.0}
        >>> explained = pipeline.explain(pipeline.predict("X", tick))
        >>> explained.decided_by, explained.net_bps, explained.stand_aside, explained.limits
        ('cost', -201.1, True, {})

        Raises:
            ValueError: `prediction` is not the last one of its symbol from this pipeline.
        """
        state = self._states.get(prediction.symbol)
        if state is None or self._last.get(prediction.symbol) != prediction.record.id:
            raise ValueError(f"expected the last prediction of {prediction.symbol}, was {prediction.record.id}")
        return self.node.explain(state, prediction.record)

    def faults(self, symbol: str) -> dict[str, int]:
        """For each component that failed on ticks of a symbol, the number of ticks at which its fallback was used.

        >>> UnifiedMLPipeline().faults("X")
        {}
        """
        state = self._states.get(symbol)
        return {} if state is None else dict(state.faults.counts)


def _tick(symbol: str, market_data: Quote | Trade | Mapping[str, Any]) -> Quote | Trade:
    if isinstance(market_data, Quote | Trade):
        tick = market_data
    else:
        # Numbers out of a data frame are numpy's; the records know only Python's.
        fields = {
            name: value.item() if hasattr(value, "item") else value
            for name, value in market_data.items()
            if value is not UNSET
        }
        fields = {"kind": "quote" if "bid" in fields else "trade", "symbol": symbol} | fields
        try:
            converted = convert(fields, Tick)
        except ValidationError as error:
            raise Refused("malformed", str(error)) from error
        if not isinstance(converted, Quote | Trade):
            raise Refused("malformed", f"expected a quote or a trade, was {fields['kind']!r:.80}")
        tick = converted
    if tick.symbol != symbol:
        raise Refused("bad_symbol", f"expected a tick of {symbol!r:.80}, was one of {tick.symbol!r:.80}")
    return tick
