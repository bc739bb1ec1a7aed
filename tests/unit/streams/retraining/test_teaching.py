"""Models that a retrain teaches anew: chosen where they are better alone, started as they were judged, bounded."""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import pytest
from msgspec.structs import replace

from schemas.codec import encode
from schemas.models import LARGEST_FILE, ExpertModel, OwnState, RiverState
from schemas.retraining import RetrainingResult, RetrainJob
from schemas.ticks import Directive
from streams.engine.faults import Faults
from streams.market.arm_parameters import ArmParameters
from streams.market.features import SIGNED
from streams.market.models import own, signed_logistic
from streams.market.models.parameters import (
    ExpertParameters,
    OnnxParameters,
    OwnModelParameters,
    RiverParameters,
    TreesParameters,
)
from streams.market.node import MarketNode
from streams.market.parameters import MarketParameters
from streams.retraining.beginning import Beginning, overrides_of
from streams.retraining.job import retrain
from streams.retraining.labels import Labelled
from streams.retraining.parameters import ModelsFitParameters, RetrainParameters, TreesFitParameters
from streams.retraining.proposal import proposal
from streams.retraining.rerun import rerun
from streams.retraining.teaching import RECIPES, Untaught, taught, teachable
from tests.support.labelled_outcomes import HORIZON, MARKET, outcomes
from tests.unit.streams.retraining.test_trees_fitting import BREACH, VECTOR, bent, log_of

PARAMETERS = RetrainParameters(trees=TreesFitParameters(enabled=False), models=ModelsFitParameters(most_labels=5_000))
SEEN = (SIGNED[0], "spread")
HOEFFDING = RiverParameters(
    model="tree.HoeffdingTreeClassifier", parameters={"grace_period": 50, "delta": 0.1}, features=SEEN
)
GROWING = RiverParameters(
    model="neighbors.KNNClassifier", parameters={"n_neighbors": 5}, features=SEEN, largest_bytes=20_000
)


@dataclass
class Cells:
    """How often the mid moved up and down, for both signs of the first feature, at a narrow and at a wide spread."""

    moves: list[float] = field(default_factory=lambda: [1.0] * 8)


class CellCounts:
    """A model of a plug-in that can say that a relation turns over where the spread is wide."""

    state: ClassVar[type[Any]] = Cells

    def start(self, features: Sequence[str]) -> Cells:
        return Cells()

    def _cell(self, features: Sequence[float]) -> int:
        return 4 * (features[0] > 0.0) + 2 * (features[1] > 1.5)

    def opinion(self, state: Cells, features: Sequence[float]) -> float:
        at = self._cell(features)
        return state.moves[at] / (state.moves[at] + state.moves[at + 1])

    def learn(self, state: Cells, features: Sequence[float], up: bool, uniqueness: float) -> None:
        state.moves[self._cell(features) + (0 if up else 1)] += uniqueness


class Keeping(CellCounts):
    """Keeps the labels that it was taught."""

    def learn(self, state: Cells, features: Sequence[float], up: bool, uniqueness: float) -> None:
        state.moves += [features[0], 1.0 if up else -1.0, uniqueness]


class Silent(CellCounts):
    """Learns nothing."""

    def learn(self, state: Cells, features: Sequence[float], up: bool, uniqueness: float) -> None:
        pass


class Failing(CellCounts):
    """Raises at the label number 1,000."""

    def learn(self, state: Cells, features: Sequence[float], up: bool, uniqueness: float) -> None:
        super().learn(state, features, up, uniqueness)
        if sum(state.moves) > 1_000.0:
            raise RuntimeError("enough " * 100)


class FailingLater(CellCounts):
    """Raises when the held-out labels are taught, too."""

    def learn(self, state: Cells, features: Sequence[float], up: bool, uniqueness: float) -> None:
        super().learn(state, features, up, uniqueness)
        if sum(state.moves) > 1_600.0:
            raise RuntimeError("enough")


PLUGINS = {
    "cells": CellCounts,
    "keeping": Keeping,
    "silent": Silent,
    "failing": Failing,
    "failing-later": FailingLater,
}
CELLS = OwnModelParameters(of="cells", features=SEEN)


@pytest.fixture(autouse=True, scope="module")
def _registered() -> None:
    for name, model in PLUGINS.items():
        if name not in own.MODELS:
            own.register(name, model)


def market(
    parameters: ExpertParameters, name: str = "deep", prior: Mapping[str, float] | None = None
) -> MarketParameters:
    mixture = replace(MARKET.mixture, prior={**MARKET.mixture.prior, **(prior or {})})
    return replace(MARKET, models={name: parameters}, mixture=mixture)


