"""Lengths of windows in a configuration and in names of features."""

from typing import Any

import pytest

from schemas.errors import ConfigurationError
from schemas.predictions import Prediction
from schemas.ticks import Quote
from streams.engine.faults import Faults
from streams.market.features import FeatureParameters, Features
from streams.market.features.registry import Chosen, chosen, features_of, register
from streams.market.features.windows import UNITS_NS, window_of
from streams.market.node import MarketNode
from streams.parameters import load_parameters


@pytest.mark.parametrize("unit", UNITS_NS)
def test_a_duration_is_a_whole_number_of_its_unit(unit: str) -> None:
    assert window_of(f"25{unit}") == (25 * UNITS_NS[unit], False)
    assert window_of(f"999999{unit}").span < 2**62


@pytest.mark.parametrize("length", [0, 10_001, -1, "0s", "1.5s", "s", "5", "5 s", "2s\n", "1234567us", "1d", "٢s"])
@pytest.mark.parametrize("parameter", ["order_flow_window", "trade_window"])
def test_a_length_of_another_form_is_refused_with_its_place(parameter: str, length: int | str) -> None:
    with pytest.raises(ConfigurationError, match=rf"\[market.features\] {parameter}: .*fix: docs/configuration.md"):
        load_parameters({"market": {"features": {parameter: length}}})


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("retrun_500ms", "return_500ms"),
        ("return_500mss", "return_500ms"),
        ("return_0s", "return_10s"),
        ("quote_rate_50", "quote_rate_10s"),
        ("return_10001", "return_10"),
        ("return_2s\n", "return_2s"),
    ],
)
@pytest.mark.parametrize("table", [{"features": {"recorded": []}}, {"model": {"features": []}}])
def test_a_misspelt_window_in_a_name_is_refused_with_the_nearest_one(
    name: str, meant: str, table: dict[str, dict[str, Any]]
) -> None:
    ((of, fields),) = table.items()
    with pytest.raises(ConfigurationError, match=rf"\[market.{of}\]: .* was {name}; fix: {meant}\w*$"):
        MarketNode(load_parameters({"market": {of: {each: [name] for each in fields}}}))


def test_features_over_windows_are_computed_because_something_needs_them() -> None:
    node = MarketNode(
        load_parameters({"market": {"features": {"recorded": ["return_750ms", "return_30", "return_10"]}}})
    )
    prediction = node.step(node.open("X"), Quote("X", 1, 9.0, 1.0, 11.0, 1.0), "ticks:0:0")[-1]
    assert isinstance(prediction, Prediction)
    assert [name for name in prediction.features if name.startswith("return_")] == [
        *(f"return_{lag}" for lag in (1, 10, 50, 200)),
        "return_30",
        "return_750ms",
    ]


def test_a_number_of_quotes_that_has_a_feature_of_its_own_is_not_computed_twice() -> None:
    assert chosen(["return_10", "return_200"]) == [Chosen("prices", features_of("prices"), ())]


def test_no_plugin_takes_a_name_that_a_window_makes() -> None:
    class Mine:
        features = (features_of("returns")[0],)

    with pytest.raises(ConfigurationError, match="expected new names of features, was family 'mine' of return_50ms"):
        register("mine", Mine)  # type: ignore[arg-type]


def test_windows_of_the_older_features_may_be_durations() -> None:
    """Two quotes of more bids, then a second of silence, then one of fewer: only the last is within half a second."""
    quotes = [(1, 5.0), (2, 6.0), (3, 7.0), (1_000_000_000, 6.0)]
    found = {}
    for length in (50, "500ms"):
        features, faults = Features(FeatureParameters(order_flow_window=length), ["order_flow_imbalance"]), Faults()
        state = features.start(10.0)
        for at, size in quotes:
            features.quote(state, Quote("X", at, 9.0, size, 11.0, 1.0), faults)
        found[length] = state.vector[features.names.index("order_flow_imbalance")]
    assert found == {50: pytest.approx(1 / 3), "500ms": -1.0}
