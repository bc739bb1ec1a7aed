from math import log
from random import Random

import pytest
from msgspec import UNSET
from msgspec.structs import replace

from schemas.errors import TickloopError
from schemas.outcomes import ArmOutcome, OutcomeMatured
from streams.scoring.skill import skill
from tests.support.matured import matured

HORIZON = 100


def _outcome(number: int, label: int, probability: float, imbalance: float, symbol: str = "X") -> OutcomeMatured:
    arm = ArmOutcome("live", "v1", "imbalance", probability, 0.5 if number % 10 == 0 else 0.0, 1.0, 0.25)
    return matured(
        number,
        1 + 50 * number + HORIZON,
        HORIZON,
        symbol=symbol,
        mid_matured=100.0 + label,
        return_bps=100.0 * label,
        label=label,
        arms=(arm,),
        experts={"imbalance": probability, "flat": 0.5},
        baselines={"majority": 0.5, "last_move": 0.5, "imbalance_sign": 0.5 + 0.1 * imbalance},
    )


def _informed(count: int, seed: int, known: float, symbol: str = "X") -> list[OutcomeMatured]:
    """Outcomes whose direction the pipeline knows with probability `known`; the imbalance says nothing."""
    random = Random(seed)
    outcomes = []
    for number in range(count):
        label = random.choice((-1, 1))
        told = label if random.random() < known else -label
        outcomes.append(_outcome(number, label, 0.5 + told * (known - 0.5), random.uniform(-1, 1), symbol))
    return outcomes


def test_an_informed_pipeline_has_skill_and_an_interval_above_zero() -> None:
    found = skill(_informed(4_000, 1, known=0.8))
    assert found.pipeline.accuracy == pytest.approx(0.8, abs=0.02)
    assert found.pipeline.log_loss == pytest.approx(0.5004, abs=0.02)
    assert found.low is not None
    assert found.high is not None
    assert 0.0 < found.low < found.skill < found.high < 0.4
    assert (found.scored, found.moved, found.independent) == (4_000, 4_000, 2_000)
    assert [score.name for score in found.experts] == ["imbalance", "flat"]
    assert found.experts[1].accuracy == 0.5
    assert found.experts[1].log_loss == pytest.approx(0.6931, abs=1e-4)
    assert (found.positions, found.gross_bps, found.net_bps) == (400, 1.0, 0.25)


def test_an_expert_is_scored_where_the_pipeline_had_it() -> None:
    """One expert comes later, another leaves: each is scored on its own outcomes, beside the pipeline on the same."""
    outcomes = _informed(400, 3, known=0.8)
    before = [replace(each, experts={"leaves": 0.5 + 0.4 * each.label}) for each in outcomes[:300]]
    after = [replace(each, experts={"comes": 0.5 - 0.4 * each.label, "only": 0.7}) for each in outcomes[300:]]
    found = skill(before + after, resamples=10)
    leaves, comes, only = found.experts
    assert [each.name for each in found.experts] == ["leaves", "comes", "only"]
    assert (leaves.moved, comes.moved, only.moved) == (300, 100, 100)
    assert (leaves.accuracy, comes.accuracy) == (1.0, 0.0)
    assert leaves.log_loss == pytest.approx(-log(0.9))
    assert comes.log_loss == pytest.approx(-log(0.1))
    late = skill(after, resamples=10)
    assert comes.pipeline_log_loss == pytest.approx(late.pipeline.log_loss)
    assert late.experts[0].moved is UNSET
    assert found.pipeline == skill(outcomes, resamples=10).pipeline


def test_an_uninformed_pipeline_has_none() -> None:
    """Of 95 % intervals for twenty seeds at most four may exclude zero (the binomial probability is above 99.7 %)."""
    off = 0
    for seed in range(20):
        found = skill(_informed(800, seed, known=0.5), resamples=300)
        assert found.low is not None
        assert found.high is not None
        off += not found.low <= 0.01 or not found.high >= -0.01
    assert off <= 4


def test_scores_agree_with_values_by_hand() -> None:
    labels = [1, 1, -1, 1]
    found = skill([_outcome(number, label, 0.6, 1.0) for number, label in enumerate(labels)])
    majority, last_move, imbalance = found.baselines
    assert found.pipeline.accuracy == imbalance.accuracy == 0.75
    assert majority.accuracy == last_move.accuracy == 0.5
    assert majority.log_loss == pytest.approx(log(2))
    assert found.pipeline.log_loss == imbalance.log_loss == pytest.approx(-(3 * log(0.6) + log(0.4)) / 4)
    assert (found.best_baseline, found.skill) == ("imbalance_sign", 0.0)


def test_symbols_do_not_see_one_another() -> None:
    one, other = _informed(300, 1, 0.9, "A"), _informed(300, 2, 0.7, "B")
    together = skill([outcome for pair in zip(one, other, strict=True) for outcome in pair])
    apart = [skill(one), skill(other)]
    assert together.independent == sum(each.independent for each in apart)
    for index, baseline in enumerate(together.baselines):
        mean = sum(each.baselines[index].log_loss for each in apart) / 2
        assert baseline.log_loss == pytest.approx(mean)


def test_the_interval_is_the_same_every_time() -> None:
    outcomes = _informed(300, 1, 0.7)
    assert skill(outcomes) == skill(outcomes)
    assert skill(outcomes, seed=1) != skill(outcomes, seed=2)


def test_a_handful_of_moves_has_no_interval() -> None:
    outcomes = _informed(4_000, 1, known=0.8)
    # Two predictions a horizon: 100 of them are 50 horizons, ten blocks of five.
    few, enough = skill(outcomes[:98]), skill(outcomes[:100])
    assert (few.low, few.high) == (None, None)
    assert enough.low is not None


def test_outcomes_without_a_move_are_refused() -> None:
    with pytest.raises(TickloopError, match="expected outcomes that moved, was none among 1"):
        skill([_outcome(0, 0, 0.5, 0.0)])
