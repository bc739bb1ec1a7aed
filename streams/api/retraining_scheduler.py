"""Monitoring and retraining over a sequence of outcomes, in Python and without Kafka."""

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
    """Monitors predictions by their outcomes, and retrains a symbol's model when the monitor finds a reason for it.

    It runs the monitor node and the retraining job of the live system, for one symbol or several.

    Args:
        performance_threshold: accuracy (0 to 1) of a window of outcomes below which a retrain is called
            for. 0: there is no threshold, and only skill compared with baselines calls for a retrain. A
            sensible value depends on the horizon and on the baselines: 0.60 is far above the majority
            baseline at one horizon, and below the imbalance-sign baseline at another.
        check_interval: time after a retrain at which the next one is due in any case, seconds of event
            time; 0: never.
        min_samples_for_retrain: number of outcomes that a symbol needs before its first retrain; only those
            in which the mid moved are counted.
        outcomes: outcome records in the order of their ids; may be endless.
        parameters: parameters of the pipeline that made the outcomes; None: defaults.
        monitor: all other parameters of the monitor. Its values for what `performance_threshold`,
            `check_interval` and `min_samples_for_retrain` set are ignored.
        training: parameters of the retraining job.
        versions: registry of model versions. New versions are added to it, and a new model has to compete
            with earlier ones from it. None: an empty registry.

    Attributes:
        windows: accuracy windows since the last call of `check_and_retrain`, the latest 1,000 at most.
        versions: the registry in use.

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
        """Process one outcome; if the monitor calls for a retrain, retrain and return the result, else return None.

        Raises:
            Refused: the outcome is not valid; nothing has changed.
            TickloopError: the outcome was made with other parameters than `parameters`.
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
        """Read outcomes until the monitor calls for a retrain, carry it out and return its result.

        If the outcomes end before that, the result has the status `not_needed`.

        Args:
            force: retrain the symbol of the last outcome at once, without reading on and without the limits on
                retrains; before the first outcome it has no effect.
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
        """Read all outcomes and yield the result of every retrain as soon as it is done."""
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
    """A scheduler that monitors predictions on recorded ticks, and retrains when the monitor finds a reason for it.

    Args:
        ticks: a file or several, a DataFrame or arrays, or tick records in order of event time.
        parameters: parameters of the pipeline that predicts; None: defaults.
        performance_threshold, check_interval, monitor, training: as for `AutoRetrainingScheduler`.
        min_samples: number of outcomes that a symbol needs before its first retrain; only those in which
            the mid moved are counted.

    On the ticks of this example the monitor finds no reason for a retrain:

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
