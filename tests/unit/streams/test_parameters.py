from typing import Any

import pytest

from schemas.errors import ConfigurationError
from streams.market.costs import CostParameters
from streams.market.parameters import MarketParameters
from streams.parameters import Parameters, load_parameters
from streams.topology import nodes


def test_an_empty_configuration_gives_the_defaults() -> None:
    assert load_parameters({}) == Parameters()
    assert load_parameters({"settings": {"partitions": 3}}).for_symbol("X") == MarketParameters()


def test_a_symbol_has_its_own_on_top_of_those_for_all() -> None:
    parameters = load_parameters(
        {
            "market": {"warmup_ticks": 7, "costs": {"fee_bps": 2.0}},
            "symbols": {"EURUSD": {"market": {"costs": {"slippage_bps": 0.5}}}, "Y": {}},
        }
    )
    assert parameters.for_symbol("EURUSD").costs == CostParameters(fee_bps=2.0, slippage_bps=0.5)
    assert parameters.for_symbol("EURUSD").warmup_ticks == 7
    assert parameters.for_symbol("Y") == parameters.for_symbol("Z") == parameters.market


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        (
            {"market": {"horizont_ns": 1}},
            r"\[market\]: expected fields among .*, was also horizont_ns; fix: horizon_ns$",
        ),
        ({"market": {"costs": {"fee": 1}}}, r"\[market.costs\]: expected fields among .*, was also fee; fix: fee_bps$"),
        ({"market": {"cost": {}}}, r"\[market\]: .* was also cost; fix: costs$"),
        ({"market": {"zzz": 1}}, r"\[market\]: .* was also zzz; fix: take it out$"),
        (
            {"market": {"horizon_ns": 0}},
            r"\[market\] horizon_ns: Expected `int` >= 1, was 0; fix: docs/configuration.md",
        ),
        ({"market": {"horizon_ns": "1s"}}, r"\[market\] horizon_ns: Expected `int`, got `str`, was '1s'; fix: "),
        ({"market": {"model": {"learning_rate": -0.1}}}, r"\[market.model\] learning_rate: .*, was -0.1; fix: "),
        ({"market": {"mixture": {"prior": {"flat": -1.0}}}}, r"\[market\]: Expected `float` >= 0.0 at mixture.prior"),
        ({"market": 3}, r"\[market\]: expected a table, was 3"),
        ({"symbols": []}, r"\[symbols\]: expected a table"),
        ({"symbols": {"X": {"marked": {}}}}, r"\[symbols.X\]: expected nothing but a table `market`"),
        ({"symbols": {"X": {"market": {"costs": {"fees": 1}}}}}, r"\[symbols.X.market.costs\]: .* fees; fix: fee_bps$"),
        ({"experiments": {"a": {"test": {"aplha": 1}}}}, r"\[experiments.a.test\]: .* was also aplha; fix: alpha$"),
        (
            {"experiments": {"a": {"starts": "live"}}},
            r"\[experiments.a\] starts: expected one of from_live, .*: from_live$",
        ),
        ({"retraining": {"trial": {"watch": {"runs": 1}}}}, r"\[retraining.trial.watch\]: .* was also runs; fix: run$"),
    ],
)
def test_impossible_parameters_are_named(table: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigurationError, match=sentence):
        load_parameters(table)


def test_the_digest_tells_parameters_apart() -> None:
    default = MarketParameters()
    assert default.digest() == load_parameters({"market": {"costs": {"fee_bps": 0.5}}}).market.digest()
    assert default.digest() != MarketParameters(costs=CostParameters(fee_bps=0.25)).digest()
    assert len(default.digest()) == 64


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        (
            {"strategies": {"enabled": ["imbalnce"]}},
            r"\[market.strategies\]: expected strategies among .*; fix: imbalance",
        ),
        (
            {"strategies": {"own": {"fad": {}}}},
            r"\[market.strategies.own\]: .* was fad; fix: take it out, or name the module",
        ),
        ({"features": {"recorded": ["rssi"]}}, r"\[market.features\]: .* was rssi; fix: rsi$"),
        ({"features": {"own": {"book": {}}}}, r"\[market.features.own\]: .* was book; fix: take it out, or"),
        ({"regime": {"detector": "ewm"}}, r"\[market.regime\]: .* was ewm; fix: ewma$"),
        ({"regime": {"own": {"ewma": {}}}}, r"\[market.regime.own\]: .* was ewma; fix: take it out, or"),
        ({"model": {"features": ["retrun_1"]}}, r"\[market.model\]: .* was retrun_1; fix: return_1$"),
        ({"model": {"prior": {"queue_imbalanc": 1.0}}}, r"\[market.model.prior\]: .*; fix: queue_imbalance$"),
        ({"mixture": {"prior": {"imbalnce": 8.0}}}, r"\[market.mixture.prior\]: .*; fix: imbalance$"),
        ({"confidence": {"calibrator": "temprature"}}, r"\[market.confidence\]: .*; fix: temperature$"),
        ({"costs": {"enabled": ["fee"]}}, r"\[market.costs\]: .* was fee; fix: fees$"),
        ({"sizing": {"enabled": ["kely"]}}, r"\[market.sizing\]: .* was kely; fix: kelly$"),
        ({"sizing": {"regime_caps": {"calm_range": 0.5}}}, r"\[market.sizing.regime_caps\]: .*; fix: calm-range$"),
    ],
)
def test_a_misspelt_name_is_refused_with_the_one_that_was_meant(table: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigurationError, match=sentence):
        nodes(load_parameters({"market": table}))
    with pytest.raises(ConfigurationError, match=sentence.replace("[market", "[symbols.X.market")):
        nodes(load_parameters({"symbols": {"X": {"market": table}}}))


@pytest.mark.parametrize(
    ("arm", "sentence"),
    [
        ({"modl": {}}, r"\[experiments.bold.arm\]: expected tables among .*, was modl; fix: model$"),
        ({"admission": {"max_jump": 0.5}}, r"\[experiments.bold.arm\]: expected tables among .*, was admission"),
        ({"model": {"learning_rat": 1}}, r"\[experiments.bold.arm.model\]: .* learning_rat; fix: learning_rate$"),
        ({"model": {"learning_rate": -1}}, r"\[experiments.bold.arm.model\] learning_rate: .*, was -1; fix: "),
        ({"sizing": {"enabled": ["luck"]}}, r"\[experiments.bold.arm\]: .*luck; fix: take it out, or name the module"),
    ],
)
def test_an_experiment_whose_version_could_not_be_started_is_refused(arm: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigurationError, match=sentence):
        nodes(load_parameters({"experiments": {"bold": {"arm": arm}}}))
