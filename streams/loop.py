"""The loop: every node of the topology, from parameters."""

from typing import Any

from streams.market import MarketNode
from streams.monitoring.node import MonitorNode
from streams.parameters import Parameters
from streams.topology import Node


def nodes(parameters: Parameters, directive_key: bytes = b"") -> list[Node[Any]]:
    """Nodes in the order of the loop.

    >>> [node.name for node in nodes(Parameters())]
    ['market', 'monitor']
    """
    return [MarketNode(parameters, directive_key), MonitorNode(parameters.monitor)]