def result_of(
    parameters: ExpertParameters, name: str = "deep", prior: Mapping[str, float] | None = None
) -> RetrainingResult:
    return retrain("X", BREACH, log_of(bent(2_400)), market(parameters, name, prior), PARAMETERS)


@pytest.mark.parametrize(("parameters", "kind"), [(HOEFFDING, RiverState), (CELLS, OwnState)])
@pytest.mark.parametrize(("prior", "weight"), [({}, 16.0), ({"deep": 4.0}, 4.0)])
def test_a_taught_model_wins_where_the_relation_bends_and_starts_as_it_was_judged(
    parameters: ExpertParameters, kind: type[Any], prior: dict[str, float], weight: float
) -> None:
    symbol, log = market(parameters, prior=prior), log_of(bent(2_400))
    result = retrain("X", BREACH, log, symbol, PARAMETERS)
    assert (result.status, result.recipe, result.contenders) == ("candidate", "deep", 2)
    assert result.candidate is not None
    assert result.candidate.model is not None
    brought = result.candidate.expert
    assert isinstance(brought, ExpertModel)
    assert type(brought.model) is kind
    assert (brought.name, brought.model.n_seen) == ("deep", 2_400)
    # Backward transfer is that of the taught model, not of the logistic regression beside it.
    assert all(row.candidate_log_loss < 0.62 for row in result.backward_transfer)

    asked = proposal(RetrainJob(BREACH.id, "X", HORIZON, BREACH.id, BREACH), result, symbol, PARAMETERS)
    assert asked.overrides == ({} if prior else {"mixture": {"prior": {"deep": 16.0}}})
    directive = Directive(
        id="d", symbol="X", ts_event=1, action="start_arm", arm=asked.arm, cause="", overrides=asked.overrides,
        model=asked.model,
    )  # fmt: skip
    variants = ArmParameters(symbol)
    arm = variants.begin(directive, "v2", 1, MarketNode(symbol).open("X"))
    # One model of that name, which knows what it was taught.
    assert variants[arm.overrides].arms.models.names == ("deep",)
    assert arm.models[0].n_seen == 2_400
    assert arm.weights[-1] == pytest.approx(weight / (weight + 8.0 + 1.5 + 1.0 + 1.0 + 1.0))
    first = variants[arm.overrides].arms.opinion(arm, log[0].rules, list(log[0].features), Faults())
    beginning = Beginning(signed_logistic.from_wire(result.candidate.model, symbol.model.features), brought)
    assert [first.probability] == rerun(beginning, log[:1], symbol, overrides_of(brought, symbol, PARAMETERS))


def test_a_taught_model_that_knows_nothing_passes_no_gate() -> None:
    """Labels that no feature has to do with."""
    log = [replace(each, label=1 if number % 7 in (0, 2, 3) else -1) for number, each in enumerate(log_of(bent(2_400)))]
    result = retrain("X", BREACH, log, market(HOEFFDING), PARAMETERS)
    assert (result.status, result.contenders) == ("rejected", 2)
    assert "beats the current version" in result.sentence


def test_every_label_is_taught_once_in_order_by_its_uniqueness_and_only_the_newest() -> None:
    labels: list[Labelled] = [
        replace(each, uniqueness=0.001 * number) for number, each in enumerate(log_of(outcomes(900)))
    ]
    keeping = market(OwnModelParameters(of="keeping", features=SEEN, largest_bytes=1_000_000))
    for most, expected in ((5_000, labels), (300, labels[-300:])):
        expert = taught("deep", labels, keeping, VECTOR, most)
        assert expert is not None
        assert isinstance(expert.model, OwnState)
        moves = own.OwnModel(OwnModelParameters(of="keeping", features=SEEN)).load(expert.model).state.moves[8:]
        assert moves == [
            number for each in expected for number in (each.features[0], float(each.label), each.uniqueness)
        ]


def test_a_class_of_river_that_takes_a_weight_is_taught_the_uniqueness() -> None:
    labels = log_of(outcomes(600))
    full, half = (
        taught("deep", [replace(each, uniqueness=u) for each in labels], market(HOEFFDING), VECTOR, 600)
        for u in (1.0, 0.5)
    )
    assert full != half


def test_a_model_that_does_not_learn_while_it_runs_is_taught_all_the_same() -> None:
    result = result_of(replace(HOEFFDING, learns=False))
    assert (result.status, result.recipe) == ("candidate", "deep")


