"""A recorded run of the loop in one process, in which the market changes and a model is retrained and promoted."""

from collections.abc import Callable
from functools import cache
from typing import Any

from agents.demo.drift_story import SABOTAGED, SYMBOL, parameters, sabotage
from schemas.experiments import ExperimentMoved
from schemas.retraining import RetrainFinished
from schemas.ticks import Directive, Tick
from streams.api.closed_loop import ClosedLoop
from streams.monitoring.alerts import alert_of
from streams.sources.planted_signal import GradedMarket

BEGUN, LATENCY_NS = 3_000, 5_000_000_000


AFTERWARDS = 600


class Run:
    """The run, tick by tick: the loop, the market, and the records so far.

    Attributes:
        loop: the nodes of the loop in one process.
        market: source of the ticks; the relation that it contains can be inverted.
        records: all records that the loop wrote.
        told: kinds of the alerts about these records.
        moved: newest record of an experiment's state; None if there is none.
        asked: commands that the story gave.
        log: records on the topic of ticks: ticks, and directives that follow from commands.
    """

    def __init__(self) -> None:
        self.loop = ClosedLoop(parameters(), LATENCY_NS)
        self.market = GradedMarket(SYMBOL, seed=7)
        self.records: list[Any] = []
        self.told: list[str] = []
        self.moved: ExperimentMoved | None = None
        self.asked: list[Any] = []
        self.log: list[Tick] = []

    def of(self, kind: type) -> list[Any]:
        return [record for record in self.records if isinstance(record, kind)]

    def put(self, event: Any) -> None:
        found = self.loop.receive(event)
        self.records += found
        # Kept as they come: `until` asks at every tick.
        self.told += [alert.kind for alert in map(alert_of, found) if alert is not None]
        self.moved = next((each for each in reversed(found) if isinstance(each, ExperimentMoved)), self.moved)
        if not isinstance(event, Tick):
            self.asked.append(event)
        # A command's directive comes before the tick that is taken after it.
        directives = [record for record in found if isinstance(record, Directive)]
        if isinstance(event, Tick):
            due = [each for each in directives if each.id.endswith(":start")]
            self.log += [*due, event, *(each for each in directives if each not in due)]
        else:
            self.log += directives

    def until(self, seen: Callable[[], Any], most: int = 6_000) -> None:
        for _ in range(most):
            if seen():
                return
            self.put(next(self.market))
        raise AssertionError(f"not within {most} ticks: {self.told}")


@cache
def story() -> Run:
    run = Run()
    for _ in range(BEGUN):
        run.put(next(run.market))
    run.market.inverted = True
    run.until(lambda: "promoted" in run.told)
    run.until(lambda: run.moved is not None and run.moved.status == "promoted")
    good = next(each.result.candidate for each in run.of(RetrainFinished) if each.result.status == "candidate")
    started, forced = (each.dated(run.log[-1].ts_event) for each in sabotage(good))
    run.put(started)
    run.until(lambda: run.moved is not None and run.moved.experiment == SABOTAGED)
    run.put(forced)
    run.until(lambda: "rolled_back" in run.told)
    for _ in range(AFTERWARDS):
        run.put(next(run.market))
    return run
