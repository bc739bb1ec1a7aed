"""The life of a model in one process: drift, retrain, test beside the live version, promotion, sabotage, roll-back."""

import msgspec
import pytest

from agents.demo.drift_story import SABOTAGED, SYMBOL, parameters
from schemas.codec import encode
from schemas.experiments import ExperimentDecided
from schemas.outcomes import OutcomeMatured
from schemas.predictions import Prediction
from schemas.retraining import RetrainJob
from schemas.ticks import Directive, Tick
from schemas.versions import ModelVersion
from streams.api.closed_loop import ClosedLoop
from streams.engine.replay import SourceRecord, replay
from streams.market.node import MarketNode
from streams.sources.planted_signal import GradedMarket
from tests.support.closed_loop_story import AFTERWARDS, BEGUN, LATENCY_NS, story

pytestmark = pytest.mark.slow


def test_the_steps_of_the_story_come_in_order_and_each_is_an_alert() -> None:
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
    """Offset and bytes of each prediction that the market node makes on a topic of ticks.

    Args:
        log: records of the topic.
        left_out: offsets of records that the node does not get.
    """
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
