"""A declared experiment starts an arm with further models and decides; an A/B test of the same two says the same."""

from itertools import islice
from typing import Any

import msgspec
import pytest

from agents.demo.drift_story import CONFIGURATION, SYMBOL
from schemas.commands import StartVariant
from schemas.errors import ConfigurationError
from schemas.experiments import ExperimentDecided
from schemas.outcomes import OutcomeMatured
from schemas.ticks import Quote
from streams.api.ab_testing import ABTestingFramework
from streams.api.closed_loop import ClosedLoop
from streams.parameters import Parameters, load_parameters
from streams.sources.planted_signal import GradedMarket
from streams.topology import nodes

DECLARED = """
[market.costs]
enabled = []

[market.sizing]
enabled = ["kelly"]

[experiments.deep]
symbols = ["AAA"]

[experiments.deep.test]
primary = "returns"
batch = 40
warmup = 40
expected = 400.0
minimum_batches = 20
longest = 5_000

[experiments.deep.arm.models.bayes]
kind = "river"
model = "naive_bayes.GaussianNB"
features = ["queue_imbalance"]

[experiments.deep.arm.mixture.prior]
signed_logistic = 0.02
"""
"""A challenger with a further model, which learns at once what the slow model does not: the market is inverted."""


def parameters(text: str = DECLARED) -> Parameters:
    return load_parameters(msgspec.toml.decode(CONFIGURATION + text))


def market(ticks: int) -> list[Quote]:
    feed = GradedMarket(SYMBOL, seed=7)
    feed.inverted = True
    return list(islice(feed, ticks))


def test_a_declared_experiment_and_an_ab_test_decide_the_same_in_the_same_words() -> None:
    whole = parameters()
    arm = whole.experiments["deep"].arm
    loop, found = ClosedLoop(whole), list[Any]()
    ticks = market(4_000)
    for number, tick in enumerate(ticks):
        if number == 300:
            found += loop.receive(StartVariant("start", SYMBOL, tick.ts_event, "deep", "test", arm, from_live=True))
        found += loop.receive(tick)
    outcomes = [each for each in found if isinstance(each, OutcomeMatured) and len(each.arms) == 2]
    assert {each.arms[1].strategy for each in outcomes} == {"bayes"}
    assert all("bayes" not in each.experts for each in outcomes), "the experts of an outcome are the live arm's"
    (decided,) = [each for each in found if isinstance(each, ExperimentDecided) and each.experiment == "deep"]
    assert decided.verdict == "winner", decided

    own = msgspec.convert(msgspec.to_builtins(whole.market) | merged(whole, arm), type(whole.market))
    tested = ABTestingFramework(resamples=99).run_test(own, whole.market, ticks, metrics=("returns",))
    assert tested.winner == "A"
    said = decided.reason.partition(":")[0]
    assert said == "A is better (asymptotic)"
    assert said in tested.why


def merged(whole: Parameters, arm: Any) -> dict[str, Any]:
    """The tables of the challenger: the symbol's, with those of the arm on top."""
    mixture = msgspec.to_builtins(whole.market.mixture)
    return {"models": arm["models"], "mixture": mixture | {"prior": mixture["prior"] | arm["mixture"]["prior"]}}


@pytest.mark.parametrize(
    ("before", "instead", "sentence"),
    [
        ('model = "naive', 'modle = "naive', "[experiments.deep.arm.models.bayes]: expected fields among model, par"),
        ('"river"', '"rivr"', "bayes] kind: expected one of river, trees, onnx, own, was 'rivr'; fix: river"),
        ("GaussianNB", "Gauss", "expected a class of river.naive_bayes, was 'naive_bayes.Gauss'"),
        ('"queue_imbalance"', '"nothing"', "expected features that the symbol computes, nothing is none"),
    ],
)
def test_a_mistake_in_a_model_of_an_arm_is_named_with_its_correction(before: str, instead: str, sentence: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        nodes(parameters(DECLARED.replace(before, instead)))
    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ({"kind": "river", "modle": "x"}, "[market.models.deep]: expected fields among model, parameters, scaler"),
        (
            {"kind": "rivr"},
            "[market.models.deep] kind: expected one of river, trees, onnx, own, was 'rivr'; fix: river",
        ),
        ({"model": "x"}, "[market.models.deep] kind: expected one of river, trees, onnx, own, was absent"),
    ],
)
def test_a_mistake_in_a_model_of_the_configuration_is_named_with_its_correction(table: Any, sentence: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_parameters({"market": {"models": {"deep": table}}})
    assert sentence in str(caught.value)
