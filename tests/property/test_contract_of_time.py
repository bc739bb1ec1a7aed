"""Every node goes on when a symbol's clock jumps or is set back, and no outcome is scored across such a break.

After enough labels the clock is set back by every magnitude, or one tick comes from a year ahead; then the
market goes on. The results are compared with those of the same market without the disturbance.
"""

import re
from collections.abc import Sequence
from functools import cache
from typing import Any

import pytest
from msgspec import Struct
from msgspec.structs import replace

from schemas.accounts import AccountMarked
from schemas.breaks import ClockBroken
from schemas.commands import StartVariant
from schemas.dead_letters import DeadLetter
from schemas.experiments import ExperimentMoved, ExperimentPartial
from schemas.outcomes import OutcomeMatured
from schemas.predictions import Prediction
from schemas.ticks import Quote, Trade
from schemas.windows import AccuracyWindow
from streams.engine.loop_partition import LoopPartition
from streams.market.tick_order import REPEATS
from streams.parameters import Parameters, load_parameters
from streams.sources.synthetic import synthetic_market
from streams.topology import nodes

SECOND = 1_000_000_000
DAY = 86_400 * SECOND
YEAR = 365 * DAY
START = 1_700_000_000 * SECOND
RESYNC = 20
UNSCORED = re.compile(r"came for .*: (\d+) predictions stay unscored")

MAGNITUDES = (1, 1_000, 1_000_000, SECOND, 60 * SECOND, 3_600 * SECOND, DAY, 10 * DAY, YEAR, 10 * YEAR)

TEST = {"batch": 20, "warmup": 50, "expected": 500, "longest": 5_000, "primary": "log_loss"}

TABLE: dict[str, Any] = {
    "monitor": {"window": 200, "block": 20, "min_samples_for_retrain": 100, "cool_down": 50},
    "experiments": {
        "bold": {"arm": {"sizing": {"kelly_fraction": 0.5}}, "test": TEST},
        "clocked": {"arm": {"mixture": {"rate": 0.2}}, "test": TEST | {"clock_ns": 5 * SECOND}},
        "together": {
            "symbols": ["ACORN", "BIRCH"],
            "arm": {"mixture": {"rate": 0.1}},
            "test": TEST | {"scope": "pooled", "clock_ns": 5 * SECOND},
        },
    },
}

Event = Quote | Trade


@cache
def parameters() -> Parameters:
    return load_parameters(TABLE)


@cache
def market() -> Sequence[Event]:
    """Ticks of two symbols, enough for some thousands of labels."""
    found = synthetic_market(seed=3, symbols=["ACORN", "BIRCH"], ticks=5_000)
    return [tick for tick in found if isinstance(tick, (Quote, Trade))]


def run(events: Sequence[Event]) -> list[Any]:
    """Run the whole loop on one partition; return all records that it writes.

    Three experiments run on each symbol from tick 500 on.
    """
    partition = LoopPartition(nodes(parameters()), 0, closed=True)
    written: list[Struct] = []
    for number, event in enumerate(events):
        if number == 500:
            for symbol in ("ACORN", "BIRCH"):
                for name in ("bold", "clocked", "together"):
                    overrides = TABLE["experiments"][name]["arm"]
                    command = StartVariant(
                        f"{name}-{symbol}", symbol, event.ts_event, name, "a test", overrides, from_live=True
                    )
                    written += partition.receive(command)
        written += partition.receive(event)
    return written


@cache
def undisturbed() -> list[Any]:
    return run(market())


def of(records: Sequence[Any], kind: type[Any], symbol: str = "ACORN") -> list[Any]:
    return [each for each in records if type(each) is kind and each.symbol == symbol]


def check(records: Sequence[Any], breaks: Sequence[str], refused: int) -> None:
    """Check what must hold after every disturbance.

    Args:
        records: records that the loop wrote.
        breaks: expected reasons of the breaks of the clock of symbol ACORN, in order.
        refused: expected number of refused ticks.
    """
    found = of(records, ClockBroken)
    assert [each.reason for each in found] == list(breaks)
    assert [each.generation for each in found] == list(range(1, 1 + len(breaks)))
    assert len([each for each in records if type(each) is DeadLetter]) == refused
    predictions, outcomes = of(records, Prediction), of(records, OutcomeMatured)
    for prediction in predictions:
        assert 0.001 < prediction.probability < 0.999, "no probability is thrown out of its range"
        assert "out of range" not in prediction.reason
    by_id = {each.id: each for each in predictions}
    for outcome in outcomes:
        predicted = by_id[outcome.prediction_id]
        assert (predicted.generation or 0) == (outcome.generation or 0), "scored within one generation"
        assert outcome.ts_event - outcome.ts_prediction <= 60 * SECOND, "scored at its horizon"
        assert all(0.0 <= weight <= 1.0 for weight in outcome.weights.values())
        assert abs(sum(outcome.weights.values()) - 1.0) < 1e-9
    scored = {each.prediction_id for each in outcomes}
    lost = [each for each in predictions if each.scored and each.id not in scored]
    waiting = [each for each in lost if each.ts_event > predictions[-1].ts_event - predictions[-1].horizon_ns]
    counted = sum(broken.dropped for broken in found)
    counted += sum(int(number) for each in predictions for number in UNSCORED.findall(each.reason))
    assert len(lost) - len([each for each in waiting if (each.generation or 0) == len(breaks)]) == counted
    for window in of(records, AccuracyWindow):
        assert window.ts_from <= window.ts_until
        assert window.breach is None or window.breach.since <= window.ts_until
    for mark in of(records, AccountMarked):
        assert abs(mark.net_bps) < 1e4, "nobody earns what a clock does"


