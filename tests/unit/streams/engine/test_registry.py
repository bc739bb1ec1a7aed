"""One registry for each kind of component, with the same interface, errors and parameters for all of them."""

from collections.abc import Iterator
from typing import Any

import pytest
from msgspec import Struct

from schemas.errors import ConfigurationError
from streams.engine.registry import RegisteredPart, Registry
from streams.market.arms import Arms
from streams.market.confidence import CALIBRATORS, ConfidenceParameters
from streams.market.confidence.parameters import TemperatureParameters
from streams.market.confidence.temperature import Temperature, TemperatureState
from streams.market.costs import COSTS, CostParameters
from streams.market.expected_names import expect_names
from streams.market.features.family import Feature
from streams.market.features.registry import FAMILIES, FeatureParameters, every_feature
from streams.market.features.registry import register as register_family
from streams.market.models import signed_logistic
from streams.market.parameters import MarketParameters
from streams.market.regime import DETECTORS, RegimeParameters
from streams.market.sizing import RULES, SizingParameters
from streams.market.strategies import STRATEGIES, StrategyParameters
from streams.parameters import load_parameters

KINDS: dict[str, tuple[Registry[Any], Any, tuple[int, ...]]] = {
    "features": (FAMILIES, FeatureParameters, ()),
    "strategies": (STRATEGIES, StrategyParameters, ()),
    "regime": (DETECTORS, RegimeParameters, ()),
    "confidence": (CALIBRATORS, ConfidenceParameters, ()),
    "costs": (COSTS, CostParameters, ()),
    "sizing": (RULES, SizingParameters, (500_000_000,)),
}
"""By table: the registry, the parameters of the table, and further arguments of its components."""

every_kind = pytest.mark.parametrize("table", KINDS)


class Mine:
    """A component of any kind (feature, calibrator, rule and so on) with parameters of its own."""

    class Parameters(Struct, forbid_unknown_fields=True):
        slope: float = 1.0

    features = ()

    def __init__(self, parameters: Parameters) -> None:
        self.slope = parameters.slope


class Plain:
    """A component of any kind (feature, calibrator, rule and so on) without parameters."""

    features = ()


@pytest.fixture
def left_as_found() -> Iterator[None]:
    before = {table: dict(registry) for table, (registry, _, _) in KINDS.items()}
    yield
    for table, (registry, _, _) in KINDS.items():
        registry.clear()
        registry.update(before[table])


@pytest.mark.usefixtures("left_as_found")
class TestRegister:
    @every_kind
    def test_a_part_gets_what_its_own_table_says(self, table: str) -> None:
        registry, parameters, more = KINDS[table]
        registry.register("mine", Mine)
        registry.register("plain", Plain)
        assert {"mine", "plain"} <= set(registry.own)
        assert registry.build("mine", parameters(), *more).slope == 1.0
        market = load_parameters({"market": {table: {"own": {"mine": {"slope": 0.5}}}}}).market
        expect_names(market)
        assert registry.build("mine", getattr(market, table), *more).slope == 0.5
        assert market.digest() != MarketParameters().digest()
        with pytest.raises(ConfigurationError, match=rf"\[market.{table}.own.mine\]: .*was also slop; fix: slope"):
            registry.build("mine", parameters(own={"mine": {"slop": 2.0}}), *more)
        with pytest.raises(
            ConfigurationError, match=rf"\[market.{table}.own.plain\]: expected no parameters, was .*fix"
        ):
            registry.build("plain", parameters(own={"plain": {"slope": 2.0}}), *more)

    @every_kind
    def test_a_function_is_given_what_built_in_parts_are_made_of(self, table: str) -> None:
        registry, parameters, more = KINDS[table]
        registry.register("made", lambda *given: given)
        assert registry.build("made", parameters(), *more) == (parameters(), *more)

    @every_kind
    def test_every_registry_refuses_names_in_the_same_way(self, table: str) -> None:
        registry, parameters, more = KINDS[table]
        built_in = next(iter(registry))
        where = rf"\[market.{table}\]: expected"
        with pytest.raises(ConfigurationError, match=rf"{where} a new name among .*, was '{built_in}'.*; fix: choose"):
            registry.register(built_in, Plain)
        with pytest.raises(ConfigurationError, match=rf"{where} names of 1 to 200 .*, was 'a|b'; fix: choose another"):
            registry.register("a|b", Plain)
        with pytest.raises(
            ConfigurationError, match=rf"{where} .* among {built_in}.*, was {built_in}x; fix: {built_in}"
        ):
            registry.build(built_in + "x", parameters(), *more)
        with pytest.raises(ConfigurationError, match=rf"{where} each of {built_in}.* at most once.*; fix"):
            registry.build_each((built_in, built_in), parameters(), *more)

    def test_names_of_what_cannot_be_switched_off_are_taken(self) -> None:
        with pytest.raises(ConfigurationError, match="expected a new name among rules, was 'max_position'"):
            KINDS["sizing"][0].register("max_position", Plain)

    def test_a_family_brings_names_that_nothing_else_computes(self) -> None:
        class Twin:
            features = (Feature("spread", "bps", False, "another"),)

        class Odd:
            features = (Feature("a|b", "bps", False, "another"),)

        before = every_feature()
        with pytest.raises(ConfigurationError, match=r"\[market.features\]: expected new names of features, .*; fix"):
            register_family("twin", Twin)  # type: ignore[arg-type]
        with pytest.raises(ConfigurationError, match=r"\[market.features\]: expected names of 1 to 200 .*; fix"):
            register_family("odd", Odd)  # type: ignore[arg-type]
        assert every_feature() == before

    def test_the_type_of_the_state_is_given_by_the_class_or_at_registration(self) -> None:
        class Stateful(Plain):
            state = dict

        assert RegisteredPart(Stateful, Stateful).state is dict
        assert RegisteredPart(Stateful, Stateful, list).state is list
        assert RegisteredPart(Plain, Plain).state is None


def test_parameters_without_parts_of_the_user_have_the_digest_that_they_had() -> None:
    """The digest is that of the release before costs, calibrators and rules could have parameters of their own."""
    assert MarketParameters().digest() == "cc2a4437e67116d765f80d1df59da7b9e81525ff64050a57940a2233942802a3"


@pytest.mark.usefixtures("left_as_found")
def test_an_arm_with_other_parameters_of_ones_own_calibrator_calibrates_anew() -> None:
    class Own:
        Parameters = TemperatureParameters

        def __new__(cls, parameters: TemperatureParameters) -> Any:
            return Temperature(parameters)

    CALIBRATORS.register("mine", Own)
    quick, slow, other = (
        load_parameters({"market": {"confidence": {"calibrator": "mine", "own": own, "conformal": conformal}}}).market
        for own, conformal in (
            ({"mine": {"memory": 50}}, {}),
            ({"mine": {"memory": 500}}, {}),
            ({"mine": {"memory": 500}}, {"memory": 100}),
        )
    )
    arms = Arms(slow)
    arm = arms.start("a", "v1", 1, signed_logistic.start(slow.model))
    learned = arm.calibration = TemperatureState(0.5, 0.5, 0.5)
    assert arms.take_over(arm, other, slow).calibration is learned
    assert arms.take_over(arm, quick, slow).calibration == arms.start("b", "v2", 2, arm.model).calibration != learned
