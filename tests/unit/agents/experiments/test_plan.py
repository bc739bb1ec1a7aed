"""Plans of experiments: what symbols share makes them longer, and two versions that hardly differ are refused."""

from random import Random

import pytest
from msgspec.structs import replace

from agents.experiments.plan import planned, planned_together
from schemas.errors import ConfigurationError
from schemas.outcomes import OutcomeMatured
from tests.support.pooled_partials import SECOND, SYMBOLS, TOGETHER, outcomes

HISTORY = {symbol: outcomes(symbol, number, 2_000, 0.1, number) for number, symbol in enumerate(SYMBOLS)}


def nothing(part: float) -> None:
    """A progress function that shows nothing."""


def apart(symbol: str, number: int) -> list[OutcomeMatured]:
    return outcomes(symbol, number, 2_000, 0.1, number, common=number + 100)


def test_symbols_that_move_together_need_more_pairs_than_those_that_do_not() -> None:
    declared = replace(TOGETHER, test=replace(TOGETHER.test, worth=0.2))
    one = planned_together("calmer", declared, HISTORY, None, 0, nothing)
    other = planned_together(
        "calmer", declared, {symbol: apart(symbol, number) for number, symbol in enumerate(SYMBOLS)}, None, 0, nothing
    )
    assert one.symbol == "*"
    assert one.history == pytest.approx(3 * 2_000, rel=0.1)
    assert one.plan.pairs > 1.5 * other.plan.pairs
    assert one.recommended_batch % 1 == 0
    assert one.pairs_a_day == pytest.approx(12 * 86_400, rel=0.05)


def test_pairs_of_several_horizons_overlap_by_the_mean_of_them() -> None:
    """Each symbol has four pairs a second, so 40 of one overlap at a time, and 4 of each of the others."""
    longer = [replace(each, horizon_ns=10 * SECOND) for each in HISTORY["ASH"]]
    others = {symbol: [replace(each, horizon_ns=SECOND) for each in HISTORY[symbol]] for symbol in SYMBOLS}
    declared = replace(TOGETHER, test=replace(TOGETHER.test, worth=0.2))
    found = planned_together("calmer", declared, others | {"ASH": longer}, None, 0, nothing)
    assert found.overlap == pytest.approx(48.0, rel=0.05)


def test_the_pooled_pre_flight_holds_its_rate_on_symbols_that_move_together() -> None:
    declared = replace(TOGETHER, test=replace(TOGETHER.test, batch=60, worth=0.2))
    plan = planned_together("calmer", declared, HISTORY, None, 100, nothing)
    found = plan.preflight
    assert found is not None
    assert found.passed
    assert found.wins <= 10
    assert plan.recommended_holds, "shown with the batch that what they share asks for"
    assert plan.recommended_batch > plan.batch == 60


def test_a_history_that_holds_too_few_batches_gets_no_promise() -> None:
    declared = replace(TOGETHER, test=replace(TOGETHER.test, batch=60, worth=0.2))
    short = {symbol: found[:300] for symbol, found in HISTORY.items()}
    plan = planned_together("calmer", declared, short, None, 20, nothing)
    assert plan.preflight is None
    assert "expected a history of at least 1,200 scored pairs" in plan.missing
    assert plan.recommended_holds is False


def test_a_symbol_without_outcomes_is_missed() -> None:
    with pytest.raises(ConfigurationError, match="those of ELM are missing"):
        planned_together("calmer", TOGETHER, {s: HISTORY[s] for s in SYMBOLS if s != "ELM"}, None, 0, nothing)


def test_symbols_that_never_ran_at_the_same_time_cannot_be_pooled() -> None:
    later = [replace(each, ts_event=each.ts_event + 10_000 * SECOND) for each in HISTORY["OAK"]]
    with pytest.raises(ConfigurationError, match="at the same time"):
        planned_together("calmer", TOGETHER, HISTORY | {"OAK": later}, None, 0, nothing)


def test_arms_that_hardly_differ_get_a_sentence_and_no_plan() -> None:
    random = Random(1)
    alike = []
    for each in HISTORY["ASH"]:
        live, challenger = each.arms
        up = live.probability + random.uniform(-1e-9, 1e-9)
        alike.append(replace(each, arms=(live, replace(challenger, probability=up))))
    declared = replace(TOGETHER, test=replace(TOGETHER.test, primary="log_loss", scope="symbol"))
    with pytest.raises(ConfigurationError, match=r"an effect of 0\.1 .*; fix: an `arm` that differs more"):
        planned("calmer", declared, alike, None, 0, nothing)
