"""Runs two strategies on the same ticks, each in its own market node, and pairs their outcomes."""

from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import replace

from schemas.dead_letters import DeadLetter
from schemas.errors import ConfigurationError
from schemas.outcomes import OutcomeMatured
from streams.api.ticks import Ticks, feed
from streams.engine.feed import payload
from streams.engine.partition import Partition
from streams.experiments.pairs import Pair
from streams.market.node import MarketNode
from streams.market.parameters import CorrectionParameters, MarketParameters
from streams.parameters import Parameters

Strategy = Parameters | MarketParameters | str
"""Parameters of the pipeline, or the name of a strategy that runs alone."""

REPORT_EVERY = 5_000

DAY_NS = 86_400 * 10**9


class SideBySide(Struct, frozen=True):
    """Paired outcomes of two strategies, A and B, on the same ticks.

    Attributes:
        pairs: results of A and B for each prediction that was scored for both, in the order in which outcomes became
            known.
        symbols: symbol of each pair.
        made: event time of the prediction of each pair, ns since 1970, UTC.
        horizons_ns: horizon of the prediction of each pair, ns.
        ticks: number of ticks read.
        refused: number of ticks that strategy A's node refused.
        alone: number of outcomes that only one of the two strategies has.
        first_ts, last_ts: event times of the first and the last outcome, ns; 0 without pairs.
    """

    pairs: list[Pair]
    symbols: list[str]
    made: list[int]
    horizons_ns: list[int]
    ticks: int
    refused: int
    alone: int
    first_ts: int
    last_ts: int


def parameters_of(strategy: Strategy, base: Parameters) -> Parameters:
    """Parameters of the pipeline that runs a strategy.

    Args:
        strategy: parameters, which are returned as they are; or the name of a strategy, which then runs alone,
            calibrated and without a learning model.
        base: if `strategy` is a name, the parameters for everything else.

    >>> parameters_of("momentum", Parameters()).market.strategies.enabled
    ('momentum',)
    """
    if isinstance(strategy, MarketParameters):
        return Parameters(strategy)
    if isinstance(strategy, Parameters):
        return strategy
    return Parameters(
        _alone(strategy, base.market), {symbol: _alone(strategy, own) for symbol, own in base.symbols.items()}
    )


def side_by_side(
    a: Parameters,
    b: Parameters,
    ticks: Ticks,
    duration_days: float | None = None,
    progress: Callable[[int], None] = lambda ticks: None,
) -> SideBySide:
    """Run two strategies on the same ticks and pair their outcomes.

    Args:
        a, b: parameters of each strategy; fields that determine which predictions are scored must be equal.
        ticks: a file or several, a table, or tick records in order of event time, of one symbol or several.
        duration_days: length of the part of the ticks that is used, from the first tick on, days of event time; None:
            all ticks.
        progress: function that is called from time to time with the number of ticks done.

    Raises:
        ConfigurationError: with these parameters the two strategies would be scored on different predictions.
    """
    _expect_comparable(a, b)
    one, other = Partition(MarketNode(a), 0), Partition(MarketNode(b), 0)
    waiting: tuple[dict[str, OutcomeMatured], dict[str, OutcomeMatured]] = ({}, {})
    pairs: list[Pair] = []
    symbols: list[str] = []
    made: list[int] = []
    horizons_ns: list[int] = []
    count = refused = 0
    until: float | None = None
    for offset, tick in enumerate(feed(ticks)):
        if duration_days is not None and tick.ts_event is not None:
            until = tick.ts_event + duration_days * DAY_NS if until is None else until
            if tick.ts_event > until:
                break
        count += 1
        value = payload(tick)
        for partition, found in ((one, waiting[0]), (other, waiting[1])):
            for record in partition.apply(offset, tick.symbol.encode(), value):
                if type(record) is OutcomeMatured:
                    found[record.prediction_id] = record
                elif type(record) is DeadLetter and partition is one:
                    refused += 1
        for prediction_id in [each for each in waiting[0] if each in waiting[1]]:
            outcome, rival = waiting[0].pop(prediction_id), waiting[1].pop(prediction_id)
            pairs.append(_pair(outcome, rival))
            symbols.append(outcome.symbol)
            made.append(outcome.ts_prediction)
            horizons_ns.append(outcome.horizon_ns)
        if count % REPORT_EVERY == 0:
            progress(count)
    return SideBySide(
        pairs=pairs,
        symbols=symbols,
        made=made,
        horizons_ns=horizons_ns,
        ticks=count,
        refused=refused,
        alone=len(waiting[0]) + len(waiting[1]),
        first_ts=pairs[0].ts_event if pairs else 0,
        last_ts=pairs[-1].ts_event if pairs else 0,
    )


def _pair(a: OutcomeMatured, b: OutcomeMatured) -> Pair:
    one, other = a.arms[0], b.arms[0]
    return Pair(a.prediction_id, a.ts_event, one.net_bps, other.net_bps, one.probability, other.probability, a.label)


def _alone(name: str, market: MarketParameters) -> MarketParameters:
    return replace(
        market,
        strategies=replace(market.strategies, enabled=(name,)),
        model=replace(market.model, learns=False),
        correction=CorrectionParameters(variance=0.0),
    )


def _expect_comparable(a: Parameters, b: Parameters) -> None:
    """Raise `ConfigurationError` for parameters with which the two strategies would score different predictions."""
    symbols = sorted({*a.symbols, *b.symbols})
    everywhere = [(a.market, b.market), *((a.for_symbol(each), b.for_symbol(each)) for each in symbols)]
    for one, other in everywhere:
        for name in ("horizon_ns", "scored_per_horizon", "warmup_ticks", "validation", "admission"):
            ours, theirs = getattr(one, name), getattr(other, name)
            if ours != theirs:
                raise ConfigurationError(
                    f"A/B test: expected the same {name} in both strategies, was {ours} and {theirs}; fix: compare "
                    "strategies that score the same predictions"
                )
