"""Run of the market node over ticks, with its outcomes as columns; no prediction has learned from its own outcome."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from schemas.codec import encode
from schemas.dead_letters import DeadLetter
from schemas.errors import StateError
from schemas.outcomes import OutcomeMatured
from schemas.ticks import Quote, Trade
from streams.engine.partition import Partition
from streams.market.node import MarketNode
from streams.parameters import Parameters
from streams.reports.prequential.ablations import TRAINING, Ablation
from streams.retraining.fitting import LabelledLog
from streams.scoring.block_bootstrap import Column
from streams.scoring.metrics import ALL, Metrics, MetricsCollector

PIPELINE = "pipeline"
"""Name of the live arm's probability among the columns."""

REPORT_EVERY = 5_000


class PrequentialRun(Struct, frozen=True):
    """Those outcomes of one run in which the price moved, as columns.

    The outcomes of one symbol follow those of another; within a symbol they are in the order of time.

    Attributes:
        variant: name of the run.
        ticks: number of ticks taken.
        scored: number of outcomes, with and without a move.
        symbols: symbol of each outcome.
        made: event time of each prediction, ns.
        horizons_ns: how far ahead each prediction looked, ns.
        up: whether the price went up.
        tested: whether the prediction was made after the training part, which is the first part of the
            ticks.
        probabilities: probability of an upward move by name: of the whole pipeline (`PIPELINE`), of
            each expert (a rule or a model) that the pipeline had at every outcome, and of each
            baseline.
        metrics: scores of the live version over the tested part, by symbol and regime.
        refused: number of ticks that the market node refused, by reason.
        models: names of the experts that are models, without the online model.
        partial: experts that the pipeline had at some of the outcomes only, for example for one of
            several symbols.
    """

    variant: str
    ticks: int
    scored: int
    symbols: NDArray[np.str_]
    made: NDArray[np.int64]
    horizons_ns: NDArray[np.int64]
    up: NDArray[np.bool_]
    tested: NDArray[np.bool_]
    probabilities: dict[str, Column]
    metrics: list[Metrics]
    refused: dict[str, int] = {}
    models: tuple[str, ...] = ()
    partial: tuple[str, ...] = ()


class _Columns:
    """Outcomes of one symbol, taken apart as they come."""

    def __init__(self, tested_after: int) -> None:
        self._tested_after = tested_after
        self._collector = MetricsCollector()
        self._metrics = self._collector.start()
        self.scored = 0
        self.made: list[int] = []
        self.horizons_ns: list[int] = []
        self.up: list[bool] = []
        self.probabilities: dict[str, list[float]] = {}

    def add(self, outcome: OutcomeMatured) -> None:
        self.scored += 1
        if outcome.ts_prediction > self._tested_after:
            self._collector.update(self._metrics, outcome)
        if outcome.label:
            self.made.append(outcome.ts_prediction)
            self.horizons_ns.append(outcome.horizon_ns)
            self.up.append(outcome.label > 0)
            for name, probability in self._told(outcome):
                self.probabilities.setdefault(name, []).append(probability)

    def metrics(self, symbol: str) -> list[Metrics]:
        return [each for each in self._collector.metrics(self._metrics, symbol) if each.version == ALL]

    def _told(self, outcome: OutcomeMatured) -> Iterator[tuple[str, float]]:
        yield PIPELINE, outcome.arms[0].probability
        yield from outcome.experts.items()
        yield from outcome.baselines.items()


def run(
    ticks: Sequence[Quote | Trade],
    parameters: Parameters,
    variant: Ablation,
    progress: Callable[[float], None] = lambda share: None,
) -> PrequentialRun:
    """Run the market node with the parameters of `variant` over `ticks`; returns its outcomes as columns.

    Args:
        ticks: ticks of one symbol or several, in the order in which they came.
        parameters: parameters of the whole pipeline, from which `variant` makes its own.
        variant: the run to make, which says what parts of the pipeline are taken away.
        progress: called from time to time with the fraction of the ticks that is done, 0 to 1.
    """
    tested_after = ticks[training(ticks) - 1].ts_event if training(ticks) else 0
    by_symbol: dict[str, _Columns] = {}
    refused: Counter[str] = Counter()
    for outcome in _outcomes(ticks, variant.parameters(parameters), variant.fitted, progress, refused):
        columns = by_symbol.get(outcome.symbol)
        if columns is None:
            columns = by_symbol[outcome.symbol] = _Columns(tested_after)
        columns.add(outcome)
    parts = [by_symbol[symbol] for symbol in sorted(by_symbol)]
    made = np.array([ts for part in parts for ts in part.made], dtype=np.int64)
    known = dict.fromkeys(name for part in parts for name in part.probabilities)
    names = [name for name in known if all(len(part.probabilities.get(name, ())) == len(part.made) for part in parts)]
    return PrequentialRun(
        variant=variant.name,
        ticks=len(ticks),
        scored=sum(part.scored for part in parts),
        symbols=np.array([symbol for symbol in sorted(by_symbol) for _ in by_symbol[symbol].made], dtype=np.str_),
        made=made,
        horizons_ns=np.array([each for part in parts for each in part.horizons_ns], dtype=np.int64),
        up=np.array([up for part in parts for up in part.up], dtype=np.bool_),
        tested=made > tested_after,
        probabilities={name: np.array([each for part in parts for each in part.probabilities[name]]) for name in names},
        metrics=[each for symbol in sorted(by_symbol) for each in by_symbol[symbol].metrics(symbol)],
        refused=dict(refused),
        models=tuple(
            dict.fromkeys(name for each in (parameters.market, *parameters.symbols.values()) for name in each.models)
        ),
        partial=tuple(name for name in known if name not in names),
    )


def training(ticks: Sequence[Quote | Trade]) -> int:
    """Number of ticks in the training part, which comes first; forecasters are scored on the rest of the ticks."""
    return round(TRAINING * len(ticks))


def _outcomes(
    ticks: Sequence[Quote | Trade],
    parameters: Parameters,
    fitted: Sequence[float],
    progress: Callable[[float], None],
    refused: Counter[str],
) -> Iterator[OutcomeMatured]:
    partition = Partition(MarketNode(parameters), 0)
    fits = {round(share * len(ticks)) for share in fitted}
    logs: dict[str, LabelledLog] = {}
    for at, tick in enumerate(ticks):
        if at in fits:
            for symbol in sorted(logs):
                for directive in logs[symbol].promotion(tick.ts_event):
                    for refusal in partition.apply(partition.offset + 1, None, encode(directive)):
                        raise StateError(
                            f"expected the directive {directive.id} to be taken, was: {refusal}; fix: [retraining] of "
                            "the configuration must let it start and promote arms"
                        )
        for record in partition.apply(partition.offset + 1, None, encode(tick)):
            if type(record) is OutcomeMatured:
                if fits:
                    log = logs.get(record.symbol)
                    if log is None:
                        log = LabelledLog(record.symbol, parameters.for_symbol(record.symbol))
                        logs[record.symbol] = log
                    log.add(record)
                yield record
            elif type(record) is DeadLetter:
                refused[record.reason] += 1
        if at % REPORT_EVERY == 0:
            progress(at / len(ticks))
    progress(1.0)
