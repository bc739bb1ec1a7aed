"""Prometheus metrics of a worker; the number of time series does not depend on the number of symbols.

References:
    Prometheus documentation: Metric and label naming; Exposition formats (text 0.0.4, OpenMetrics 1.0).
"""

import logging
import platform
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from prometheus_client import CollectorRegistry, GCCollector, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from agents.runtime.binding import Binding, Runtime
from agents.runtime.counters import Distribution
from agents.telemetry.health import Verdict
from agents.telemetry.vitals import PartitionVitals, Vitals
from streams.engine.compiled import running

Values = Iterator[tuple[Sequence[str], float]]

NODE = ("node",)
PARTITION = ("node", "topic", "partition")


class Snapshot(NamedTuple):
    """State of a worker at one moment, from which all metrics of a scrape are made.

    Attributes:
        vitals: measurements.
        verdict: results of the health checks.
        wall_ns: wall clock, ns since 1970.
    """

    vitals: Vitals
    verdict: Verdict
    wall_ns: int


class ClientWarnings(logging.Handler):
    """Log handler that counts warnings and errors of the Kafka client.

    The client recovers from most errors by itself, and reports them in its log only.

    Attributes:
        counts: number of warnings and errors by part of the client, such as `conn`, `consumer` or `producer`.
    """

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.counts: Counter[str] = Counter()

    def emit(self, record: logging.LogRecord) -> None:
        """Count a log record by the part of the client that logged it."""
        part = [*record.name.split("."), "client"][1]
        self.counts[part] += 1


class WorkerMetrics(Collector):
    """Prometheus collector of all metrics of one worker.

    Args:
        runtime: the worker's runtime, whose counters are read.
        partitions: number of partitions of each topic.
        warnings: counts warnings of the Kafka client.
        look: takes a snapshot of the worker's state.
    """

    def __init__(
        self, runtime: Runtime, partitions: int, warnings: ClientWarnings, look: Callable[[], Snapshot]
    ) -> None:
        self._runtime, self._partitions, self._warnings, self._look = runtime, partitions, warnings, look

    def describe(self) -> Iterator[Metric]:
        """Return no metrics. The registry calls this method when it registers the collector.

        Without it the registry would call `collect`, which takes a snapshot of the worker.
        """
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """Yield every metric, all from one snapshot taken now."""
        snapshot, bindings = self._look(), self._runtime.bindings
        yield from self._about(snapshot)
        yield from _counted(bindings)
        yield from _distributed(bindings)
        yield from _by_partition(snapshot)
        yield from self._membership(snapshot.vitals)

    def _about(self, snapshot: Snapshot) -> Iterator[Metric]:
        verdict = snapshot.verdict
        info = InfoMetricFamily("tickloop_build", "What this worker runs")
        about = {
            "version": verdict.version,
            "code": "compiled" if running() else "pure",
            "python": platform.python_version(),
            "group": verdict.group,
            "worker": verdict.worker,
        }
        info.add_metric([], about)
        yield info
        yield _gauge(
            "tickloop_healthy",
            "1 where the check of /healthz or /readyz is met",
            ("check",),
            (((check.name,), float(check.ok)) for check in verdict.checks),
        )
        yield _gauge("tickloop_ready", "1 when every check is met", (), iter([((), float(verdict.ok))]))

    def _membership(self, vitals: Vitals) -> Iterator[Metric]:
        runtime = self._runtime
        own = Counter((binding.name, binding.source) for binding in runtime.bindings for _ in list(binding.live))
        yield _gauge(
            "tickloop_assigned_partitions",
            "Partitions that this worker has live",
            ("node", "topic"),
            (((each.name, each.source), own[each.name, each.source]) for each in runtime.bindings),
        )
        yield _gauge(
            "tickloop_topic_partitions",
            "Partitions that all workers together should have live",
            ("node", "topic"),
            (((each.name, each.source), self._partitions) for each in runtime.bindings),
        )
        yield _gauge("tickloop_recovery_seconds", "Length of the last recovery", (), iter([((), runtime.recovered_s)]))
        yield _gauge("tickloop_broker_silence_seconds", "Since a broker answered", (), iter([((), vitals.broker_s)]))
        yield _counter("tickloop_rebalances", "Assignments taken", (), iter([((), runtime.assignments)]))
        yield _counter("tickloop_reseeks", "Times the consumer went back", (), iter([((), runtime.reseeks.times)]))
        yield _counter(
            "tickloop_client_warnings",
            "Warnings and errors that the Kafka client logged",
            ("part",),
            (((part,), count) for part, count in sorted(self._warnings.counts.copy().items())),
        )


