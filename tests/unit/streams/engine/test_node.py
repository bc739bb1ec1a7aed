"""What `Node` gives every node: snapshots, a check of the parameters they were computed with, input without bytes."""

from collections.abc import Sequence
from typing import Any

import pytest
from msgspec import Struct
from msgspec.structs import replace

from schemas.codec import encode
from schemas.dead_letters import DeadLetter
from schemas.topics import DEAD_LETTERS, TICKS
from streams.engine.chain import chained
from streams.engine.node import Node
from streams.engine.partition import Partition
from streams.engine.signing import Key, Signing
from streams.market.node import MarketNode
from streams.parameters import Parameters
from streams.topology import nodes
from tests.support.market_ticks import start_arm

LOOP = nodes(Parameters())
SIGNING = Signing(("test",), (Key("k", "secret"),), "k")


@pytest.mark.parametrize("node", LOOP, ids=lambda node: node.name)
def test_a_node_of_the_loop_has_only_its_own(node: Node[Any]) -> None:
    assert not vars(type(node)).keys() & {"decode", "receive", "dump", "load"}


def test_a_node_must_say_what_its_states_are() -> None:
    class Stateless(Node[Any]):
        name, source, outputs = "stateless", TICKS, (DEAD_LETTERS,)

        def open(self, key: str) -> Any:
            return None

        def step(self, state: Any, event: Any, record_id: str) -> Sequence[Struct]:
            return ()

    with pytest.raises(TypeError, match="Stateless: expected the type of its states"):
        Stateless()


def test_a_directive_that_lies_elsewhere_opens_no_state_in_a_chain_either() -> None:
    """The directive was signed for another partition: it is refused, and no state is kept for its symbol."""
    directive = SIGNING.sign(start_arm("mine", "NEW"), "ticks:3:9")
    for node in (MarketNode(signing=SIGNING), chained(nodes(Parameters(), SIGNING))[0]):
        partition = Partition(node, 0)
        (letter,) = partition.apply(20, b"NEW", encode(directive))
        assert isinstance(letter, DeadLetter)
        assert letter.reason == "unsigned_directive"
        assert not partition.keys
    here = SIGNING.sign(replace(directive, signature=""), "ticks:0:9")
    chain = Partition(chained(nodes(Parameters(), SIGNING))[0], 0)
    assert chain.apply(20, b"NEW", encode(here)) == []
    assert list(chain.keys) == ["NEW"]