@pytest.mark.parametrize(
    ("parameters", "name", "why"),
    [
        (OwnModelParameters(of="failing", features=SEEN), "deep", "deep is left out: it raised RuntimeError: enough "),
        (GROWING, "deep", "deep is left out: it reached 1"),
        (CELLS, "since", "since is left out: expected a name other than all, since, trees, stored; fix: call"),
    ],
)
def test_a_model_that_cannot_be_taught_is_no_contender_and_the_retrain_says_why(
    parameters: ExpertParameters, name: str, why: str
) -> None:
    result = result_of(parameters, name)
    assert (result.recipe, result.contenders) == ("all", 1)
    assert f"; {why}" in result.sentence
    assert len(result.sentence) < 600


def test_a_state_that_no_record_can_carry_is_no_contender(monkeypatch: pytest.MonkeyPatch) -> None:
    labels = log_of(outcomes(900))
    keeping = market(OwnModelParameters(of="keeping", features=SEEN, largest_bytes=1_000_000))
    assert taught("deep", labels, keeping, VECTOR, 900) is not None
    monkeypatch.setattr("streams.retraining.teaching.LARGEST_FILE", 20_000)
    with pytest.raises(Untaught, match=r"deep is left out: expected a state of at most 20,000 bytes, was 2\d,\d{3}"):
        taught("deep", labels, keeping, VECTOR, 900)
    assert LARGEST_FILE == 384 * 1_024


def test_one_that_cannot_be_taught_the_held_out_labels_leaves_its_place_to_the_next_best() -> None:
    result = result_of(OwnModelParameters(of="failing-later", features=SEEN))
    assert (result.recipe, result.contenders) == ("all", 2)
    assert result.candidate is not None
    assert not result.candidate.expert
    assert "; deep is left out: it raised RuntimeError: enough" in result.sentence


def test_what_does_not_learn_or_is_not_asked_for_is_no_contender() -> None:
    assert result_of(HOEFFDING).contenders == 2
    assert result_of(OwnModelParameters(of="silent", features=SEEN)).contenders == 1
    assert result_of(HOEFFDING, prior={"deep": 0.0}).contenders == 1
    assert teachable(market(OnnxParameters(features=SEEN))) == teachable(market(TreesParameters(features=SEEN))) == ()
    for asked in (ModelsFitParameters(enabled=False), ModelsFitParameters(least_labels=2_000)):
        wanted = replace(PARAMETERS, models=asked)
        result = retrain("X", BREACH, log_of(bent(2_400)), market(HOEFFDING), wanted)
        assert (result.contenders, "left out" in result.sentence) == (1, False)


def test_a_stored_version_with_a_taught_model_is_a_contender_again() -> None:
    first = result_of(HOEFFDING).candidate
    assert first is not None
    later = [*outcomes(1_500, 2, -1.0, 2_400, live=0.5), *bent(700, 3, 3_900)]
    breach = replace(BREACH, since=3_901 * HORIZON, since_outcomes=700)
    log = log_of([*bent(2_400), *later])[2_400:]
    result = retrain("X", breach, log, market(HOEFFDING), PARAMETERS, pool=[first])
    assert (result.status, result.recipe, result.candidate) == ("candidate", "stored", first)
    other = market(replace(HOEFFDING, parameters={}))
    assert retrain("X", breach, log, other, PARAMETERS, pool=[first]).recipe != "stored"


def test_recipes_without_a_taught_model_are_those_of_the_documents() -> None:
    assert set(RECIPES) == {"all", "since", "trees", "stored"}


PROGRAM = """
from schemas.codec import encode
from tests.unit.streams.retraining.test_teaching import result_of_bag
import sys
sys.stdout.buffer.write(encode(result_of_bag()))
"""
BAG = RiverParameters(
    model="ensemble.BaggingClassifier",
    parameters={"n_models": 3, "model": {"model": HOEFFDING.model, "parameters": HOEFFDING.parameters}},
    features=SEEN,
)


def result_of_bag() -> RetrainingResult:
    """Result of a retrain whose model draws random numbers."""
    return result_of(BAG)


@pytest.mark.slow
def test_every_process_gives_the_same_bytes() -> None:
    started = [
        subprocess.Popen(
            [sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, env={"PYTHONHASHSEED": seed, "PATH": ""}
        )
        for seed in ("1", "2")
    ]
    found = [process.communicate()[0] for process in started]
    result = result_of_bag()
    assert result.recipe == "deep"
    assert found[0] == found[1] == encode(result)