def pairs_counted(records: Sequence[Any], name: str) -> list[int]:
    return [each.scored for each in of(records, ExperimentMoved) if each.experiment == name]


@pytest.mark.parametrize("back", MAGNITUDES)
def test_after_a_clock_is_set_back_every_node_goes_on_and_nothing_is_scored_across_the_break(back: int) -> None:
    ticks = market()
    half = len(ticks) // 2
    # ACORN goes on as if nothing had been, at an earlier time; BIRCH is not touched.
    at = next(number for number in range(half, len(ticks)) if ticks[number].symbol == "ACORN")
    last = max(tick.ts_event for tick in ticks[:at] if tick.symbol == "ACORN")
    shift = ticks[at].ts_event - last + back
    moved = [
        replace(tick, ts_event=tick.ts_event - shift) if number >= at and tick.symbol == "ACORN" else tick
        for number, tick in enumerate(ticks)
    ]
    late = [tick.ts_event for tick in moved[at:] if tick.symbol == "ACORN"][:RESYNC]
    records = run(moved)
    if late[-1] >= last:
        assert not of(records, ClockBroken), "the market caught up before anybody had to be believed"
        return
    check(records, ["set_back"], RESYNC - 1)
    before = [each for each in of(undisturbed(), Prediction) if not each.generation]
    told = of(records, Prediction)
    cut = next(number for number, each in enumerate(told) if each.generation)
    assert told[:cut] == before[:cut], "before the break nothing is different"
    assert of(records, Prediction, "BIRCH")[:100] == of(undisturbed(), Prediction, "BIRCH")[:100]
    assert [each.generation for each in told[cut:]] == [1] * (len(told) - cut)
    assert len([each for each in of(records, OutcomeMatured) if each.generation]) > 100, "it is scored again soon"
    for name in ("bold", "clocked"):
        moves = [each for each in of(records, ExperimentMoved) if each.experiment == name]
        until = last if back <= DAY else 0
        assert all(each.ts_event > until or each.ts_event <= last for each in moves)
        counted = [each.scored for each in moves]
        assert counted == sorted(counted)
        if back > DAY:
            assert (moves[-1].status, "was set back" in moves[-1].reason) == ("stopped", True)
    partials = [each for each in of(records, ExperimentPartial) if each.experiment == "together"]
    assert [each.passed for each in partials] == sorted(each.passed for each in partials)
    if back > DAY:
        assert "was set back" in partials[-1].ended


@pytest.mark.parametrize("ahead", [YEAR, 15 * DAY, 200 * YEAR])
def test_one_tick_from_far_ahead_changes_nothing_but_its_own_answer(ahead: int) -> None:
    ticks = list(market())
    at = next(number for number in range(len(ticks) // 2, len(ticks)) if ticks[number].symbol == "ACORN")
    ticks.insert(at, replace(ticks[at], ts_event=ticks[at].ts_event + ahead))
    records = run(ticks)
    (letter,) = [each for each in records if type(each) is DeadLetter]
    assert letter.reason == "ahead"
    for kind in (Prediction, OutcomeMatured, ExperimentMoved, AccuracyWindow, AccountMarked):
        told = [replace(each, id="", **_without_ids(each)) for each in records if type(each) is kind]
        assert told == [replace(each, id="", **_without_ids(each)) for each in undisturbed() if type(each) is kind]


def _without_ids(record: Any) -> dict[str, Any]:
    """Fields of a record without those that name a tick's offset, which one more tick moves."""
    if isinstance(record, OutcomeMatured):
        return {"prediction_id": ""}
    if isinstance(record, AccuracyWindow) and record.breach is not None:
        return {"breach": replace(record.breach, id="")}
    return {}


@pytest.mark.parametrize("ahead", [3_600 * SECOND, DAY, 13 * DAY])
def test_one_tick_from_ahead_that_was_believed_is_overcome_and_nothing_is_learned_from_it(ahead: int) -> None:
    ticks = list(market())
    at = next(number for number in range(len(ticks) // 2, len(ticks)) if ticks[number].symbol == "ACORN")
    ticks.insert(at, replace(ticks[at], ts_event=ticks[at].ts_event + ahead))
    check(run(ticks), ["set_back"], RESYNC - 1)


def test_a_jump_ahead_that_lasts_is_believed() -> None:
    ticks = market()
    at = len(ticks) // 2
    moved = [
        replace(tick, ts_event=tick.ts_event + YEAR) if number >= at else tick for number, tick in enumerate(ticks)
    ]
    records = run(moved)
    assert [each.reason for each in of(records, ClockBroken)] == ["ahead"]
    assert [each.reason for each in of(records, ClockBroken, "BIRCH")] == ["ahead"]
    check(records, ["ahead"], 2 * (RESYNC - 1))


@pytest.mark.parametrize(("numbered", "refused"), [(False, RESYNC - 1), (True, REPEATS * RESYNC - 1)])
def test_a_market_that_is_played_again_counts_in_no_experiment_twice(numbered: bool, refused: int) -> None:
    ticks = [tick if numbered else replace(tick, seq=None) for tick in market()]
    once, twice = undisturbed(), run([*ticks, *ticks, *ticks])
    check(twice, ["set_back", "set_back"], 4 * refused)
    for name in ("bold", "clocked"):
        counted = pairs_counted(once, name)
        assert max(pairs_counted(twice, name)) <= max(counted) + 20
