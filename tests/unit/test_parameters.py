from typing import Any

import pytest

from schemas.errors import ConfigurationError
from streams.costs import CostParameters
from streams.parameters import MarketParameters, Parameters, load_parameters


def test_nothing_given_is_the_defaults() -> None:
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
        ({"market": {"horizont_ns": 1}}, r"\[market\]: Object contains unknown field `horizont_ns`"),
        ({"market": {"costs": {"fee": 1}}}, r"unknown field `fee` - at `\$.costs`"),
        ({"market": {"horizon_ns": 0}}, r"Expected `int` >= 1 - at `\$.horizon_ns`"),
        ({"market": {"horizon_ns": "1s"}}, r"Expected `int`, got `str`"),
        ({"market": {"model": {"learning_rate": -0.1}}}, r"at `\$.model.learning_rate`"),
        ({"market": 3}, r"\[market\]: expected a table, was 3"),
        ({"symbols": []}, r"\[symbols\]: expected a table"),
        ({"symbols": {"X": {"marked": {}}}}, r"\[symbols.X\]: expected nothing but a table `market`"),
        ({"symbols": {"X": {"market": {"a": 1}}}}, r"\[symbols.X.market\]: Object contains unknown field `a`"),
    ],
)
def test_what_makes_no_sense_is_named(table: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigurationError, match=sentence):
        load_parameters(table)


def test_the_digest_tells_parameters_apart() -> None:
    default = MarketParameters()
    assert default.digest() == load_parameters({"market": {"costs": {"fee_bps": 0.5}}}).market.digest()
    assert default.digest() != MarketParameters(costs=CostParameters(fee_bps=0.25)).digest()
    assert len(default.digest()) == 64
