"""Plans an A/B experiment from recorded outcomes: how long the experiment takes, and whether its error rates hold.

A pair is the results of the version under test and of the live one on one prediction.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from math import ceil
from typing import NamedTuple

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from agents.commands.requests import start_variant
from agents.experiments.status import DAY_NS, UNITS
from schemas.errors import ConfigurationError
from schemas.names import LIVE
from schemas.outcomes import OutcomeMatured
from schemas.ticks import Quote, Trade
from streams.engine.replay import replay_events
from streams.experiments.declaration import Declaration
from streams.experiments.engines.dependence import autocorrelation_time, batch_for
from streams.experiments.pairs import Pair, pair_of
from streams.experiments.parameters import ExperimentParameters
from streams.experiments.planning import ExperimentPlan, plan
from streams.experiments.pooling_node import EVERYONE
from streams.experiments.preflight import (
    Preflight,
    larger,
    pooled_preflight,
    preflight,
    smallest_that_holds,
    windows_of,
)
from streams.experiments.scores import FLOOR
from streams.lifecycle.node import LifecycleNode
from streams.market.node import MarketNode
from streams.parameters import Parameters
from streams.scoring.score_arrays import log_losses

FEWEST = 200
"""Smallest number of pairs that a plan is made from."""

Column = NDArray[np.float64]


class Planned(Struct, frozen=True):
    """A plan of an experiment: what was measured on recorded pairs, and the length that follows from it.

    A pair is the results of the version under test and of the live one on one prediction. A batch is a number of
    neighbouring pairs whose mean is one observation of the test.

    Attributes:
        experiment: name of the experiment.
        symbol: symbol of the experiment; `*` for several symbols that decide together.
        history: number of pairs that were measured.
        hours: event time that these pairs cover, hours.
        pairs_a_day: rate at which pairs arrive.
        overlap: mean number of predictions whose horizons overlap, at least 1.
        autocorrelation_time: number of successive pairs that carry as much information as one independent pair.
        batch: batch size that the experiment declares, pairs.
        recommended_batch: smallest batch size that is advised, pairs. It follows from overlap and autocorrelation, and
            is enlarged if the error rates do not hold with that size.
        recommended_holds: whether the error rates hold with the recommended batch; None if that was not tested.
        plan: duration and power for the smallest effect worth finding.
        preflight: error rates of replays on this history without a difference; None if there were no replays.
        missing: why there were no replays; empty if there were some.
    """

    experiment: str
    symbol: str
    history: int
    hours: float
    pairs_a_day: float
    overlap: float
    autocorrelation_time: float
    batch: int
    recommended_batch: int
    recommended_holds: bool | None
    plan: ExperimentPlan
    preflight: Preflight | None
    missing: str


class PairHistory(NamedTuple):
    """Recorded pairs that an experiment is planned from, and what was measured on them.

    A pair is the results of the version under test and of the live one on one prediction.

    Attributes:
        symbol: symbol of the pairs; `*` for several symbols that decide together.
        pairs: number of pairs.
        scored: number of pairs left after the warm-up of the experiment.
        span_ns: event time that the pairs cover, ns.
        horizon_ns: mean horizon of the predictions, ns.
        a, b: primary metric of the version under test and of the live one, a number for each pair.
        inflation: number of pairs that carry as much information as one independent pair.
        replay: function that replays the experiment without a difference on these pairs, to find its error rates.
        together: mean number of pairs in a group that moves as one (neighbours in time on all symbols); 1 for one
            symbol.
    """

    symbol: str
    pairs: int
    scored: int
    span_ns: int
    horizon_ns: float
    a: Column
    b: Column
    inflation: float
    replay: Callable[[ExperimentParameters], Preflight]
    together: float = 1.0


def outcomes_of_file(
    ticks: Sequence[Quote | Trade], parameters: Parameters, name: str, progress: Callable[[float], None]
) -> dict[str, list[OutcomeMatured]]:
    """Replay ticks through the live version and the version that an experiment tests beside it.

    Args:
        ticks: ticks of any number of symbols, in the order of the file.
        parameters: configuration, which declares the experiment.
        name: name of the experiment.
        progress: called every 1,000 ticks with the fraction that is done, 0 to 1.

    Returns:
        Outcomes by symbol, each with the results of both versions.
    """
    declaration = parameters.experiments[name]
    node, lifecycle = MarketNode(parameters), LifecycleNode(parameters)
    found: dict[str, list[OutcomeMatured]] = {}
    symbols: dict[str, int] = {}
    for tick in ticks:
        symbols.setdefault(tick.symbol, tick.ts_event)

    def events() -> Iterator[Struct]:
        for symbol, ts_event in symbols.items():
            start = start_variant(
                f"plan:{symbol}",
                symbol,
                name,
                "a plan",
                overrides=declaration.arm,
                from_live=declaration.starts == "from_live",
            )
            yield lifecycle.step(lifecycle.open(symbol), start.dated(ts_event), "commands:0:0")[0]
        for number, tick in enumerate(ticks):
            if not number % 1_000:
                progress(number / len(ticks))
            yield tick

    for record in replay_events(node, events()):
        if isinstance(record, OutcomeMatured):
            found.setdefault(record.symbol, []).append(record)
    return found


def planned(
    name: str,
    declaration: Declaration,
    outcomes: Sequence[OutcomeMatured],
    limit_days: float | None,
    replications: int,
    progress: Callable[[float], None],
) -> Planned:
    """Plan an experiment on one symbol from recorded outcomes.

    A pair is the results of the version under test and of the live one on one prediction.

    Args:
        name: name of the experiment.
        declaration: declaration of the experiment in the configuration.
        outcomes: outcomes of one symbol, in the order of event time; those without the version under test are
            left out.
        limit_days: longest duration, days; None: as long as the declared number of pairs takes at the measured
            rate.
        replications: number of replays that find the error rates; 0: none.
        progress: called during the replays with the fraction that is done, 0 to 1.

    Raises:
        ConfigurationError: there are too few pairs, or the version under test and the live one differ too little.
    """
    test = declaration.test
    of = (pair_of(outcome, name, LIVE) for outcome in outcomes)
    pairs = [pair for pair in of if pair is not None and pair.sound()]
    if len(pairs) < FEWEST:
        raise ConfigurationError(
            f"expected at least {FEWEST} pairs of {name} and the live arm to plan from, was {len(pairs)}; "
            f"fix: `tickloop experiment plan {name} --file TICKS`, or start it first"
        )
    _check_worth(pairs, test)
    span_ns = pairs[-1].ts_event - pairs[0].ts_event
    if span_ns <= 0:
        raise ConfigurationError("expected pairs at different times to tell a rate from")
    a, b = _columns(pairs, test)
    history = PairHistory(
        outcomes[-1].symbol,
        len(pairs),
        len(pairs) - test.warmup,
        span_ns,
        _horizon_ns(outcomes),
        a,
        b,
        autocorrelation_time(a - b),
        partial(preflight, pairs, replications=replications, progress=progress),
    )
    return _planned(name, test, history, limit_days, replications)


def planned_together(
    name: str,
    declaration: Declaration,
    outcomes: Mapping[str, Sequence[OutcomeMatured]],
    limit_days: float | None,
    replications: int,
    progress: Callable[[float], None],
) -> Planned:
    """Plan an experiment on several symbols that decide together, from recorded outcomes.

    A pair is the results of the version under test and of the live one on one prediction. Pairs that are close in time
    depend on each other, also across symbols that move together. The plan takes this into account: it compares the
    variance of sums over windows of event time with the variance if pairs were independent.

    Args:
        name: name of the experiment.
        declaration: declaration of the experiment in the configuration, which names the symbols.
        outcomes: outcomes by symbol, each in the order of event time.
        limit_days: longest duration, days; None: as long as the declared number of pairs takes at the measured
            rate.
        replications: number of replays that find the error rates; 0: none.
        progress: called during the replays with the fraction that is done, 0 to 1.

    Raises:
        ConfigurationError: a symbol is missing or has too few pairs, or the version under test and the live one
            differ too little.
    """
    test = declaration.test
    if missing := [symbol for symbol in declaration.symbols if symbol not in outcomes]:
        raise ConfigurationError(
            f"expected outcomes of all symbols that decide together, those of {', '.join(missing)} are missing; "
            "fix: --file TICKS for each, or start it first"
        )
    of = [[pair for each in outcomes[symbol] if (pair := pair_of(each, name, LIVE))] for symbol in declaration.symbols]
    histories = [[pair for pair in pairs if pair.sound()] for pairs in of]
    if short := [s for s, pairs in zip(declaration.symbols, histories, strict=True) if len(pairs) < FEWEST]:
        raise ConfigurationError(f"expected at least {FEWEST} pairs of {name} and the live arm on {', '.join(short)}")
    for pairs in histories:
        _check_worth(pairs, test)
    windows = windows_of(histories, test)
    residuals = windows.sums - windows.mean * windows.counts
    columns = [_columns(pairs, test) for pairs in histories]
    a, b = (np.concatenate([each[side] for each in columns]) for side in (0, 1))
    per_window, time = float(windows.counts.mean()), autocorrelation_time(residuals)
    history = PairHistory(
        EVERYONE,
        windows.pairs,
        windows.pairs,
        windows.span_ns,
        _horizon_ns([each for symbol in declaration.symbols for each in outcomes[symbol]]),
        a,
        b,
        time * float(residuals.var()) / (per_window * float((a - b).var())),
        partial(pooled_preflight, windows, replications=replications, progress=progress),
        per_window * time,
    )
    return _planned(name, test, history, limit_days, replications)


def _planned(
    name: str, test: ExperimentParameters, history: PairHistory, limit_days: float | None, replications: int
) -> Planned:
    rate = history.pairs / history.span_ns * DAY_NS
    overlap = max(1.0, history.horizon_ns / DAY_NS * rate)
    found = plan(
        test.worth,
        float(history.a.std(ddof=1)),
        float(history.b.std(ddof=1)),
        _correlation(history.a, history.b),
        rate,
        limit_days if limit_days is not None else test.longest / rate,
        test.batch,
        test.alpha,
        1.0 - (test.beta or 0.2),
        history.inflation,
    )
    recommended = batch_for(history.a - history.b, ceil(max(overlap, history.together)))
    checked, missing, holds = None, "not asked for", None
    if replications:
        try:
            checked, missing = history.replay(test), ""
        except ConfigurationError as error:
            missing = str(error)
        holds = checked is not None and checked.passed and test.batch >= recommended
        if not holds:
            failed = checked is not None and test.batch >= recommended
            begin = larger(test.batch) if failed else max(recommended, test.batch)
            found_batch = smallest_that_holds(history.replay, test, begin, history.scored)
            holds, recommended = found_batch is not None, found_batch or recommended
    return Planned(
        name,
        history.symbol,
        history.pairs,
        history.span_ns / 3.6e12,
        rate,
        overlap,
        history.inflation,
        test.batch,
        recommended,
        holds,
        found,
        checked,
        missing,
    )


def _horizon_ns(outcomes: Sequence[OutcomeMatured]) -> float:
    """Mean horizon. Multiplied by the rate of pairs it is the mean number of predictions whose horizons overlap."""
    return sum(each.horizon_ns for each in outcomes) / len(outcomes)


def _check_worth(pairs: Sequence[Pair], test: ExperimentParameters) -> None:
    """Refuse an effect that is larger than the standard deviation of the differences: it could not be tested for."""
    a, b = _columns(pairs, test)
    spread = float((a - b).std(ddof=1))
    if test.worth >= spread:
        raise ConfigurationError(
            f"expected arms that differ enough for an effect of {test.worth:g} ({UNITS[test.primary]} a pair, "
            f"`worth`), {test.primary} differs by {spread:.2g} (standard deviation of {len(pairs):,} pairs); "
            "fix: an `arm` that differs more, or a smaller `worth`"
        )


def _columns(pairs: Sequence[Pair], test: ExperimentParameters) -> tuple[Column, Column]:
    """Primary metric of the version under test and of the live one in each pair; the score is their difference."""
    a, b = (np.array([getattr(pair, side) for pair in pairs]) for side in ("a_bps", "b_bps"))
    if test.primary == "log_loss":
        labels = np.array([pair.label for pair in pairs])
        ups = (np.array([getattr(pair, side) for pair in pairs]) for side in ("a_up", "b_up"))
        a, b = (np.where(labels != 0, -log_losses(up, labels > 0), 0.0) for up in ups)
    elif test.primary == "win_rate":
        a, b = (a > 0.0).astype(float), (b > 0.0).astype(float)
    elif test.primary == "drawdown":
        raise ConfigurationError("expected a primary metric with a score for each pair, was 'drawdown'")
    scale = float((a - b).std(ddof=1))
    if scale == 0.0:
        raise ConfigurationError(
            f"expected arms that differ, {test.primary} was the same in each of {len(pairs):,} pairs; fix: `arm` of "
            "the experiment, or costs that are low enough for positions to be taken"
        )
    if test.primary == "risk_adjusted":
        return a / max(float(a.std()), FLOOR * scale), b / max(float(b.std()), FLOOR * scale)
    if test.primary in ("returns", "log_growth"):
        return a / scale, b / scale
    return a, b


def _correlation(a: Column, b: Column) -> float:
    return float(np.corrcoef(a, b)[0, 1]) if a.std() > 0.0 and b.std() > 0.0 else 0.0
