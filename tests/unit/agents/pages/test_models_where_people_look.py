"""Further models are shown wherever strategies are: in outcomes, predictions, summaries, tear sheets and features."""

from itertools import islice
from typing import Any

import pytest

import tickloop
from agents.cli.features import features
from agents.pages.tear_sheet import tear_sheet
from schemas.ticks import Quote
from streams.parameters import Parameters, load_parameters
from streams.sources.planted_signal import GradedMarket

MODELS = {
    "bayes": {"kind": "river", "model": "naive_bayes.GaussianNB", "features": ["queue_imbalance", "rsi"]},
    "stumps": {"kind": "trees", "features": ["queue_imbalance"]},
    "left_out": {"kind": "trees", "features": ["queue_imbalance"]},
}
LEADING = {
    "market": {
        "horizon_ns": 100_000_000,
        "models": MODELS,
        "mixture": {"rate": 1e-6, "share": 0.0, "prior": {"bayes": 100.0, "stumps": 0.5, "left_out": 0.0}},
    }
}


@pytest.fixture(scope="module")
def parameters() -> Parameters:
    return load_parameters(LEADING)


@pytest.fixture(scope="module")
def run(parameters: Parameters) -> Any:
    return tickloop.backtest(list(islice(GradedMarket("AAA", seed=7), 1_500)), parameters)


EXPERTS = ["imbalance", "momentum", "mean_reversion", "flat", "signed_logistic", "bayes", "stumps"]


def test_outcomes_have_a_column_for_the_opinion_and_the_weight_of_each(run: Any) -> None:
    names = list(run.outcomes.columns)
    assert [name.removeprefix("expert.") for name in names if name.startswith("expert.")] == EXPERTS
    assert [name.removeprefix("weight.") for name in names if name.startswith("weight.")] == EXPERTS
    assert run.outcomes[[f"weight.{name}" for name in EXPERTS]].sum(axis=1).round(9).eq(1.0).all()
    assert run.outcomes["expert.bayes"].nunique() > 100
    assert set(run.outcomes["expert.stumps"]) == {0.5}


def test_the_leading_model_is_named_where_a_leading_strategy_is(run: Any, parameters: Parameters) -> None:
    assert set(run.outcomes["arm.live.strategy"]) == {"bayes"}
    assert set(run.predictions["strategy"]) == {"bayes"}
    assert set(run.account["strategy"]) == {"bayes"}
    quote = next(GradedMarket("AAA", seed=7))
    assert isinstance(quote, Quote)
    ticks = {"ts_event": 1, "bid": quote.bid, "bid_size": 3.0, "ask": quote.ask, "ask_size": 1.0}
    said = tickloop.Pipeline(parameters).predict("AAA", ticks)
    assert said.strategy == "bayes"


def test_the_summary_scores_each_and_says_their_kinds(run: Any) -> None:
    assert run.summary["models"] == {"bayes": "river", "stumps": "trees", "left_out": "trees"}
    assert [each["name"] for each in run.summary["skill"]["experts"]] == EXPERTS


def test_the_tear_sheet_tells_them_from_strategies(run: Any) -> None:
    page = tear_sheet(run)
    assert page.count("bayes (River)") >= 3
    assert "stumps (trees)" in page
    assert "<dt>model bayes</dt><dd><code>river</code></dd>" in page


def test_the_list_of_features_says_which_model_uses_each(parameters: Parameters) -> None:
    users = {each.name: each.used_by for each in features(parameters.market)}
    assert "model bayes" in users["rsi"]
    assert {"model bayes", "model stumps"} <= set(users["queue_imbalance"])
