"""Models of plug-ins are tested for the promises of every component, and for the symmetry that they claim."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from math import exp, tanh
from typing import Any

import pytest
from msgspec import Struct

import tickloop
from schemas.errors import ConfigurationError
from streams.components.kinds import AModel, Registered, components, used
from streams.components.promises import check, expect_no_look_ahead, fingerprint
from streams.market.models.own import MODELS, OwnModel
from streams.market.models.parameters import OwnModelParameters, TreesParameters
from streams.market.node import MarketNode
from streams.market.parameters import MarketParameters
from streams.parameters import Parameters


@dataclass
class Weights:
    of_features: list[float]
    seen: list[float] = field(default_factory=list)


class Honest:
    """A logistic regression without an intercept, which is symmetric if all features have a sign."""

    state = Weights
    symmetric = True

    def start(self, features: Any) -> Weights:
        return Weights([0.0] * len(features))

    def opinion(self, state: Weights, features: Any) -> float:
        return 1.0 / (1.0 + exp(-sum(w * tanh(x) for w, x in zip(state.of_features, features, strict=True))))

    def learn(self, state: Weights, features: Any, up: bool, uniqueness: float) -> None:
        wrong = uniqueness * (up - self.opinion(state, features))
        for place, value in enumerate(features):
            state.of_features[place] += 0.1 * wrong * tanh(value)


class Remembers(Honest):
    """Keeps something in the object."""

    def __init__(self) -> None:
        self.labels = 0

    def opinion(self, state: Weights, features: Any) -> float:
        return super().opinion(state, features) if self.labels < 40 else 0.7

    def learn(self, state: Weights, features: Any, up: bool, uniqueness: float) -> None:
        self.labels += up


class Grows(Honest):
    def learn(self, state: Weights, features: Any, up: bool, uniqueness: float) -> None:
        state.seen += features


class Certain(Honest):
    def opinion(self, state: Weights, features: Any) -> float:
        return features[0] * 2.0 if features[0] else 0.5


class Leans(Honest):
    def opinion(self, state: Weights, features: Any) -> float:
        return min(1.0, super().opinion(state, features) + 1e-6)


class Rate(Struct, forbid_unknown_fields=True):
    rate: float = 0.1


class Tuned(Honest):
    Parameters = Rate

    def __init__(self, parameters: Rate) -> None:
        self.rate = parameters.rate


@pytest.fixture(autouse=True)
def registered() -> Iterator[None]:
    kinds: tuple[Any, ...] = (Honest, Remembers, Grows, Certain, Leans, Tuned)
    for kind in kinds:
        tickloop.register.model(kind.__name__.lower(), kind)
    yield
    for kind in kinds:
        del MODELS[kind.__name__.lower()]


def broken(name: str) -> dict[str, str]:
    component = Registered("model", name, partial(AModel, name, MarketParameters()), own=True)
    return {each.check: each.detail for each in check(component) if each.detail}


def test_an_honest_model_keeps_every_promise() -> None:
    assert broken("honest") == {}
    assert "model honest" in map(str, components(MarketParameters()))
    one = Registered("model", "honest", partial(AModel, "honest", MarketParameters()))
    assert fingerprint(one) == fingerprint(one, before=9)


@pytest.mark.parametrize(
    ("name", "promise", "sentence"),
    [
        ("remembers", "does_not_look_ahead", "[0.7] when events from"),
        ("remembers", "goes_on_after_a_restart", "after a restart, [0.7] without"),
        ("grows", "stays_small", "expected a state of at most 65,536 bytes, was one that grew to"),
        ("certain", "answers_finite_numbers", "expected floats from 0.0 to 1.0"),
        ("leans", "mirrors_as_it_says", "in the mirrored market, which do not add up to 1"),
    ],
)
def test_a_model_that_breaks_a_promise_is_found(name: str, promise: str, sentence: str) -> None:
    assert sentence in broken(name)[promise]


def of(name: str, **fields: Any) -> MarketParameters:
    return MarketParameters(models={"mine": OwnModelParameters(of=name, **fields), "forest": TreesParameters()})


def test_a_model_that_looks_ahead_is_refused_where_it_is_used() -> None:
    assert [str(each) for each in used(of("remembers"))] == ["model remembers"]
    with pytest.raises(ConfigurationError, match="expected model remembers to answer from what it has seen"):
        expect_no_look_ahead(Parameters(market=of("remembers")))
    expect_no_look_ahead(Parameters(market=of("honest")))


def test_parameters_of_a_model_are_those_of_its_table() -> None:
    model: Any = OwnModel(OwnModelParameters(of="tuned", parameters={"rate": 0.5}))
    assert model._model.rate == 0.5
    with pytest.raises(ConfigurationError, match=r"\[market.models.mine.parameters\].*rat"):
        MarketNode(of("tuned", parameters={"rat": 0.5}))
    with pytest.raises(ConfigurationError, match=r"\[market.models.mine.parameters\]: expected none, was"):
        MarketNode(of("honest", parameters={"rate": 0.5}))
    with pytest.raises(ConfigurationError, match=r"\[market.models.mine.of\]: .* was honst; fix: honest"):
        MarketNode(of("honst"))
