"""The facts about a finished demo, which are printed for people or, with `--json`, as JSON."""

from msgspec import Struct

from agents.demo.audit import Audit
from agents.demo.stopwatch import MeasuredLatency
from streams.scoring.skill import Skill


class Kill(Struct, frozen=True):
    """Facts about the worker that a demo killed with SIGKILL.

    Attributes:
        worker: name of the worker, which owned the partition with the most ticks.
        after: number of ticks that had been sent when it was killed.
        partitions: numbers of the partitions that it owned.
        restarts: how many times a worker was started in its place.
    """

    worker: str
    after: int
    partitions: tuple[int, ...]
    restarts: int


class Summary(Struct, frozen=True):
    """The facts about a finished demo.

    Attributes:
        market: description of the market that was played.
        synthetic: True for a synthetic market, False for real ticks.
        cluster: description of the Kafka cluster that was used.
        symbols: symbols that were predicted.
        market_seconds: event time that was played, seconds.
        seconds: time that publishing took, seconds.
        rate: planned rate, ticks per second.
        workers: number of workers.
        sent: number of ticks that the broker acknowledged.
        refused: number of refused ticks by reason.
        audit: checks of the records on the topics.
        latency: time from when a tick was due to be sent until a reader had its prediction; None if no tick was
            predicted.
        undisturbed: latency of the ticks before the kill only; None without a kill.
        kill: facts about the killed worker; None without a kill.
        skill: how much better the predictions were than baselines; None if no price moved within the horizon.
        holds: whether all checks hold.
        home: folder that was kept; empty if none was.
        prefix: prefix of the topics that were kept; empty if none were.
        cores: number of cores of this machine.
        busy: average load of the cores while ticks were published, by all programs together, 0 to 1.
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
