"""What a demo showed, as facts: printed by `agents.demo.report` and `agents.demo.details`, as JSON with `--json`."""

from msgspec import Struct

from agents.demo.audit import Audit
from agents.demo.stopwatch import MeasuredLatency
from streams.scoring.skill import Skill


class Kill(Struct, frozen=True):
    """A worker that was killed with -9.

    Attributes:
        worker: its name; it had the partition with the most ticks.
        after: ticks that had been sent.
        partitions: that it had.
        restarts: how often its successor was started.
    """

    worker: str
    after: int
    partitions: tuple[int, ...]
    restarts: int


class Summary(Struct, frozen=True):
    """One demo.

    Attributes:
        market: what was played.
        synthetic: whether nothing of it is real.
        cluster: what it went through.
        market_seconds: event time that was played.
        seconds: that the playing took.
        sent: ticks that the broker acknowledged.
        refused: ticks for each reason.
        audit: everything on the topics, checked.
        latency: from the moment a tick was due at the producer until a reader had its prediction, whole run.
        undisturbed: the same over the ticks before the kill; None without one.
        kill: the worker that was killed, if one was.
        skill: of the predictions; None when no outcome moved.
        holds: whether every check holds.
        home: folder that was kept, or empty.
        prefix: of the topics that were kept, or empty.
        cores: of this machine.
        busy: how busy all of them were while it was played, 0 to 1, whoever kept them so.
    """

    market: str
    synthetic: bool
    cluster: str
    symbols: tuple[str, ...]
    market_seconds: float
    seconds: float
    rate: float
    workers: int
    sent: int
    refused: dict[str, int]
    audit: Audit
    latency: MeasuredLatency | None
    undisturbed: MeasuredLatency | None
    kill: Kill | None
    skill: Skill | None
    holds: bool
    home: str = ""
    prefix: str = ""
    cores: int = 0
    busy: float = 0.0
