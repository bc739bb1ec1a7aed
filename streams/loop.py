"""The loop: every node of the topology, from parameters."""

from typing import Any

from streams.lifecycle.node import LifecycleNode
from streams.market import MarketNode
from streams.parameters import Parameters
from streams.topology import Node


def nodes(parameters: Parameters, directive_key: bytes = b"") -> list[Node[Any]]:
    """Nodes in the order of the loop.

    >>> [node.name for node in nodes(Parameters())]
    ['market', 'lifecycle']
    """
    return [MarketNode(parameters, directive_key), LifecycleNode(parameters, directive_key)]