def _counted(bindings: Sequence[Binding]) -> Iterator[Metric]:
    yield _counter(
        "tickloop_records_applied",
        "Records of the source that took effect or were refused",
        PARTITION,
        (
            ((binding.name, binding.source, str(number)), count)
            for binding in bindings
            for number, count in sorted(binding.counters.applied.copy().items())
        ),
    )
    yield _counter(
        "tickloop_records_repeated",
        "Records passed over because they had been applied before",
        PARTITION,
        (
            ((binding.name, binding.source, str(number)), count)
            for binding in bindings
            for number, count in sorted(binding.counters.repeated.copy().items())
        ),
    )
    yield _counter(
        "tickloop_records_lost",
        "Offsets of the source that were deleted before they were read",
        PARTITION,
        (
            ((binding.name, binding.source, str(number)), count)
            for binding in bindings
            for number, count in sorted(binding.counters.lost.copy().items())
        ),
    )
    yield _counter(
        "tickloop_records_sent",
        "Records handed to the producer, snapshots among them",
        ("node", "topic"),
        (
            ((binding.name, topic), count)
            for binding in bindings
            for topic, count in sorted(binding.counters.sent.copy().items())
        ),
    )
    yield _counter(
        "tickloop_dead_letters",
        "Records refused",
        ("node", "reason"),
        (
            ((binding.name, reason), count)
            for binding in bindings
            for reason, count in sorted(binding.counters.refused.copy().items())
        ),
    )
    yield _counter(
        "tickloop_component_faults",
        "Failures of components, after each of which a fallback was used",
        ("node", "component"),
        (
            ((binding.name, component), count)
            for binding in bindings
            for component, count in sorted(binding.node.failures.copy().items())
        ),
    )
    yield _counter(
        "tickloop_snapshot_bytes",
        "Bytes written as snapshots",
        NODE,
        (((binding.name,), binding.counters.snapshot_bytes) for binding in bindings),
    )


def _distributed(bindings: Sequence[Binding]) -> Iterator[Metric]:
    families: tuple[tuple[str, str, Callable[[Binding], Distribution]], ...] = (
        (
            "tickloop_step_seconds",
            "Decode, step and encode of a record: mean of its turn, every fourth one",
            lambda b: b.counters.step_s,
        ),
        (
            "tickloop_wait_seconds",
            "From the broker's time of a record until applied, every fourth turn",
            lambda b: b.counters.wait_s,
        ),
        ("tickloop_checkpoint_seconds", "Checkpoint of one partition", lambda b: b.counters.checkpoint_s),
    )
    for name, text, of in families:
        family = HistogramMetricFamily(name, text, labels=NODE)
        for binding in bindings:
            distribution, below = of(binding), 0
            buckets = []
            for bound, count in zip((*distribution.bounds, float("inf")), distribution.counts, strict=True):
                below += count
                buckets.append(("+Inf" if bound == float("inf") else repr(bound), float(below)))
            family.add_metric([binding.name], buckets, sum_value=distribution.total)
        yield family


def _by_partition(snapshot: Snapshot) -> Iterator[Metric]:
    def of(value: Callable[[PartitionVitals], float | None]) -> Values:
        for each in snapshot.vitals.partitions:
            found = value(each)
            if found is not None:
                yield (each.node, each.source.topic, str(each.source.partition)), found

    def delay(each: PartitionVitals) -> float | None:
        return (snapshot.wall_ns - each.event_ns) / 1e9 if each.event_ns else None

    families: tuple[tuple[str, str, Callable[[PartitionVitals], float | None]], ...] = (
        ("tickloop_lag_records", "Records not applied yet", lambda p: None if p.end is None else p.lag),
        ("tickloop_keys", "Keys (symbols) with live state", lambda p: p.keys),
        ("tickloop_event_delay_seconds", "Wall clock less the newest event time", delay),
        ("tickloop_checkpoint_age_seconds", "Since the last complete checkpoint", lambda p: p.checkpoint_s),
        ("tickloop_unacked_seconds", "Age of the oldest output not acknowledged", lambda p: p.unacked_s),
    )
    for name, text, value in families:
        yield _gauge(name, text, PARTITION, of(value))


def _gauge(name: str, text: str, labels: Sequence[str], values: Values) -> Metric:
    family = GaugeMetricFamily(name, text, labels=labels)
    for label_values, value in values:
        family.add_metric(label_values, value)
    return family


def _counter(name: str, text: str, labels: Sequence[str], values: Values) -> Metric:
    family = CounterMetricFamily(name, text, labels=labels)
    for label_values, value in values:
        family.add_metric(label_values, value)
    return family


def registry(metrics: WorkerMetrics) -> CollectorRegistry:
    """Registry with all metrics of a worker, of its process, and of Python's garbage collector."""
    found = CollectorRegistry()
    found.register(metrics)
    ProcessCollector(registry=found)
    GCCollector(registry=found)
    return found
