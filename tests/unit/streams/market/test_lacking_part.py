"""A directive that a node has accepted, and that names a part that is not here, stops the process."""

from typing import Any

import pytest
from msgspec import msgpack

from schemas.errors import EnvironmentProblem, Refused
from schemas.models import ExpertModel, ModelState, OwnState
from schemas.ticks import Directive, Quote
from streams.engine.signing import Key, Signing
from streams.market.node import MarketNode
from streams.parameters import load_parameters

SIGNING = Signing(("test",), (Key("k", "secret"),), "k")
AT = "ticks:0:1"
BROUGHT = ModelState("v1", None, expert=ExpertModel("deep", OwnState(("spread",), "gone", msgpack.encode([0.0]))))

NAMED: dict[str, dict[str, Any]] = {
    "a model that it brings": {"model": BROUGHT},
    "a model that it declares": {"version": "v1", "overrides": {"models": {"deep": {"kind": "own", "of": "gone"}}}},
    "a strategy": {"version": "v1", "overrides": {"strategies": {"enabled": ["flat", "gone"]}}},
    "a calibrator": {"version": "v1", "overrides": {"confidence": {"calibrator": "gone"}}},
    "a feature": {"version": "v1", "overrides": {"features": {"recorded": ["gone"]}}},
}


def _start(**fields: Any) -> Directive:
    return Directive("d1", "X", 2, "start_arm", "arm", "a test", from_live=True, **fields)


def _opened(signing: Signing | None) -> tuple[MarketNode, Any]:
    parameters = load_parameters({})
    node = MarketNode(parameters) if signing is None else MarketNode(parameters, signing)
    state = node.open("X")
    node.step(state, Quote("X", 1, 99.0, 3.0, 101.0, 1.0), "ticks:0:0")
    return node, state


@pytest.mark.parametrize("named", NAMED)
def test_a_signed_directive_that_names_a_part_that_is_not_here_stops_the_process(named: str) -> None:
    node, state = _opened(SIGNING)
    with pytest.raises(
        EnvironmentProblem, match=r"ticks:0:1: a signed directive was accepted.*gone.*plugins"
    ) as raised:
        node.step(state, SIGNING.sign(_start(**NAMED[named]), AT), AT)
    assert "fix: " in str(raised.value)


@pytest.mark.parametrize("named", NAMED)
def test_what_anybody_may_have_written_is_a_dead_letter(named: str) -> None:
    node, state = _opened(None)
    with pytest.raises(Refused, match="gone"):
        node.step(state, _start(**NAMED[named]), AT)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"version": "builtin"}, "expected new names"),
        ({"version": "v1", "overrides": {"admission": {"max_jump": 0.5}}}, "admission"),
    ],
)
def test_a_signed_directive_that_is_wrong_in_itself_is_a_dead_letter(fields: dict[str, Any], said: str) -> None:
    node, state = _opened(SIGNING)
    with pytest.raises(Refused, match=said):
        node.step(state, SIGNING.sign(_start(**fields), AT), AT)
