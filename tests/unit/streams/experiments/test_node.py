"""The experiments node: an experiment for each symbol, decided once, its winner watched, the same after any restore."""

from collections.abc import Iterator

import pytest
from msgspec import Struct

from schemas.errors import ConfigurationError, StateError
from schemas.experiments import ExperimentDecided, ExperimentMoved
from schemas.outcomes import OutcomeMatured
from streams.experiments.declaration import Declaration
from streams.experiments.node import ExperimentsNode
from streams.experiments.parameters import ExperimentParameters
from tests.support.experiment_outcomes import CALMER, TEST, compared, outcome, promoted, run


def chained(*parts: Iterator[OutcomeMatured]) -> Iterator[OutcomeMatured]:
    for part in parts:
        yield from part


def decisions(records: list[Struct]) -> list[ExperimentDecided]:
    return [record for record in records if isinstance(record, ExperimentDecided)]


def test_a_better_challenger_wins_once_and_its_state_is_written_at_every_batch() -> None:
    records = run(ExperimentsNode({"calmer": CALMER}), compared(0, 2_000, edge=0.2))
    (decided,) = decisions(records)
    assert decided.verdict == "winner"
    assert decided.applied
    assert (decided.challenger, decided.champion) == ("v2", "v1")
    moves = [record for record in records if isinstance(record, ExperimentMoved)]
    assert [move.batches for move in moves] == list(range(len(moves)))
    assert moves[-1].status == "winner"
    assert moves[-1].log_e_better >= moves[-1].threshold
    assert moves[-1].low is not None
    assert moves[-1].low > 0.0
    assert [move.status for move in moves[:-1]] == ["warmup", *["running"] * (len(moves) - 2)]


def test_equal_arms_end_without_a_winner() -> None:
    (decided,) = decisions(run(ExperimentsNode({"calmer": CALMER}), compared(0, 6_000, edge=0.0)))
    assert decided.verdict in ("no_difference", "futile", "expired")


def test_a_worse_challenger_is_harm() -> None:
    (decided,) = decisions(run(ExperimentsNode({"calmer": CALMER}), compared(0, 2_000, edge=-0.3)))
    assert decided.verdict == "harm"


def test_outcomes_without_the_arm_begin_nothing_and_other_symbols_are_left_alone() -> None:
    node = ExperimentsNode({"calmer": Declaration(symbols=("X",), test=TEST)})
    without = (outcome(number, (("live", "v1", 0.1),)) for number in range(100))
    assert run(node, chained(without, compared(100, 500, edge=1.0, symbol="Y"))) == []


def test_a_winner_that_stays_good_is_confirmed_once() -> None:
    records = run(ExperimentsNode({"calmer": CALMER}), chained(compared(0, 700, 0.2), promoted(700, 1_500, 0.2)))
    assert [each.verdict for each in decisions(records)] == ["winner", "promoted", "confirmed"]


def test_a_sabotaged_winner_is_rolled_back_once_and_soon() -> None:
    records = run(ExperimentsNode({"calmer": CALMER}), chained(compared(0, 700, 0.2), promoted(700, 1_500, -0.5)))
    said = decisions(records)
    assert said[0].verdict == "winner"
    assert said[-1].verdict == "rolled_back"
    assert said[-1].ts_event < 700 + 500
    assert "e-detector" in said[-1].reason
    last = [record for record in records if isinstance(record, ExperimentMoved)][-1]
    assert last.status == "rolled_back"
    assert last.alarm >= 1.0


def test_another_version_that_goes_live_stops_the_test() -> None:
    changed = (outcome(n, (("live", "v9", 0.0), ("calmer", "v2", 0.0))) for n in range(300, 310))
    (decided,) = decisions(run(ExperimentsNode({"calmer": CALMER}), chained(compared(0, 300, 0.0), changed)))
    assert decided.verdict == "stopped"
    assert "v9 went live in place of v1" in decided.reason


@pytest.mark.parametrize("then", ["nothing", "another version under its name"])
def test_a_challenger_that_is_stopped_stops_its_test_and_no_other_takes_its_place(then: str) -> None:
    arms = [("live", "v1", 0.0), ("calmer", "v3", 5.0)][: 1 if then == "nothing" else 2]
    later = (outcome(n, tuple(arms)) for n in range(300, 2_000))
    records = run(ExperimentsNode({"calmer": CALMER}), chained(compared(0, 300, 0.0), later))
    (decided,) = decisions(records)
    assert decided.verdict == "stopped"
    assert "v2 runs no more" in decided.reason
    assert decided.ts_event == 301


@pytest.mark.parametrize("stop", [1, 57, 333, 699, 701, 760])
def test_restored_anywhere_it_goes_on_bit_for_bit(stop: int) -> None:
    node = ExperimentsNode({"calmer": CALMER})
    outcomes = list(chained(compared(0, 700, 0.2), promoted(700, 300, -0.5)))
    expected = run(node, iter(outcomes))
    first, second = node.open("X"), None
    found: list[Struct] = []
    for number, each in enumerate(outcomes):
        if number == stop:
            second = node.load(node.dump(first))
        found += node.step(first if second is None else second, each, each.id)
    assert found == expected


def test_the_state_of_an_experiment_is_small() -> None:
    node = ExperimentsNode({"calmer": CALMER})
    state = node.open("X")
    for each in chained(compared(0, 700, 0.2), promoted(700, 300, 0.0)):
        node.step(state, each, each.id)
    assert len(node.dump(state)) < 4_096


def test_a_test_that_was_changed_after_its_start_is_refused() -> None:
    node = ExperimentsNode({"calmer": CALMER})
    state = node.open("X")
    for each in compared(0, 10, 0.0):
        node.step(state, each, each.id)
    other = ExperimentsNode({"calmer": Declaration(test=ExperimentParameters(alpha=0.1))})
    with pytest.raises(StateError, match="give what was changed another name"):
        other.load(node.dump(state))


def test_names_and_metrics_that_cannot_work_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="that is the live arm's"):
        ExperimentsNode({"live": CALMER})
    with pytest.raises(ConfigurationError, match="could not be watched"):
        Declaration(apply="automatic", test=ExperimentParameters(primary="drawdown"))
