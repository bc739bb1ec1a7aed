"""Monitoring and retraining over a source of outcomes, for direct use in Python, without Kafka."""

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from schemas.outcomes import OutcomeMatured
from schemas.retraining import RetrainingResult
from schemas.windows import AccuracyWindow, Breach
from streams.api.ticks import Ticks, feed
from streams.api.versions import ModelVersionManager
from streams.engine.feed import payload
from streams.engine.partition import Partition
from streams.market.node import MarketNode
from streams.monitoring.node import MonitorNode, MonitorState
from streams.monitoring.parameters import MonitorParameters
from streams.parameters import Parameters
from streams.retraining.job import retrain
from streams.retraining.labels import OutcomeLog
from streams.retraining.parameters import RetrainParameters


class AutoRetrainingScheduler:
    """Runs the monitor node and the retraining job over a source of outcomes, of one symbol or several.

    Args:
        performance_threshold: accuracy below which windows call for a retrain; 0: the skill trigger alone decides. A
            sensible value depends on horizon and baselines: 0.60 is far above the majority baseline at one horizon and
            below the imbalance sign at another.
        check_interval: time after a retrain at which the next is due in any case, seconds of event time; 0: never.
        min_samples_for_retrain: outcomes of a symbol that moved before its first retrain.
        outcomes: the source, in the order of their ids; it may go on for ever.
        parameters: with which the outcomes were made.
        monitor: other parameters of triggers; the first three arguments replace its own.
        training: parameters of the jobs.
        versions: where candidates are registered and stored versions come from.

    Attributes:
        windows: accuracy windows of the last call, at most `MOST_WINDOWS`.
        versions: registry of the candidates.

    >>> from streams.market.node import MarketNode
    >>> from streams.engine.replay import replay_events
    >>> from streams.sources.synthetic import synthetic_market
    >>> ticks = synthetic_market(seed=1, symbols=["ACORN"], ticks=8_000)
    >>> outcomes = [each for each in replay_events(MarketNode(), ticks) if isinstance(each, OutcomeMatured)]
    >>> scheduler = AutoRetrainingScheduler(0.99, min_samples_for_retrain=700, outcomes=outcomes,
    ...     monitor=MonitorParameters(window=250))
    >>> result = scheduler.check_and_retrain()
    >>> result.status, result.trigger, [row.name for row in result.gates if not row.passed]
    ('rejected', 'threshold', ['beats imbalance_sign', 'beats the current version'])
    """

    MOST_WINDOWS = 1_000

    def __init__(
        self,
        performance_threshold: float = 0.0,
        check_interval: float = 0.0,
        min_samples_for_retrain: int = 1_000,
        *,
        outcomes: Iterable[OutcomeMatured] = (),
        parameters: Parameters | None = None,
        monitor: MonitorParameters | None = None,
        training: RetrainParameters | None = None,
        versions: ModelVersionManager | None = None,
    ) -> None:
        self._node = MonitorNode(
            replace(
                monitor or MonitorParameters(),
                performance_threshold=performance_threshold,
                check_interval_ns=round(check_interval * 1e9),
                min_samples_for_retrain=min_samples_for_retrain,
            )
        )
        self._parameters = parameters or Parameters()
        self._training = training or RetrainParameters()
        self._source = iter(outcomes)
        self._states: dict[str, MonitorState] = {}
        self._logs: dict[str, OutcomeLog] = {}
        self._last: OutcomeMatured | None = None
        self.versions = versions or ModelVersionManager()
        self.windows: list[AccuracyWindow] = []

    def take(self, outcome: OutcomeMatured) -> RetrainingResult | None:
        """Take one outcome; returns the result of the retrain that it led to, if any.

        Raises:
            Refused: the outcome is not valid; nothing has changed.
            TickloopError: it was made with other parameters.
        """
        symbol = outcome.symbol
        state = self._states.get(symbol)
        if state is None:
            state = self._states[symbol] = self._node.open(symbol)
            market = self._parameters.for_symbol(symbol)
            self._logs[symbol] = OutcomeLog(market, self._training.labels)
        windows = [each for each in self._node.step(state, outcome, outcome.id) if isinstance(each, AccuracyWindow)]
        self._logs[symbol].add(outcome)
        self._last = outcome
        self.windows = [*self.windows, *windows][-self.MOST_WINDOWS :]
        for each in windows:
            if each.breach is not None and each.breach.retrain:
                return self._retrain(outcome, each.breach)
        return None

    def check_and_retrain(self, force: bool = False) -> RetrainingResult:
        """Read outcomes until a breach, retrain and return the result; at the end of the source: `not_needed`.

        Args:
            force: retrain the symbol of the last outcome now, without reading on; limits do not hold.
        """
        self.windows = []
        if force and self._last is not None:
            sentence = "asked for by a person"
            breach = Breach(
                id=f"manual-{self._last.id}",
                trigger="manual",
                detector="manual",
                statistic=0.0,
                limit=0.0,
                since=0,
                since_outcomes=0,
                retrain=True,
                withheld="",
                sentence=sentence,
            )
            return self._retrain(self._last, breach)
        for outcome in self._source:
            result = self.take(outcome)
            if result is not None:
                return result
        symbol = "" if self._last is None else self._last.symbol
        return RetrainingResult(
            job_id="",
            symbol=symbol,
            status="not_needed",
            sentence="nothing called for a retrain up to the last outcome",
        )

    def monitor_and_retrain(self) -> Iterator[RetrainingResult]:
        """Results of all retrains that the outcomes lead to, each as soon as it is done."""
        while (result := self.check_and_retrain()).status != "not_needed":
            yield result

    def _retrain(self, outcome: OutcomeMatured, breach: Breach) -> RetrainingResult:
        symbol = outcome.symbol
        result = retrain(
            symbol,
            breach,
            self._logs[symbol].last(outcome.ts_event),
            self._parameters.for_symbol(symbol),
            self._training,
            self.versions.pool(symbol),
        )
        if result.candidate is not None and result.recipe != "stored":
            self.versions.register(result, outcome.ts_event)
        return result


def retraining(
    ticks: Ticks,
    parameters: Parameters | None = None,
    *,
    performance_threshold: float = 0.0,
    check_interval: float = 0.0,
    min_samples: int = 1_000,
    monitor: MonitorParameters | None = None,
    training: RetrainParameters | None = None,
) -> AutoRetrainingScheduler:
    """Scheduler over recorded ticks: the retrains that they would have led to, and their results.

    Args:
        ticks: a file or several, a DataFrame or arrays, or ticks in the order of their log.
        parameters: of the pipeline that predicts.
        performance_threshold, check_interval, min_samples, monitor, training: see `AutoRetrainingScheduler`.

    >>> from streams.sources.synthetic import synthetic_market
    >>> scheduler = retraining(synthetic_market(seed=1, symbols=["ACORN"], ticks=4_000), min_samples=400)
    >>> [(result.status, result.trigger) for result in scheduler.monitor_and_retrain()]
    []
    """
    parameters = parameters or Parameters()
    return AutoRetrainingScheduler(
        performance_threshold,
        check_interval,
        min_samples,
        outcomes=_outcomes(ticks, parameters),
        parameters=parameters,
        monitor=monitor,
        training=training,
    )


def _outcomes(ticks: Ticks, parameters: Parameters) -> Iterator[OutcomeMatured]:
    partition = Partition(MarketNode(parameters), 0)
    for offset, tick in enumerate(feed(ticks)):
        for record in partition.apply(offset, tick.symbol.encode(), payload(tick)):
            if type(record) is OutcomeMatured:
                yield record
