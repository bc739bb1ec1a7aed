"""The one registry of topics: name, record, partitions, retention."""

from typing import Any, Literal

from msgspec import Struct

from schemas.dead_letters import DeadLetter
from schemas.outcomes import OutcomeMatured
from schemas.predictions import Prediction
from schemas.ticks import Tick
from schemas.windows import AccuracyWindow

DAY_MS = 24 * 60 * 60 * 1000
MIB = 1024 * 1024

PARTITIONS = 8
"""Of every topic of the loop, unless a deployment is set up with another number before its topics exist."""


class Topic(Struct, frozen=True):
    """One topic of the loop. Key = symbol and one partition count on all of them: a symbol stays in one partition.

    Attributes:
        name: logical name; it is what ids carry, whatever prefix a deployment adds.
        record: type of the value, msgspec JSON on the wire.
        summary: sentence for the contract and the tables of the documentation.
        cleanup: `delete` after the retention, or `compact` to the newest record of each key.
        retention_ms: how long records are kept.
        max_message_bytes: largest batch of records that the broker takes.
        key: what the key of a record says, in UTF-8.
    """

    name: str
    record: Any
    summary: str
    cleanup: Literal["delete", "compact"] = "delete"
    retention_ms: int = 7 * DAY_MS
    max_message_bytes: int = MIB
    key: str = "symbol"


TICKS = Topic(
    "ticks", Tick, "quotes, trades and directives: the one log that decides everything", retention_ms=30 * DAY_MS
)
PREDICTIONS = Topic("predictions", Prediction, "one for every accepted tick")
OUTCOMES = Topic(
    "outcomes", OutcomeMatured, "scored predictions that matured, all arms side by side", retention_ms=30 * DAY_MS
)
DEAD_LETTERS = Topic(
    "dead-letters",
    DeadLetter,
    "refused input: reason and original bytes",
    retention_ms=30 * DAY_MS,
    # Base64 makes four bytes of three: the largest input must fit, or one record would stop its partition for ever.
    max_message_bytes=2 * MIB,
    key="key of the refused record, whatever it was",
)
ACCURACY_WINDOWS = Topic(
    "accuracy-windows",
    AccuracyWindow,
    "how well each version predicted lately, beside baselines; breaches that call for a retrain",
    retention_ms=30 * DAY_MS,
)

TOPICS: tuple[Topic, ...] = (TICKS, PREDICTIONS, OUTCOMES, DEAD_LETTERS, ACCURACY_WINDOWS)
