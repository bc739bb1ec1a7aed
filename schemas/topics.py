"""The one registry of topics: name, record, partitions, retention."""

from typing import Any, Literal, get_args

from msgspec import Struct

from schemas.accounts import AccountMarked
from schemas.alerts import Alert
from schemas.breaks import ClockBroken
from schemas.commands import Command
from schemas.dead_letters import DeadLetter
from schemas.experiments import ExperimentDecided, ExperimentMoved, ExperimentPartial, PooledDecided, PooledMoved
from schemas.log_events import LogEvent
from schemas.outcomes import OutcomeMatured
from schemas.predictions import Prediction
from schemas.retraining import RetrainFinished, RetrainJob
from schemas.ticks import Tick
from schemas.versions import ModelVersion
from schemas.windows import AccuracyWindow

DAY_MS = 24 * 60 * 60 * 1000
MIB = 1024 * 1024

ENVELOPE = 4 * 1024
"""Bytes of a batch that are not its one record's value: its header, the record's, its key (1 KiB at most)."""

CHANGELOG_BYTES = 8 * MIB
"""Largest batch of a changelog, in which the state of each key is one record."""

LARGEST_SNAPSHOT = CHANGELOG_BYTES - ENVELOPE
"""Bytes of the state of one key of one node, or of a chain of nodes. Nothing can stand in for it: parameters with which
it could become larger are refused, and a worker that meets one stops."""

PARTITIONS = 8
"""Of every topic of the loop, unless a deployment is set up with another number before its topics exist."""

Placing = Literal["cause", "key", "id"]
"""What decides on which partition a record is written; see `Topic.placing`."""


class Topic(Struct, frozen=True):
    """One topic of the loop. Key = symbol and one partition count on all of them: a symbol stays in one partition.

    Attributes:
        name: logical name; it is what ids carry, whatever prefix a deployment adds.
        record: type of the value, msgspec JSON on the wire.
        summary: sentence for the contract and the tables of the documentation.
        cleanup: `delete` after the retention, `compact` to the newest record of each key, or both.
        retention_ms: how long records are kept.
        max_message_bytes: largest batch of records that the broker takes.
        key: what the key of a record says, in UTF-8: its `symbol`, or something else, which the record has as `key`.
        placing: on which partition nodes write a record: `cause`, the one with the number of the partition of the
            record that it follows from; `key`, the one where Kafka's partitioner puts its key; `id`, the one that its
            id names, and that of its cause where it names none.
        is_root: whether what one partition of it holds does not follow from one partition of the ticks: people write to
            it, or nodes of several partitions do. Its records are known by where they lie, not by an id, and nothing
            that is computed anew may write to it again or delete it.
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
        """Bytes of the largest value that nodes may write to it: alone in a batch, with its key, the broker takes it.

        >>> PREDICTIONS.largest_value, DEAD_LETTERS.largest_value
        (1044480, 2093056)
        """
        return self.max_message_bytes - ENVELOPE

    @property
    def is_compacted(self) -> bool:
        """Whether a record replaces those before it that have its key."""
        return self.cleanup != "delete"

    def key_of(self, record: Any) -> bytes | None:
        """Key that one of its records is written under.

        >>> from schemas.dead_letters import DeadLetter
        >>> DEAD_LETTERS.key_of(DeadLetter("ticks:3:7", "market", "empty", "a null value", b"no symbol", None))
        b'no symbol'
        """
        key: bytes | None = record.symbol.encode() if self.key == "symbol" else record.key
        return key

    @property
    def records(self) -> tuple[type[Struct], ...]:
        """Types of the records that travel on it: the members of its union, or the one that it has.

        >>> [record.__name__ for record in TICKS.records]
        ['Quote', 'Trade', 'Directive']
        """
        return get_args(self.record) or (self.record,)


TICKS = Topic(
    "ticks",
    Tick,
    "quotes, trades and directives: the one log that decides everything",
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
    "symbols whose clock was set back or jumped: where it broke, and what is never scored for it",
    retention_ms=365 * DAY_MS,
)
PAPER_ACCOUNT = Topic(
    "paper-account",
    AccountMarked,
    "trades and marks of a paper account that holds the predicted positions",
    retention_ms=30 * DAY_MS,
)
EXPERIMENTS = Topic(
    "experiments", ExperimentMoved, "where experiments stand, as batches of pairs close", retention_ms=90 * DAY_MS
)
EXPERIMENT_DECISIONS = Topic(
    "experiment-decisions",
    ExperimentDecided,
    "verdicts of experiments and of the watch over their winners, once each",
    retention_ms=365 * DAY_MS,
)
EXPERIMENT_PARTIALS = Topic(
    "experiment-partials",
    ExperimentPartial,
    "what each symbol adds to experiments that are decided over several symbols, brought together by experiment",
    retention_ms=90 * DAY_MS,
    key="experiment",
    is_root=True,
    placing="key",
)
POOLED_EXPERIMENTS = Topic(
    "pooled-experiments",
    PooledMoved | PooledDecided,
    "where experiments over several symbols stand, and their verdicts, once each",
    retention_ms=365 * DAY_MS,
    key="experiment",
)
ACCURACY_WINDOWS = Topic(
    "accuracy-windows",
    AccuracyWindow,
    "how well each version predicted lately, beside baselines; breaches that call for a retrain",
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
    "what people and nodes ask for: variants started, stopped, made live, rolled back; retrains; pins",
    retention_ms=365 * DAY_MS,
    is_root=True,
    placing="id",
)
MODEL_VERSIONS = Topic(
    "model-versions",
    ModelVersion,
    "what became of every version, and why: the newest record of each",
    cleanup="compact",
    key="symbol|version",
)
RETRAIN_JOBS = Topic(
    "retrain-jobs", RetrainJob, "retrains that were asked for, and those that were withheld", retention_ms=365 * DAY_MS
)
CANDIDATES = Topic(
    "candidates",
    RetrainFinished,
    "what every retrain came to: the model in full, its gates and figures, or why there is none",
    cleanup="compact,delete",
    # Longer than jobs are kept: one whose result is gone would be done again.
    retention_ms=2 * 365 * DAY_MS,
    key="symbol|job",
)
ALERTS = Topic(
    "alerts",
    Alert,
    "breaches, retrains, promotions, roll-backs, refusals: what somebody should know at once",
    retention_ms=90 * DAY_MS,
)
LOG_EVENTS = Topic(
    "log-events",
    LogEvent,
    "which code computed from which offset on, and which records were deleted before they were read",
    cleanup="compact",
    key="node|partition|kind|offset",
)

TOPICS: tuple[Topic, ...] = (
    TICKS,
    PREDICTIONS,
    OUTCOMES,
    BREAKS,
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
