"""The list of all Kafka topics: name, record type, key, placement and retention of each."""

from typing import Any, Literal, get_args

from msgspec import Struct

from schemas.accounts import AccountMarked
from schemas.alerts import Alert
from schemas.breaks import ClockBroken
from schemas.commands import Command
from schemas.dead_letters import DeadLetter
from schemas.experiments import ExperimentDecided, ExperimentMoved, ExperimentPartial, PooledDecided, PooledMoved
from schemas.faults import ComponentFailed
from schemas.log_events import LogEvent
from schemas.outcomes import OutcomeMatured
from schemas.predictions import Prediction
from schemas.retraining import RetrainFinished, RetrainJob
from schemas.ticks import ReferenceTick, Tick
from schemas.versions import ModelVersion
from schemas.windows import AccuracyWindow

DAY_MS = 24 * 60 * 60 * 1000
MIB = 1024 * 1024

ENVELOPE = 4 * 1024
"""Bytes of a batch that are not its one record's value: its header, the record's, its key (1 KiB at most)."""

CHANGELOG_BYTES = 8 * MIB
"""Largest batch of a changelog, bytes: the snapshot of each key is one record of it."""

LARGEST_SNAPSHOT = CHANGELOG_BYTES - ENVELOPE
"""Largest snapshot of one key of one node or chain, bytes. Parameters with which it could become larger are refused;
a worker that meets a larger one stops."""

PARTITIONS = 8
"""Partitions of every topic, unless a deployment is given another number before its topics exist."""

Placing = Literal["cause", "key", "id"]
"""Rule for the partition that a record is written to; see `Topic.placing`."""


class Topic(Struct, frozen=True):
    """Description of one Kafka topic.

    All topics have the same number of partitions, so that a symbol has the same partition number on all of them.

    Attributes:
        name: name without the prefix that a deployment may put before it; record ids contain this name.
        record: type of the value: a struct or a union of structs, written as JSON.
        summary: one phrase for the contract and for the tables of the documentation.
        cleanup: what Kafka removes. `delete`: records older than the retention; `compact`: all but the newest record of
            each key; `compact,delete`: both.
        retention_ms: how long records are kept, ms; without effect for `compact` alone.
        max_message_bytes: size of the largest batch of records that the broker accepts, bytes.
        key: `symbol` if the key of a record is its symbol in UTF-8; else a description of the record's own `key`.
        placing: rule for the partition that nodes write a record to. `cause`: the partition of the input record from
            which the record was computed; `key`: the partition that Kafka's partitioner chooses for the record's key;
            `id`: the partition that the record's id names or, if the id names none, the same as for `cause`.
        is_root: whether people, or nodes of several partitions, write to the topic. Its records then cannot be computed
            again from one partition of the ticks. A replay neither writes nor deletes such records, and each is
            identified by its topic, partition and offset.
    """

    name: str
    record: Any
    summary: str
    cleanup: Literal["delete", "compact", "compact,delete"] = "delete"
    retention_ms: int = 7 * DAY_MS
    max_message_bytes: int = MIB
    key: str = "symbol"
    is_root: bool = False
    placing: Placing = "cause"

    @property
    def largest_value(self) -> int:
        """Size of the largest value that nodes may write to the topic, bytes.

        It is the size of the largest batch less 4 KiB for headers and key.

        >>> PREDICTIONS.largest_value, DEAD_LETTERS.largest_value
        (1044480, 2093056)
        """
        return self.max_message_bytes - ENVELOPE

    @property
    def is_compacted(self) -> bool:
        """Whether Kafka keeps only the newest record of each key on the topic."""
        return self.cleanup != "delete"

    def key_of(self, record: Any) -> bytes | None:
        """Kafka key under which a record of the topic is written.

        It is None for a dead letter whose refused record had no key.

        >>> from schemas.dead_letters import DeadLetter
        >>> DEAD_LETTERS.key_of(DeadLetter("ticks:3:7", "market", "empty", "a null value", b"no symbol", None))
        b'no symbol'
        """
        key: bytes | None = record.symbol.encode() if self.key == "symbol" else record.key
        return key

    @property
    def records(self) -> tuple[type[Struct], ...]:
        """The record types on the topic, one or several.

        >>> [record.__name__ for record in TICKS.records]
        ['Quote', 'Trade', 'Directive', 'ReferenceTick']
        """
        return get_args(self.record) or (self.record,)


