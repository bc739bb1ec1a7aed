"""A model's whole life in one process: drift, breach, retrain, shadow, promotion, sabotage, roll-back, as it was."""

from collections.abc import Callable
from functools import cache
from typing import Any

import msgspec
import pytest

from agents.demo.drift_story import SABOTAGED, SYMBOL, parameters, sabotage
from schemas.codec import encode
from schemas.experiments import ExperimentDecided, ExperimentMoved
from schemas.outcomes import OutcomeMatured
from schemas.predictions import Prediction
from schemas.retraining import RetrainFinished, RetrainJob
from schemas.ticks import Directive, Tick
from schemas.versions import ModelVersion
from streams.api.closed_loop import ClosedLoop
from streams.engine.replay import SourceRecord, replay
from streams.market.node import MarketNode
from streams.monitoring.alerts import alert_of
from streams.sources.planted import GradedMarket

BEGUN, LATENCY_NS = 3_000, 5_000_000_000
AFTERWARDS = 600


class Run:
    """The story of the demo, tick by tick; `log` is what lies in the tick log."""

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
    started, forced = sabotage(good, run.log[-1].ts_event)
    run.put(started)
    run.until(lambda: run.moved is not None and run.moved.experiment == SABOTAGED)
    run.put(forced)
    run.until(lambda: "rolled_back" in run.told)
    for _ in range(AFTERWARDS):
        run.put(next(run.market))
    return run


def test_what_happens_happens_in_order_and_is_told() -> None:
    rest = iter(story().told)
    wanted = ["breach", "candidate", "promoted", "candidate", "promoted", "rolled_back"]
    assert all(kind in rest for kind in wanted), story().told
    verdicts = [decided.verdict for decided in story().of(ExperimentDecided)]
    assert [each for each in verdicts if each != "promoted"] == ["winner", "rolled_back"]


def test_the_change_is_noticed_and_answered_within_the_outcomes_that_are_needed() -> None:
    (job, *_) = story().of(RetrainJob)
    drift = GradedMarket(SYMBOL, seed=7)
    at = next(tick.ts_event for number, tick in enumerate(drift) if number == BEGUN)
    noticed = [each for each in story().of(OutcomeMatured) if at <= each.ts_event <= job.ts_event and each.label]
    assert 250 <= len(noticed) < 400


def test_steps_of_a_person_are_counted_and_those_of_the_system_are_not() -> None:
    steps = {version.version: version.manual_steps for version in story().of(ModelVersion)}
    retrained = next(name for name in steps if name.startswith(SYMBOL) and name != f"{SYMBOL}-sabotaged")
    assert steps[f"{SYMBOL}-sabotaged"] == 2
    # Made, tested, made live and made live again by itself; only the sabotage in between was somebody's.
    assert steps[retrained] == 1


def test_a_poisoned_version_that_is_forced_through_is_out_within_500_scored_outcomes() -> None:
    lived = [each for each in story().of(OutcomeMatured) if each.arms[0].model_version == f"{SYMBOL}-sabotaged"]
    assert 0 < len(lived) < 500


def test_predictions_after_the_rollback_are_those_of_the_earlier_version_byte_for_byte() -> None:
    log = story().log
    back = max(number for number, tick in enumerate(log) if isinstance(tick, Directive))
    of_sabotage = {
        number for number, tick in enumerate(log) if isinstance(tick, Directive) and tick.arm == SABOTAGED
    } | {back}
    assert len(of_sabotage) == 3
    whole = predictions(log, set())
    without = predictions(log, of_sabotage)
    assert [each for each in whole if each[0] > back] == [each for each in without if each[0] > back]
    assert sum(each[0] > back for each in whole) >= AFTERWARDS
    # And the sabotage did change what was predicted while it lasted.
    assert [each for each in whole if each[0] < back] != [each for each in without if each[0] < back]
    live = [encode(each) for each in story().of(Prediction)]
    assert live == [value for _, value in whole]


def predictions(log: list[Tick], left_out: set[int]) -> list[tuple[int, bytes]]:
    """Offset and bytes of every prediction of the market node on the log."""
    records = [
        SourceRecord(0, number, SYMBOL.encode(), encode(tick))
        for number, tick in enumerate(log)
        if number not in left_out
    ]
    return [
        (int(each.id.split(":")[2]), each.value)
        for each in replay(MarketNode(parameters()), records)
        if each.topic == "predictions"
    ]


def test_the_same_ticks_and_commands_give_the_same_bytes() -> None:
    again = ClosedLoop(parameters(), LATENCY_NS)
    market = GradedMarket(SYMBOL, seed=7)
    found = []
    for number in range(BEGUN + 2_000):
        market.inverted = number >= BEGUN
        found += again.receive(next(market))
    expected = story().records[: len(found)]
    assert list(map(msgspec.json.encode, found)) == list(map(msgspec.json.encode, expected))


@pytest.mark.parametrize("late_s", [2, 60, 117, 122.5, 128.5, 140.5])
def test_the_candidate_of_the_story_wins_however_late_it_starts(late_s: float) -> None:
    loop, market = ClosedLoop(parameters(), int(late_s * 1e9)), GradedMarket(SYMBOL, seed=7)
    for _ in range(BEGUN + 50):
        loop.receive(next(market))
    market.inverted = True
    verdicts: list[str] = []
    for _ in range(int(late_s * 100) + 7_500):
        verdicts += [each.verdict for each in loop.receive(next(market)) if isinstance(each, ExperimentDecided)]
        if verdicts:
            break
    assert verdicts == ["winner"]
