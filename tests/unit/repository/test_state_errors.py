"""If stored state cannot be used, every node says what it found and what can be done."""

import ast
from typing import Any

import pytest

from schemas.errors import StateError
from streams.account.parameters import AccountParameters
from streams.engine.backtest import Engine
from streams.engine.chain import chained
from streams.engine.node import KEPT_AT_A_RESET, Node
from streams.market.parameters import MarketParameters
from streams.monitoring.parameters import MonitorParameters
from streams.parameters import Parameters
from streams.topology import nodes
from tests.support.places import ROOT

LOOP = nodes(Parameters())
SENTENCES = {"not_a_snapshot", "_too_large", "_other_parameters"}
"""Functions and methods that make the message with its fix; the tests below call them."""


@pytest.mark.parametrize("node", [*LOOP, *chained(LOOP)], ids=lambda node: type(node).__name__)
@pytest.mark.parametrize(
    "stored", [b"", b"\xc1", b"\x93\x01\x02\x03", b"\x81\xa1x\xc0"], ids=["empty", "no", "list", "map"]
)
def test_a_node_says_what_to_do_about_bytes_that_are_no_state_of_it(node: Node[Any], stored: bytes) -> None:
    with pytest.raises(StateError, match=r"expected .*, was .*; fix: .*") as caught:
        node.load(stored)
    if node.source in KEPT_AT_A_RESET:
        assert "topics reset" not in str(caught.value), "it would keep this state"


def test_a_node_says_what_to_do_about_state_of_other_parameters() -> None:
    changed = Parameters(
        market=MarketParameters(horizon_ns=400_000_000),
        account=AccountParameters(least_change=0.002),
        monitor=MonitorParameters(window=321),
    )
    for node, other in zip(LOOP[:3], nodes(changed), strict=False):
        with pytest.raises(
            StateError, match=r"expected .*parameters.*, was .*; fix: restore the earlier .*topics reset"
        ):
            node.load(other.dump(other.open("X")))


def test_a_backtest_says_what_to_do_about_its_checkpoint() -> None:
    with pytest.raises(StateError, match="; fix: remove the folder of the run"):
        Engine(LOOP, 8).restore(b"\xc1")
    with pytest.raises(StateError, match=r"expected partitions .*; fix: remove the folder of the run"):
        Engine(LOOP, 8).restore(Engine(LOOP, 4).snapshot())


def test_every_state_error_that_is_raised_names_a_way_out() -> None:
    """The sources are searched: the message of each error has a fix, or a function that adds one makes it."""
    silent = []
    for path in sorted([*(ROOT / "streams").rglob("*.py"), *(ROOT / "agents").rglob("*.py")]):
        text = path.read_text()
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "StateError":
                said = ast.get_source_segment(text, node) or ""
                made = {
                    getattr(c.func, "id", getattr(c.func, "attr", ""))
                    for c in ast.walk(node)
                    if isinstance(c, ast.Call)
                }
                if "fix: " not in said and "{AGAIN}" not in said and not made & (SENTENCES | {"_way_out"}):
                    silent.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert not silent