TICKS = Topic(
    "ticks",
    Tick | ReferenceTick,
    "quotes, trades, copies of the ticks of references, and directives: the log that everything is computed from",
    retention_ms=30 * DAY_MS,
    is_root=True,
)
PREDICTIONS = Topic("predictions", Prediction, "one for every accepted tick")
OUTCOMES = Topic(
    "outcomes", OutcomeMatured, "scored predictions that matured, all arms side by side", retention_ms=30 * DAY_MS
)
BREAKS = Topic(
    "breaks",
    ClockBroken,
    "breaks of a symbol's clock and jumps of its price, and how many predictions are not scored for it",
    retention_ms=365 * DAY_MS,
)
FAULTS = Topic(
    "faults",
    ComponentFailed,
    "components that failed, and models that reached their largest size: the newest record of each",
    cleanup="compact",
    key="symbol|version|component|effect",
)
PAPER_ACCOUNT = Topic(
    "paper-account",
    AccountMarked,
    "trades and marks of a paper account that holds the predicted positions",
    retention_ms=30 * DAY_MS,
)
EXPERIMENTS = Topic(
    "experiments",
    ExperimentMoved,
    "progress of experiments, at the end of every batch of pairs",
    retention_ms=90 * DAY_MS,
)
EXPERIMENT_DECISIONS = Topic(
    "experiment-decisions",
    ExperimentDecided,
    "verdicts of experiments and of the watches over their winners, each once",
    retention_ms=365 * DAY_MS,
)
EXPERIMENT_PARTIALS = Topic(
    "experiment-partials",
    ExperimentPartial,
    "sums that each symbol contributes to experiments over several symbols, keyed by experiment",
    retention_ms=90 * DAY_MS,
    key="experiment",
    is_root=True,
    placing="key",
)
POOLED_EXPERIMENTS = Topic(
    "pooled-experiments",
    PooledMoved | PooledDecided,
    "progress of experiments over several symbols, and their verdicts, each once",
    retention_ms=365 * DAY_MS,
    key="experiment",
)
ACCURACY_WINDOWS = Topic(
    "accuracy-windows",
    AccuracyWindow,
    "scores of each version and of the baselines over a window; breaches that call for a retrain",
    retention_ms=30 * DAY_MS,
)
DEAD_LETTERS = Topic(
    "dead-letters",
    DeadLetter,
    "refused input: reason and original bytes",
    retention_ms=30 * DAY_MS,
    # Base64 makes four bytes of three: the largest input that is kept whole must fit.
    max_message_bytes=2 * MIB,
    key="key of the refused record, whatever it was",
)
COMMANDS = Topic(
    "commands",
    Command,
    "commands of people and nodes: start, stop and promote variants, roll back, retrain, pin",
    retention_ms=365 * DAY_MS,
    is_root=True,
    placing="id",
)
MODEL_VERSIONS = Topic(
    "model-versions",
    ModelVersion,
    "status of every version and its reason: the newest record of each",
    cleanup="compact",
    key="symbol|version",
)
RETRAIN_JOBS = Topic(
    "retrain-jobs", RetrainJob, "retrains that are to be done, and those that are withheld", retention_ms=365 * DAY_MS
)
CANDIDATES = Topic(
    "candidates",
    RetrainFinished,
    "results of retrains: the full model, its gates and scores, or why there is none",
    cleanup="compact,delete",
    # Longer than jobs are kept: one whose result is gone would be done again.
    retention_ms=2 * 365 * DAY_MS,
    max_message_bytes=2 * MIB,
    key="symbol|job",
)
ALERTS = Topic(
    "alerts",
    Alert,
    "alerts: breaches, retrains, promotions, roll-backs, refusals",
    retention_ms=90 * DAY_MS,
)
LOG_EVENTS = Topic(
    "log-events",
    LogEvent,
    "which code computed from which offset on, and which records were deleted unread",
    cleanup="compact",
    key="node|partition|kind|offset",
)

TOPICS: tuple[Topic, ...] = (
    TICKS,
    PREDICTIONS,
    OUTCOMES,
    BREAKS,
    FAULTS,
    PAPER_ACCOUNT,
    EXPERIMENTS,
    EXPERIMENT_DECISIONS,
    EXPERIMENT_PARTIALS,
    POOLED_EXPERIMENTS,
    ACCURACY_WINDOWS,
    DEAD_LETTERS,
    COMMANDS,
    MODEL_VERSIONS,
    RETRAIN_JOBS,
    CANDIDATES,
    ALERTS,
    LOG_EVENTS,
)
